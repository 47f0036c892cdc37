"""What the gateway's process holds besides what every process does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.chassis.clock import Clock
from services.chassis.http import HttpClient
from services.chassis.tokens import KeyRing, TokenSigner
from services.contracts.identity import Microservice
from services.gateway.authentication import AccessTokens, GatewayAuthenticator
from services.gateway.ended import EndedTokens
from services.gateway.issuing import TokenIssuer
from services.gateway.login.sessions import SessionTimes
from services.gateway.passwords import Passwords
from services.gateway.proxy.deciding import DecisionPoint
from services.gateway.proxy.dispatcher import Front
from services.gateway.proxy.engines import Network, TrustedEngines
from services.gateway.proxy.forwarding import Forwarder
from services.gateway.proxy.hosts import Hosts
from services.gateway.proxy.limiting import CallLimits
from services.gateway.proxy.origins import Origins

_USUAL_TIMES: Final = SessionTimes()


@dataclass(frozen=True, slots=True)
class Equipment:
    """Keys, tokens, passwords and the way to the other services; `app.state.equipment`."""

    keys: KeyRing
    issuer: TokenIssuer
    authenticator: GatewayAuthenticator
    passwords: Passwords
    ended: EndedTokens
    session_times: SessionTimes
    front: Front


def make_equipment(
    *,
    keys: KeyRing,
    issuer: str,
    clock: Clock,
    http: HttpClient,
    upstreams: Mapping[Microservice, str],
    passwords: Passwords,
    hosts: Iterable[str],
    origins: Iterable[str] = (),
    engines: Iterable[Network] = (),
    session_times: SessionTimes = _USUAL_TIMES,
) -> Equipment:
    """Assemble the equipment; `upstreams` are the base URLs of records and the scheduler.

    `hosts` are the names that are ours, and `origins` those of other pages that may read answers in a browser.
    `engines` are the networks of the proxies that may ask for decisions.
    """
    ended = EndedTokens()
    access = AccessTokens(keys, ended, issuer=issuer, clock=clock)
    token_issuer = TokenIssuer(TokenSigner(keys, issuer=issuer, clock=clock), clock)
    return Equipment(
        keys=keys,
        issuer=token_issuer,
        authenticator=GatewayAuthenticator(access, keys, ended, issuer=issuer, clock=clock),
        passwords=passwords,
        ended=ended,
        front=Front(
            DecisionPoint(access, token_issuer, CallLimits(clock), Hosts(hosts)),
            Forwarder(http, upstreams),
            Origins(origins),
            TrustedEngines(engines),
        ),
        session_times=session_times,
    )
