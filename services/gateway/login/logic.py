"""Signing in."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from services.chassis.claims import Claims
from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import NotFoundError
from services.contracts.gateway.login import LoginRequest, LoginSession, StepUpRequest
from services.contracts.gateway.organizations import Account
from services.contracts.gateway.passkeys import PasskeyLoginRequest, PasskeyOptions
from services.contracts.identifiers import AccountId, LoginSessionId, OrganizationId
from services.contracts.identity import Assurance, Principal
from services.gateway.accounts.logic import Credentials
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.errors import (
    CodeRefusedError,
    CredentialsRefusedError,
    OrganizationRequiredError,
    PasskeyRefusedError,
    ProviderRefusedError,
    SecondFactorRequiredError,
    SessionOverError,
)
from services.gateway.identity_providers.provider import Identity
from services.gateway.issuing import TokenIssuer
from services.gateway.login.rules import chosen_organization
from services.gateway.login.sessions import Proof, SessionHandle, SessionTimes
from services.gateway.login.storage import LoginSessionStorage, Session
from services.gateway.login.units import (
    SignedInPerson,
    SignInUnit,
    SignInUnits,
    member_of,
    principal_of,
    told_of,
)
from services.gateway.passkeys.checking import Refusal, Tried
from services.gateway.passwords import Passwords
from services.gateway.security_events.logic import SecurityEventKind, Told, refused_in

_NOBODY: Final = AccountId(UUID(int=0))


class LoginLogic:
    """Signs people in.

    The password is checked between transactions: a crowd that signs in waits for threads, not with connections.
    """

    def __init__(
        self,
        units: SignInUnits,
        passwords: Passwords,
        issuer: TokenIssuer,
        attempts: AttemptsLogic,
        *,
        times: SessionTimes,
        clock: Clock,
    ) -> None:
        self._units = units
        self._passwords = passwords
        self._issuer = issuer
        self._attempts = attempts
        self._times = times
        self._clock = clock

    async def sign_in(self, request: LoginRequest) -> LoginSession:
        """Return a login session with its access token.

        An attempt is counted before anything is looked up, and taken back when all of it was right: a password without
        the second factor that belongs to it is a failure too.

        Raises:
            TriedTooOftenError: Too many attempts of this network, or with this address, have failed.
            SecondFactorRequiredError: The password is right, and a second factor was not sent.
            CredentialsRefusedError: Unknown address, wrong password, or no member of the organization named.
            OrganizationRequiredError: The person works in several organizations and named none.
            OverloadedError: Too many passwords are in hand.
        """
        await self._attempts.try_name(request.email)
        try:
            answer = await self._signed_in(request)
        except (CredentialsRefusedError, SecondFactorRequiredError) as refusal:
            await self._tell_refused(request, refusal.code or "credentials")
            raise
        await self._attempts.name_was_right(request.email)
        return answer

    async def _signed_in(self, request: LoginRequest) -> LoginSession:
        known, workplaces = await self._authenticate(request)
        organization_id = await self._choose(workplaces, request.organization_id)
        proof = await self._prove(known.account_id, request)
        async with self._units(organization_id) as unit:
            account = await member_of(unit, organization_id, known.account_id)
            if account is None or not await unit.accounts.are_still(known):
                raise CredentialsRefusedError
            if proof is None:
                if await unit.factors.is_needed(account.id):
                    raise SecondFactorRequiredError
                proof = Proof.by_password(self._clock.now())
            session, answer = await self._open(unit.sessions, account, proof)
            await unit.trail.tell(told_of(SecurityEventKind.SIGNED_IN, account, session))
        return answer

    async def passkey_options(self, *, browser: str | None = None) -> PasskeyOptions:
        """Return the options of a sign-in, shown in this browser; they tell nothing of who has passkeys."""
        async with self._units(None) as unit:
            return await unit.passkeys.ask_anybody(browser, self._clock.now())

    async def sign_in_with_passkey(self, request: PasskeyLoginRequest, *, browser: str | None = None) -> LoginSession:
        """Return a login session of whoever has a passkey, with its access token; no password and no code is asked for.

        `browser` is the secret of the browser in which the options were shown, if they were on a page of ours.

        Raises:
            TriedTooOftenError: Too many attempts of this network have failed.
            PasskeyRefusedError: No passkey of ours signed the challenge, or its person is no member here.
            OrganizationRequiredError: The person works in several organizations and named none; the answer stays good.
        """
        await self._attempts.try_network()
        tried, organization_id = await self._tried(request, browser)
        answer = None if organization_id is None else await self._opened_with(tried, organization_id)
        if answer is None:
            await self._tell_passkey_refused(tried, request.organization_id)
            raise PasskeyRefusedError
        await self._attempts.network_was_right(is_signed_in=True)
        return answer

    async def _tried(self, request: PasskeyLoginRequest, browser: str | None) -> tuple[Tried, OrganizationId | None]:
        async with self._units(None) as unit:
            tried = await unit.passkeys.signs_in(request.credential, browser, self._clock.now())
            if tried.account_id is None or tried.refusal is not None:
                return tried, None
            workplaces = await unit.accounts.workplaces(tried.account_id)
            organization_id = chosen_organization(workplaces, request.organization_id)
            if organization_id is None and request.organization_id is None and workplaces:
                raise OrganizationRequiredError(await unit.organizations.named(workplaces))
            return tried, organization_id

    async def _opened_with(self, tried: Tried, organization_id: OrganizationId) -> LoginSession | None:
        if tried.account_id is None or tried.passkey_id is None:
            return None
        async with self._units(organization_id) as unit:
            account = await member_of(unit, organization_id, tried.account_id)
            if account is None or not await unit.passkeys.is_still(tried.passkey_id):
                return None
            session, answer = await self._open(unit.sessions, account, Proof.by_passkey(self._clock.now()))
            await unit.trail.tell(told_of(SecurityEventKind.SIGNED_IN, account, session))
        return answer

    async def _tell_passkey_refused(self, tried: Tried, named: OrganizationId | None) -> None:
        async with self._units(None) as unit:
            where = refused_in(await unit.accounts.workplaces(tried.account_id or _NOBODY), named)
            await unit.trail.tell(
                Told(
                    SecurityEventKind.SIGN_IN_REFUSED,
                    where,
                    account_id=tried.account_id,
                    reason=(tried.refusal or Refusal.SIGNATURE).value,
                    network=unit.trail.stand_in("network", self._attempts.network),
                )
            )

    async def sign_in_with_provider(
        self, organization_id: OrganizationId, identity: Identity, proof: Proof
    ) -> LoginSession:
        """Return a login session of the member who has linked what a provider calls somebody.

        It opens no more than a password does: who has one-time codes here proves two factors, there or here.

        Raises:
            ProviderRefusedError: Nobody who may sign in has linked it, or two factors are asked for.
        """
        async with self._units(organization_id) as unit:
            now = self._clock.now()
            account_id = await unit.identities.member(identity, now)
            account = None if account_id is None else await member_of(unit, organization_id, account_id)
            if account is None:
                raise ProviderRefusedError("not-linked")
            if proof.acr is Assurance.AAL1 and await unit.factors.is_needed(account.id):
                raise ProviderRefusedError("second-factor")
            session, answer = await self._open(unit.sessions, account, proof)
            await unit.trail.tell(
                replace(
                    told_of(SecurityEventKind.SIGNED_IN, account, session), identity_provider_id=identity.provider_id
                )
            )
        return answer

    async def _tell_refused(self, request: LoginRequest, reason: str) -> None:
        """Write one event, whoever it was and whether there is such a person: no answer takes longer than another."""
        async with self._units(None) as unit:
            known = await unit.accounts.credentials(request.email)
            account_id = _NOBODY if known is None else known.account_id
            where = refused_in(await unit.accounts.workplaces(account_id), request.organization_id)
            await unit.trail.tell(
                Told(
                    SecurityEventKind.SIGN_IN_REFUSED,
                    where,
                    account_id=None if known is None else account_id,
                    reason=reason,
                    name_tried=unit.trail.stand_in("name", request.email),
                    network=unit.trail.stand_in("network", self._attempts.network),
                )
            )

    async def step_up(
        self, session_id: LoginSessionId, request: StepUpRequest, *, principal: Principal
    ) -> LoginSession:
        """Return the caller's session with a token that tells of a second factor proved just now.

        Raises:
            NotFoundError: It is not the session of the caller's own token, or is over.
            TriedTooOftenError: Too many codes were wrong.
            CodeRefusedError: No code was sent, or none was right.
        """
        if principal.sign_in is None or principal.sign_in.login_session_id != session_id:
            raise NotFoundError
        organization_id = principal.organization_id
        if organization_id is None:
            raise NotFoundError
        await self._attempts.try_code(principal.account_id)
        async with self._units(organization_id) as unit:
            proof, refusal = await self._proof_again(unit, session_id, request, principal)
            proved = None if proof is None else await self._proved(unit, organization_id, session_id, proof, principal)
            if proved is None:
                told = Told(SecurityEventKind.STEP_UP_REFUSED, organization_id, by=principal.account_id, reason=refusal)
                await unit.trail.tell(replace(told, account_id=principal.account_id, login_session_id=session_id))
        if proved is None:
            # Only now: a challenge that was answered wrongly is used up as well.
            raise CodeRefusedError
        await self._attempts.code_was_right(principal.account_id)
        session, account = proved
        return self._answer(session, account, None, self._token(session, account))

    async def _proof_again(
        self, unit: SignInUnit, session_id: LoginSessionId, request: StepUpRequest, principal: Principal
    ) -> tuple[Proof | None, str | None]:
        """Return the newer proof, or None and the reason if it says more than that a code was wrong."""
        now, account_id = self._clock.now(), principal.account_id
        if request.passkey is not None:
            tried = await unit.passkeys.proves_again(request.passkey, account_id, session_id, now)
            return (Proof.by_passkey(now), None) if tried.refusal is None else (None, tried.refusal.value)
        method = await unit.factors.method(account_id, request, now)
        first = () if principal.sign_in is None else principal.sign_in.amr
        return (None if method is None else Proof.by_second_factor(now, method, first=first)), None

    async def _proved(
        self,
        unit: SignInUnit,
        organization_id: OrganizationId,
        session_id: LoginSessionId,
        proof: Proof,
        principal: Principal,
    ) -> tuple[Session, Account]:
        now = self._clock.now()
        account = await unit.accounts.member(organization_id, principal.account_id)
        seen_after = self._times.seen_after(now)
        session = await unit.sessions.prove(principal, session_id, proof, now=now, seen_after=seen_after)
        if session is None:
            raise NotFoundError
        await unit.trail.tell(told_of(SecurityEventKind.STEPPED_UP, account, session))
        return session, account

    async def _prove(self, account_id: AccountId, request: LoginRequest) -> Proof | None:
        """Use up the code that was sent; None without one: whether it is needed is asked where the session begins."""
        if request.one_time_code is None and request.recovery_code is None:
            return None
        now = self._clock.now()
        async with self._units(None) as unit:
            if not await unit.factors.is_needed(account_id):
                return Proof.by_password(now)
            method = await unit.factors.method(account_id, request, now)
        if method is None:
            raise CredentialsRefusedError
        return Proof.by_second_factor(now, method)

    async def _authenticate(self, request: LoginRequest) -> tuple[Credentials, Sequence[OrganizationId]]:
        async with self._units(None) as unit:
            known = await unit.accounts.credentials(request.email)
            # Asked for nobody too: an address that nobody has takes as long.
            workplaces = await unit.accounts.workplaces(_NOBODY if known is None else known.account_id)
        password_hash = None if known is None else known.password_hash
        is_right = await self._passwords.is_right(request.password.get_secret_value(), password_hash)
        if known is None or not is_right:
            raise CredentialsRefusedError
        if self._passwords.is_outdated(known.password_hash):
            known = await self._hash_anew(known, request)
        return known, workplaces

    async def _hash_anew(self, known: Credentials, request: LoginRequest) -> Credentials:
        password_hash = await self._passwords.hash(request.password.get_secret_value())
        async with self._units(None) as unit:
            await unit.accounts.replace_hash(known, password_hash)
        return Credentials(known.account_id, password_hash)

    async def _choose(self, workplaces: Sequence[OrganizationId], named: OrganizationId | None) -> OrganizationId:
        organization_id = chosen_organization(workplaces, named)
        if organization_id is not None:
            return organization_id
        if named is None and workplaces:
            async with self._units(None) as unit:
                raise OrganizationRequiredError(await unit.organizations.named(workplaces))
        raise CredentialsRefusedError

    async def refresh(self, secret: str) -> LoginSession:
        """Return a session with its next access token, with the roles that its person holds now.

        Raises:
            SessionOverError: The secret belongs to no session, or to one that was ended, has expired or was left idle.
        """
        handle = SessionHandle.read(secret)
        if handle is None:
            raise SessionOverError
        async with self._units(handle.organization_id) as unit:
            now = self._clock.now()
            seen_after = self._times.seen_after(now)
            session, account = await self._person_of(unit, handle)
            given = self._token(session, account)
            if not await unit.sessions.renew(handle, token_id=given[1].jti, now=now, seen_after=seen_after):
                raise SessionOverError
            await unit.trail.tell(told_of(SecurityEventKind.SESSION_RENEWED, account, session))
            return self._answer(session, account, handle, given)

    async def person(self, secret: str) -> SignedInPerson | None:
        """Return who is signed in with a browser's cookie, or None; it does not count as a renewal."""
        handle = SessionHandle.read(secret)
        if handle is None:
            return None
        async with self._units(handle.organization_id) as unit:
            try:
                session, account = await self._person_of(unit, handle)
            except SessionOverError:
                return None
        return SignedInPerson(principal_of(session, account), handle)

    async def _person_of(self, unit: SignInUnit, handle: SessionHandle) -> tuple[Session, Account]:
        now = self._clock.now()
        session = await unit.sessions.open(handle, now=now, seen_after=self._times.seen_after(now))
        account = None if session is None else await member_of(unit, handle.organization_id, session.account_id)
        if session is None or account is None:
            raise SessionOverError
        return session, account

    async def _open(
        self, sessions: LoginSessionStorage, account: Account, proof: Proof
    ) -> tuple[Session, LoginSession]:
        now = self._clock.now()
        session_id = LoginSessionId(new_id(now, secrets.token_bytes(10)))
        session = Session(session_id, account.id, proof, proof.at + self._times.longest)
        handle = SessionHandle.fresh(account.organization_id, session_id)
        token, claims = self._token(session, account)
        await sessions.add(session, account, handle=handle, token_id=claims.jti, created_at=now)
        return session, self._answer(session, account, handle, (token, claims))

    def _token(self, session: Session, account: Account) -> tuple[str, Claims]:
        return self._issuer.access_token(principal_of(session, account), until=session.expires_at)

    def _answer(
        self, session: Session, account: Account, handle: SessionHandle | None, given: tuple[str, Claims]
    ) -> LoginSession:
        token, claims = given
        return LoginSession(
            id=session.id,
            access_token=token,
            token_type="Bearer",  # noqa: S106 - the name of the scheme (RFC 6750), not a secret
            expires_in=claims.exp - claims.iat,
            account_id=account.id,
            organization_id=account.organization_id,
            roles=account.roles,
            auth_time=session.proof.at,
            amr=list(session.proof.amr),
            acr=session.proof.acr,
            session_expires_at=session.expires_at,
            session_secret=None if handle is None else handle.text,
            csrf_token=None,
        )
