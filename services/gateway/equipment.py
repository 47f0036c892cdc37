"""What the gateway's process holds besides what every process does."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.chassis.audit.chain import audit_key
from services.chassis.audit.checkpoints import VerifyingKeys
from services.chassis.clock import Clock
from services.chassis.fetching import Fetcher
from services.chassis.http import HttpClient
from services.chassis.id_tokens import IdTokenKey, IdTokenSigner
from services.chassis.sealing import SealingKey
from services.chassis.tokens import KeyRing, TokenSigner
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Microservice
from services.gateway.authentication import AccessTokens, GatewayAuthenticator
from services.gateway.dpop.rules import Nonces
from services.gateway.ended import EndedTokens
from services.gateway.identity_providers.published import PublishedProviders
from services.gateway.issuing import TokenIssuer
from services.gateway.letters.logic import Mail
from services.gateway.login.sessions import SessionTimes
from services.gateway.oauth_clients.keys import ClientKeys
from services.gateway.passkeys.rules import RelyingParty
from services.gateway.passwords import Passwords
from services.gateway.patient_door import PatientDoor
from services.gateway.proxy.addresses import TrustedProxies
from services.gateway.proxy.deciding import DecisionPoint, Proving
from services.gateway.proxy.dispatcher import Front
from services.gateway.proxy.engines import Network, TrustedEngines
from services.gateway.proxy.forwarding import Forwarder
from services.gateway.proxy.hosts import Hosts
from services.gateway.proxy.limiting import CallLimits
from services.gateway.proxy.origins import Origins
from services.gateway.proxy.streams import Streams
from services.gateway.security_events.denials import Denials
from services.policy.oauth_routes import REGISTRATION

_USUAL_TIMES: Final = SessionTimes()
_LARGEST_KEY_SET: Final = 64 * 1024
_KEY_SET_SECONDS: Final = 5.0
_NO_KEYS: Final = VerifyingKeys()


@dataclass(frozen=True, slots=True)
class OauthEquipment:
    """What the authorization server works with."""

    issuer: str
    """Where the world finds the gateway; `iss` of ID tokens and of answers to applications."""
    id_tokens: IdTokenSigner
    fetcher: Fetcher
    client_keys: ClientKeys
    door: PatientDoor
    providers: PublishedProviders
    """What identity providers of organizations publish."""
    access: AccessTokens
    has_registration: bool = False
    """Whether applications may register themselves."""

    @property
    def fhir_base(self) -> str:
        """Where the FHIR server is: what applications name as `aud`, and get as `iss` of a launch."""
        return f"{self.issuer}/fhir/R4"


@dataclass(frozen=True, slots=True)
class Equipment:
    """Keys, tokens, passwords and the way to the other services; `app.state.equipment`."""

    keys: KeyRing
    issuer: TokenIssuer
    authenticator: GatewayAuthenticator
    passwords: Passwords
    ended: EndedTokens
    session_times: SessionTimes
    sealing_key: SealingKey
    audit_key: bytes
    """Seals the events of the trail."""
    grown_trails: set[OrganizationId]
    """Organizations whose trail awaits a checkpoint."""
    front: Front
    oauth: OauthEquipment
    party: RelyingParty
    """For whom passkeys are made."""
    mail: Mail | None
    """Who carries letters; none where nobody does."""
    nonces: Nonces
    """Which nonces of ours a proof of possession may hold."""
    event_keys: VerifyingKeys
    """By whose signature an event is of records: it signs with the key of checkpoints, which both have."""


def make_equipment(
    *,
    keys: KeyRing,
    issuer: str,
    clock: Clock,
    http: HttpClient,
    upstreams: Mapping[Microservice, str],
    passwords: Passwords,
    public_url: str,
    id_token_keys: tuple[IdTokenKey, ...],
    hosts: Iterable[str],
    origins: Iterable[str] = (),
    engines: Iterable[Network] = (),
    proxies: Iterable[Network] = (),
    sealing_key: bytes,
    session_times: SessionTimes = _USUAL_TIMES,
    fetcher: Fetcher | None = None,
    passkey_domain: str | None = None,
    passkey_origins: Iterable[str] = (),
    mail: Mail | None = None,
    has_registration: bool = False,
    event_keys: VerifyingKeys = _NO_KEYS,
    caller_allowance: float = math.inf,
) -> Equipment:
    """Assemble the equipment; `upstreams` are the base URLs of records and the scheduler.

    `hosts` are the names that are ours, and `origins` those of other pages that may read answers in a browser.
    `engines` are the networks of the proxies that may ask for decisions; `proxies` of those that carry requests here.
    `public_url` is where the world finds us; `fetcher` reads the key sets that applications publish. Passkeys are made
    for the domain of that URL and its pages, where no other and no more are named. `has_registration` lets applications
    register themselves, each with a permit of an organization. `event_keys` verify what records tells by itself.
    `caller_allowance` is how many times as often as usual one caller may call a route: without it, as often as they
    like.
    """
    ended = EndedTokens()
    access = AccessTokens(keys, ended, issuer=issuer, clock=clock)
    token_issuer = TokenIssuer(TokenSigner(keys, issuer=issuer, clock=clock), clock)
    fetcher = fetcher or Fetcher(largest=_LARGEST_KEY_SET, seconds=_KEY_SET_SECONDS)
    denials = Denials(clock)
    oauth_issuer, nonces = public_url.rstrip("/"), Nonces(sealing_key)
    oauth = OauthEquipment(
        issuer=oauth_issuer,
        id_tokens=IdTokenSigner(id_token_keys, issuer=oauth_issuer, clock=clock),
        fetcher=fetcher,
        client_keys=ClientKeys(fetcher, clock),
        providers=PublishedProviders(fetcher, clock),
        door=PatientDoor(http, upstreams[Microservice.RECORDS], token_issuer),
        access=access,
        has_registration=has_registration,
    )
    return Equipment(
        oauth=oauth,
        party=RelyingParty.of(oauth_issuer, domain=passkey_domain, origins=tuple(passkey_origins)),
        keys=keys,
        issuer=token_issuer,
        authenticator=GatewayAuthenticator(access, keys, ended, issuer=issuer, clock=clock),
        passwords=passwords,
        ended=ended,
        front=Front(
            DecisionPoint(
                access,
                token_issuer,
                CallLimits(clock, caller_allowance=caller_allowance),
                Hosts(hosts),
                clock,
                proving=Proving(oauth_issuer, nonces),
                denials=denials,
                absent=frozenset() if has_registration else REGISTRATION,
            ),
            Forwarder(upstreams),
            Origins(origins),
            TrustedEngines(engines),
            TrustedProxies(proxies),
            Streams(ended, clock),
            denials,
        ),
        session_times=session_times,
        sealing_key=SealingKey.root(sealing_key),
        audit_key=audit_key(sealing_key),
        mail=mail,
        nonces=nonces,
        event_keys=event_keys,
        grown_trails=set(),
    )
