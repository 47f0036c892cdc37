"""Sends a browser to a provider, and takes what it brings back (OpenID Connect Core 1.0, 3.1; RFC 9700).

The code is bound to us by PKCE, the answer to the browser by its cookie, the ID token to the question by its nonce, and
the way back to the provider. Who a person is follows from nothing but a link that they have made themselves.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from services.chassis.clock import Clock
from services.chassis.errors import NotAllowedError, NotFoundError
from services.chassis.fetching import Wanted
from services.chassis.id_tokens import Expected, ProviderClaims, key_id_of, read_provider_token
from services.chassis.sealing import SealingKey
from services.chassis.tokens import InvalidTokenError, sign_as_client
from services.contracts.gateway.identity_providers import IdentityLinkRequest
from services.contracts.gateway.login import LoginSession
from services.contracts.identifiers import IdentityProviderId, OrganizationId
from services.contracts.identity import Principal
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.errors import ProviderRefusedError
from services.gateway.grants.granted import Handle
from services.gateway.identity_providers.checking import Identities
from services.gateway.identity_providers.provider import Identity, Provider, authorization_url, redirect_uri
from services.gateway.identity_providers.published import ProviderUnreachableError, PublishedProviders
from services.gateway.login.endings import SessionsLogic
from services.gateway.login.logic import LoginLogic
from services.gateway.login.sessions import Proof, SessionTimes
from services.gateway.passkeys.proving import Proving
from services.gateway.provider_sign_ins.storage import Linking, ProviderRequestStorage, SentAway
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told

LIFETIME: Final = timedelta(minutes=10)
"""How long a person may take at the provider."""
_ASSERTION_SECONDS: Final = 60
_LEEWAY: Final = timedelta(seconds=60)
_LONGEST: Final = 4000


@dataclass(frozen=True, slots=True)
class ProviderUnit:
    """What one transaction works with."""

    identities: Identities
    requests: ProviderRequestStorage
    sessions: SessionsLogic
    proving: Proving
    trail: SecurityTrail


ProviderUnits = Callable[[OrganizationId], AbstractAsyncContextManager[ProviderUnit]]


@dataclass(frozen=True, slots=True)
class CameBack:
    """Whom a provider says it has authenticated, and the request that waits for it."""

    handle: str
    provider: Provider
    identity: Identity
    proof: Proof


class ProviderSignInsLogic:
    """Leads a person to a provider and back; nothing is open in the database while anybody else is asked."""

    def __init__(
        self,
        units: ProviderUnits,
        published: PublishedProviders,
        login: LoginLogic,
        attempts: AttemptsLogic,
        key: SealingKey,
        *,
        issuer: str,
        times: SessionTimes,
        clock: Clock,
    ) -> None:
        self._units = units
        self._published = published
        self._login = login
        self._attempts = attempts
        self._key = key
        self._issuer = issuer
        self._times = times
        self._clock = clock

    async def offered(self, organization_id: OrganizationId | None) -> list[tuple[IdentityProviderId, str]]:
        """Return the providers with which people of an organization may sign in to an application of it."""
        if organization_id is None:
            return []
        async with self._units(organization_id) as unit:
            return await unit.identities.offered()

    async def begin(
        self,
        organization_id: OrganizationId,
        provider_id: IdentityProviderId,
        browser: str,
        handle: str,
        *,
        is_anew: bool = False,
        max_age: int | None = None,
    ) -> str:
        """Return where to send a browser in which an application's request waits.

        `is_anew` and `max_age` are what that request says of when the person must have proved who they are.

        Raises:
            NotFoundError: The organization has no such provider.
            ProviderRefusedError: The provider does not answer as it should.
        """
        longest = int(self._times.longest.total_seconds())
        oldest = 0 if is_anew else longest if max_age is None else min(max_age, longest)
        return await self._send(organization_id, provider_id, handle, browser, oldest=oldest)

    async def begin_link(self, request: IdentityLinkRequest, browser: str, *, principal: Principal) -> str:
        """Return where to send a browser in which somebody is signed in, to link the account.

        The attempt was counted before.

        Raises:
            NotAllowedError: The caller's token is not of a login session.
            StaleAuthenticationError: The caller has a second factor or a passkey, and has not proved it just now.
            PasswordRefusedError: The caller has neither, and the password is not theirs.
            NotFoundError: The organization has no such provider.
            ProviderRefusedError: The provider does not answer as it should.
        """
        sign_in, organization_id = principal.sign_in, principal.organization_id
        if sign_in is None or organization_id is None:
            raise NotAllowedError
        async with self._units(organization_id) as unit:
            await unit.proving.refuse_unproved(request.password, principal=principal)
        await self._attempts.code_was_right(principal.account_id)
        purpose = Linking(principal.account_id, sign_in.login_session_id)
        return await self._send(organization_id, request.provider_id, purpose, browser, oldest=0)

    async def _send(
        self,
        organization_id: OrganizationId,
        provider_id: IdentityProviderId,
        purpose: str | Linking,
        browser: str,
        *,
        oldest: int,
    ) -> str:
        """Return where to go to be authenticated, or to have been so many seconds ago at most; anew, where it is 0."""
        async with self._units(organization_id) as unit:
            provider = await unit.identities.provider(provider_id)
        if provider is None:
            raise NotFoundError
        try:
            metadata = (await self._published.of(provider)).metadata
        except ProviderUnreachableError:
            raise ProviderRefusedError("provider-unreachable") from None
        state, now = Handle.fresh(organization_id), self._clock.now()
        sent = SentAway(provider_id, purpose, now - timedelta(seconds=oldest))
        async with self._units(organization_id) as unit:
            await unit.requests.keep(state, browser, sent, expires_at=now + LIFETIME, now=now)
        parameters = {
            "response_type": "code",
            "client_id": provider.client_id,
            "redirect_uri": redirect_uri(self._issuer, provider.id),
            "scope": "openid",
            "state": state.text,
            "nonce": self._derived(state, "nonce"),
            "code_challenge": _challenge(self._derived(state, "verifier")),
            "code_challenge_method": "S256",
            "max_age": str(oldest),
            **({} if oldest else {"prompt": "login"}),
        }
        return authorization_url(metadata.authorization_endpoint, parameters)

    async def come_back(
        self, provider_id: IdentityProviderId, parameters: Mapping[str, str], browser: str
    ) -> CameBack | None:
        """Take what a browser brings back: who is to be signed in, or None where an account was linked.

        Raises:
            ProviderRefusedError: It opens nothing, and the person is told what to do. The trail has why, but for
                the reason `state`: what nobody here was sent with is in no organization's trail.
        """
        state = Handle.read(parameters.get("state", ""))
        if state is None:
            raise ProviderRefusedError("state")
        async with self._units(state.organization_id) as unit:
            sent = await unit.requests.take(state, browser, self._clock.now())
            provider = None if sent is None else await unit.identities.provider(sent.provider_id)
        if sent is None or provider is None or provider.id != provider_id:
            raise ProviderRefusedError("state")
        try:
            claims = await self._claims(provider, state, parameters)
            self._refuse_old(claims, sent)
            identity = Identity(provider.id, self._subject_hash(provider, claims.sub))
            if isinstance(sent.purpose, Linking):
                await self._link(provider, sent.purpose, identity)
                return None
        except ProviderRefusedError as refusal:
            await self._tell_refused(provider, sent.purpose, refusal)
            raise
        return CameBack(sent.purpose, provider, identity, self._proof(provider, claims))

    async def sign_in(self, came: CameBack) -> LoginSession:
        """Return a login session of who came back; raises as `come_back` does."""
        try:
            return await self._login.sign_in_with_provider(came.provider.organization_id, came.identity, came.proof)
        except ProviderRefusedError as refusal:
            await self._tell_refused(came.provider, came.handle, refusal)
            raise

    async def _claims(self, provider: Provider, state: Handle, parameters: Mapping[str, str]) -> ProviderClaims:
        try:
            published = await self._published.of(provider)
            if not published.sent(parameters, provider.issuer):
                raise ProviderRefusedError("issuer")
            code = parameters.get("code", "")
            if "error" in parameters or not 0 < len(code) <= _LONGEST:
                raise ProviderRefusedError("provider-declined")
            answer = await self._published.ask(
                self._redemption(provider, published.metadata.token_endpoint, state, code)
            )
            token = str(answer.get("id_token", ""))
            keys = (await self._published.of(provider, key_id=key_id_of(token))).keys
        except ProviderUnreachableError:
            raise ProviderRefusedError("provider-unreachable") from None
        except InvalidTokenError:
            raise ProviderRefusedError("id-token") from None
        expected = Expected(
            provider.issuer, provider.client_id, self._derived(state, "nonce"), provider.id_token_algorithm.value
        )
        try:
            return read_provider_token(token, keys, expected, self._clock.now())
        except InvalidTokenError:
            raise ProviderRefusedError("id-token") from None

    def _refuse_old(self, claims: ProviderClaims, sent: SentAway) -> None:
        """Refuse what was proved before it was asked for, whatever the provider made of that.

        A browser can change `max_age` and `prompt` on its way there (OpenID Connect Core 1.0, 3.1.3.7, 13).
        """
        is_old = claims.authenticated_at < sent.authenticated_after - _LEEWAY
        # A session lasts from then on, and one that is over as soon as it is open helps nobody.
        if is_old or claims.authenticated_at + self._times.longest <= self._clock.now() + _LEEWAY:
            raise ProviderRefusedError("too-long-ago")

    def _redemption(self, provider: Provider, endpoint: str, state: Handle, code: str) -> Wanted:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri(self._issuer, provider.id),
            "code_verifier": self._derived(state, "verifier"),
        }
        user, password = None, ""
        if provider.key_id is None:
            # RFC 6749, 2.3.1: both are written as in a form first.
            user, password = quote_plus(provider.client_id), quote_plus(provider.secret.decode())
        else:
            form |= {
                "client_id": provider.client_id,
                "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                "client_assertion": self._assertion(provider, provider.key_id, state),
            }
        headers = {"accept": "application/json", "content-type": "application/x-www-form-urlencoded"}
        return Wanted(endpoint, "POST", headers, urlencode(form).encode(), user, password)

    def _assertion(self, provider: Provider, key_id: str, state: Handle) -> str:
        now = int(self._clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": provider.client_id,
            "sub": provider.client_id,
            # The issuer, and not the endpoint: that is whatever the provider says it is.
            "aud": provider.issuer,
            "iat": now,
            "exp": now + _ASSERTION_SECONDS,
            "jti": self._derived(state, "assertion"),
        }
        return sign_as_client(claims, provider.secret, key_id)

    async def _link(self, provider: Provider, linking: Linking, identity: Identity) -> None:
        async with self._units(provider.organization_id) as unit:
            if await unit.sessions.signed_in(linking.login_session_id) is None:
                raise ProviderRefusedError("session-over")
            is_new = await unit.identities.link(
                provider.organization_id, identity, linking.account_id, self._clock.now()
            )
            if not is_new:
                raise ProviderRefusedError("linked-already")
            await unit.trail.tell(
                Told(
                    SecurityEventKind.IDENTITY_LINKED,
                    provider.organization_id,
                    by=linking.account_id,
                    account_id=linking.account_id,
                    login_session_id=linking.login_session_id,
                    identity_provider_id=provider.id,
                )
            )

    def _proof(self, provider: Provider, claims: ProviderClaims) -> Proof:
        has_two = provider.proves_two_factors and "mfa" in claims.amr
        return Proof.by_provider(min(claims.authenticated_at, self._clock.now()), has_two_factors=has_two)

    def _subject_hash(self, provider: Provider, subject: str) -> bytes:
        return self._key.fingerprint(subject.encode("utf-8", "surrogatepass"), f"identity {provider.id}")

    def _derived(self, state: Handle, purpose: str) -> str:
        """Return what belongs to a state and nobody else can tell, so that it need not be kept."""
        raw = self._key.fingerprint(state.digest, f"provider {purpose}")
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    async def _tell_refused(self, provider: Provider, purpose: str | Linking, refusal: ProviderRefusedError) -> None:
        async with self._units(provider.organization_id) as unit:
            account_id = purpose.account_id if isinstance(purpose, Linking) else None
            await unit.trail.tell(
                Told(
                    SecurityEventKind.SIGN_IN_REFUSED,
                    provider.organization_id,
                    account_id=account_id,
                    identity_provider_id=provider.id,
                    reason=refusal.reason,
                )
            )


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
