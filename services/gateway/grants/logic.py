"""From a person's consent to tokens, and from one refresh token to the next."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.id_tokens import IdTokenSigner
from services.contracts.gateway.oauth_clients import OauthClient, OauthClientKind
from services.contracts.gateway.oauth_tokens import OauthTokens
from services.contracts.identifiers import (
    GrantId,
)
from services.contracts.identity import Principal, Role, SignIn
from services.gateway.devices.rules import DeviceAnswer
from services.gateway.ended import EndedTokens
from services.gateway.grants.granted import Code, Consented, Grant, Handle
from services.gateway.grants.holders import (
    GrantUnit,
    GrantUnits,
    grant_named,
    grant_of,
    principal_of,
    roles_of,
    sign_in_of,
)
from services.gateway.grants.rules import (
    CODE_LIFETIME,
    fhir_user,
    is_lost_answer,
    is_redeemable,
    scheme_of,
)
from services.gateway.issuing import ACCESS_LIFETIME, TokenIssuer
from services.gateway.oauth_refusals import InvalidGrantError, InvalidScopeError
from services.gateway.security_events.logic import SecurityEventKind, Told
from services.policy.smart.scopes import narrow
from services.policy.smart.words import FHIR_USER, OFFLINE_ACCESS, ONLINE_ACCESS, OPENID

SERVICE_LIFETIME: Final = timedelta(minutes=5)
"""How long the token of a service lives (SMART Backend Services: at most five minutes)."""
_MOMENT: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What a transaction came to: tokens, or the ids of those that it ended. It commits in either case."""

    tokens: OauthTokens | None
    ended: tuple[str, ...] = ()


_NOTHING: Final = _Outcome(None)


class GrantsLogic:
    """Gives tokens for codes, refresh tokens and services' own registrations, and ends what was granted.

    What is refused may still have to be written down, such as the end of a family whose token came twice. So each
    transaction returns its outcome and commits, and the refusal is raised afterwards.
    """

    def __init__(
        self,
        units: GrantUnits,
        issuer: TokenIssuer,
        id_tokens: IdTokenSigner,
        ended: EndedTokens,
        *,
        clock: Clock,
        fhir_base: str,
    ) -> None:
        self._units = units
        self._issuer = issuer
        self._id_tokens = id_tokens
        self._ended = ended
        self._clock = clock
        self._fhir_base = fhir_base

    async def code_for(self, consented: Consented) -> str:
        """Make a grant and the code that its application redeems for tokens."""
        now, organization_id = self._clock.now(), consented.organization_id
        grant = grant_of(consented, now)
        handle = Handle.fresh(organization_id)
        code = Code(
            grant.id,
            consented.redirect_uri,
            consented.code_challenge,
            consented.nonce,
            now + CODE_LIFETIME,
            consented.proof_key,
        )
        async with self._units(organization_id) as unit:
            await unit.grants.add(grant)
            await unit.grants.add_code(handle, code)
        return handle.text

    async def of_device(self, device_code: str, client: OauthClient, *, proof_key: str | None = None) -> OauthTokens:
        """Return the tokens of a device that a person has let in: made and written down as given, or neither.

        So a device asks again where they could not be made. Whoever asks with its code after it has them has copied
        it, as with a code that comes twice: everything that was given ends, but for a moment in which the question may
        have been on its way.

        Raises:
            InvalidGrantError: There is no such device of this application, it has its tokens, or the grant is over.
            OauthRefusalError: Nobody has decided yet, it asks too often, the person declined, or it is too late.
        """
        now = self._clock.now()
        async with self._units(None) as unit:
            polled = await unit.devices.poll(device_code, client.id)
            outcome = _NOTHING
            if polled.granted is not None:
                organization_id, grant_id = polled.granted
                await unit.grants.enter(organization_id)
                if polled.answer is DeviceAnswer.TOKENS:
                    outcome = await self._first(unit, grant_id, None, client, now, proof_key=proof_key)
                    if outcome.tokens is not None:
                        await unit.devices.has_tokens(device_code)
                elif polled.answer is DeviceAnswer.REUSED:
                    outcome = await self._end_reused(unit, grant_id, now)
        refusal = polled.refusal
        if refusal is not None:
            raise refusal
        return self._told(outcome)

    async def redeem(
        self, text: str, client: OauthClient, *, redirect_uri: str, verifier: str, proof_key: str | None = None
    ) -> OauthTokens:
        """Return the tokens of a code. A code that comes a second time ends everything that the first one gave.

        With `proof_key` they are bound to that key: the access token, and the refresh tokens of a public application,
        which nothing else binds (RFC 9449, 5).

        Raises:
            InvalidGrantError: The code is not good, not this application's, or the verifier is not its own.
        """
        handle = Handle.read(text)
        if handle is None:
            raise InvalidGrantError
        now = self._clock.now()
        async with self._units(handle.organization_id) as unit:
            code = await unit.grants.redeem(handle, now)
            if code is None:
                outcome = await self._end_reused(unit, await unit.grants.grant_of_code(handle), now)
            elif is_redeemable(code, now, redirect_uri=redirect_uri, verifier=verifier, proof_key=proof_key):
                outcome = await self._first(unit, code.grant_id, code.nonce, client, now, proof_key=proof_key)
            else:
                outcome = _NOTHING
        return self._told(outcome)

    async def refresh(
        self, text: str, client: OauthClient, *, scope: str | None, proof_key: str | None = None
    ) -> OauthTokens:
        """Return the next tokens of a family, with narrower scopes where `scope` asks for them.

        The token that was just rotated gets the same successor again for a short while, because the answer may have
        been lost; any other that was rotated before ends the family.

        Raises:
            InvalidGrantError: The token is not good, not this application's, or bound to another key than `proof_key`.
            InvalidScopeError: `scope` asks for what was not granted.
        """
        handle = Handle.read(text)
        if handle is None:
            raise InvalidGrantError
        now = self._clock.now()
        async with self._units(handle.organization_id) as unit:
            found = await unit.grants.refresh_token(handle)
            if found is None:
                raise InvalidGrantError
            grant_id, generation = found
            asked = _narrowed(await self._of(unit, grant_id, client, proof_key), scope)
            grant = await unit.grants.rotate(grant_id, client.id, generation=generation, now=now)
            if grant is None:
                outcome = await self._again(unit, handle, found, asked, now, proof_key=proof_key)
            else:
                successor = Handle.fresh(handle.organization_id)
                await unit.grants.add_refresh_token(successor, grant_id, grant.generation)
                await unit.grants.keep_successor(handle, handle.seal(successor))
                outcome = await self._tokens(unit, grant, asked, now, refresh=successor, proof_key=proof_key)
        return self._told(outcome)

    async def of_service(
        self, client: OauthClient, scopes: tuple[str, ...], *, proof_key: str | None = None
    ) -> OauthTokens:
        """Return a token of a service's own (RFC 6749, 4.4); there is no refresh token, it just asks again."""
        if client.organization_id is None:
            raise InvalidScopeError
        now = self._clock.now()
        grant = Grant(
            organization_id=client.organization_id,
            id=GrantId(new_id(now, secrets.token_bytes(10))),
            client_id=client.id,
            account_id=None,
            login_session_id=None,
            scopes=scopes,
            patient_id=None,
            encounter_id=None,
            is_offline=True,
            generation=0,
            rotated_at=None,
            created_at=now,
            # A little longer than its token, which is signed a moment later and counts in whole seconds.
            expires_at=now + SERVICE_LIFETIME + _MOMENT,
            ended_at=None,
        )
        async with self._units(client.organization_id) as unit:
            await unit.grants.add(grant)
            outcome = await self._tokens(unit, grant, scopes, now, proof_key=proof_key)
        return self._told(outcome)

    async def revoke(self, text: str, client: OauthClient, *, token: Principal | None) -> None:
        """End the grant of a refresh token, or of an access token whose principal is given; what is unknown is over."""
        handle = Handle.read(text)
        named = None if token is None else token.organization_id
        organization_id = named if handle is None else handle.organization_id
        if organization_id is None:
            return
        now = self._clock.now()
        async with self._units(organization_id) as unit:
            grant_id = await grant_named(unit, handle, token)
            grant = None if grant_id is None else await unit.grants.find(grant_id)
            is_own = grant is not None and grant.client_id == client.id
            ended = await unit.grants.end(now, grant_id=grant_id) if is_own else []
            if grant is not None and is_own:
                await unit.trail.tell(_told(SecurityEventKind.TOKENS_REVOKED, grant, grant.scopes))
        self._ended.add(ended)

    async def live_refresh_token(self, text: str) -> Grant | None:
        """Return the grant of a refresh token that is current, or None."""
        handle = Handle.read(text)
        if handle is None:
            return None
        now = self._clock.now()
        async with self._units(handle.organization_id) as unit:
            found = await unit.grants.refresh_token(handle)
            if found is None or not await unit.grants.is_alive(found[0], now):
                return None
            grant = await unit.grants.find(found[0])
        return grant if grant is not None and grant.generation == found[1] else None

    def _told(self, outcome: _Outcome) -> OauthTokens:
        self._ended.add(outcome.ended)
        if outcome.tokens is None:
            raise InvalidGrantError
        return outcome.tokens

    async def _of(self, unit: GrantUnit, grant_id: GrantId, client: OauthClient, proof_key: str | None) -> Grant:
        grant = await unit.grants.find(grant_id)
        if grant is None or grant.client_id != client.id or grant.proof_key not in {None, proof_key}:
            raise InvalidGrantError
        return grant

    async def _end_reused(self, unit: GrantUnit, grant_id: GrantId | None, now: datetime) -> _Outcome:
        grant = None if grant_id is None else await unit.grants.find(grant_id)
        if grant is None:
            return _NOTHING
        ended = await unit.grants.end(now, grant_id=grant.id)
        await unit.trail.tell(_told(SecurityEventKind.TOKENS_REUSED, grant, grant.scopes))
        return _Outcome(None, tuple(ended))

    async def _first(
        self,
        unit: GrantUnit,
        grant_id: GrantId,
        nonce: str | None,
        client: OauthClient,
        now: datetime,
        *,
        proof_key: str | None,
    ) -> _Outcome:
        grant = await unit.grants.find(grant_id)
        if grant is None or grant.client_id != client.id or not await unit.grants.is_alive(grant.id, now):
            return _NOTHING
        refresh = None
        if {OFFLINE_ACCESS, ONLINE_ACCESS} & set(grant.scopes):
            refresh = Handle.fresh(grant.organization_id)
            await unit.grants.add_refresh_token(refresh, grant.id, 0)
            if proof_key is not None and client.kind is OauthClientKind.PUBLIC:
                await unit.grants.bind(grant.id, proof_key)
        return await self._tokens(
            unit, grant, grant.scopes, now, refresh=refresh, nonce=nonce, is_first=True, proof_key=proof_key
        )

    async def _again(
        self,
        unit: GrantUnit,
        handle: Handle,
        found: tuple[GrantId, int],
        asked: tuple[str, ...],
        now: datetime,
        *,
        proof_key: str | None,
    ) -> _Outcome:
        grant_id, generation = found
        grant = await unit.grants.find(grant_id)
        if grant is None or not await unit.grants.is_alive(grant_id, now):
            return _NOTHING
        if not is_lost_answer(grant, generation, now):
            return await self._end_reused(unit, grant_id, now)
        sealed = await unit.grants.successor(handle)
        successor = None if sealed is None else handle.unseal(sealed)
        if successor is None:
            return _NOTHING
        return await self._tokens(unit, grant, asked, now, refresh=successor, proof_key=proof_key)

    async def _tokens(
        self,
        unit: GrantUnit,
        grant: Grant,
        scopes: tuple[str, ...],
        now: datetime,
        *,
        refresh: Handle | None = None,
        nonce: str | None = None,
        is_first: bool = False,
        proof_key: str | None,
    ) -> _Outcome:
        roles = await roles_of(unit, grant)
        if roles is None:
            return _NOTHING
        sign_in = await sign_in_of(unit, grant)
        # With its session's id a token ends when the session does, which offline access outlives.
        session = None if grant.is_offline else sign_in
        principal = principal_of(replace(grant, scopes=scopes), roles, session, proof_key=proof_key)
        longest = SERVICE_LIFETIME if grant.account_id is None else ACCESS_LIFETIME
        token, claims = self._issuer.access_token(principal, until=grant.expires_at, longest=longest)
        expires_at = now + timedelta(seconds=claims.exp - claims.iat)
        await unit.grants.add_access_token(grant.organization_id, grant.id, claims.jti, expires_at=expires_at, now=now)
        id_token = self._id_token(grant, roles, sign_in, nonce) if is_first and OPENID in scopes else None
        is_granted = is_first or grant.account_id is None
        kind = SecurityEventKind.TOKENS_GRANTED if is_granted else SecurityEventKind.TOKENS_REFRESHED
        await unit.trail.tell(_told(kind, grant, scopes))
        return _Outcome(
            OauthTokens(
                access_token=token,
                token_type=scheme_of(proof_key),
                expires_in=claims.exp - claims.iat,
                scope=" ".join(scopes),
                refresh_token=None if refresh is None else refresh.text,
                id_token=id_token,
                patient=grant.patient_id,
                encounter=grant.encounter_id,
                need_patient_banner=None if grant.patient_id is None else True,
            )
        )

    def _id_token(self, grant: Grant, roles: frozenset[Role], sign_in: SignIn | None, nonce: str | None) -> str | None:
        if sign_in is None or grant.account_id is None:
            return None
        claims = {"auth_time": int(sign_in.auth_time.timestamp()), "amr": list(sign_in.amr), "acr": sign_in.acr.value}
        if nonce is not None:
            claims["nonce"] = nonce
        user = fhir_user(self._fhir_base, grant.account_id, roles, grant.patient_id)
        if FHIR_USER in grant.scopes and user is not None:
            claims["fhirUser"] = user
        return self._id_tokens.sign(subject=grant.account_id, audience=str(grant.client_id), claims=claims)


def _narrowed(grant: Grant, scope: str | None) -> tuple[str, ...]:
    if scope is None:
        return grant.scopes
    asked = tuple(dict.fromkeys(scope.split()))
    granted = narrow(asked, grant.scopes)
    if not asked or set(granted) != set(asked):
        raise InvalidScopeError
    return granted


def _told(kind: SecurityEventKind, grant: Grant, scopes: tuple[str, ...]) -> Told:
    return Told(
        kind,
        grant.organization_id,
        account_id=grant.account_id,
        login_session_id=grant.login_session_id,
        oauth_client_id=grant.client_id,
        scopes=scopes,
    )
