"""What a person may do with their own passkeys."""

import secrets

from services.chassis.clock import Clock
from services.chassis.database import new_id
from services.chassis.errors import NotAllowedError, NotFoundError
from services.contracts.gateway.passkeys import (
    Passkey,
    PasskeyNameRequest,
    PasskeyOptions,
    PasskeyOptionsRequest,
    PasskeyRequest,
)
from services.contracts.identifiers import AccountId, LoginSessionId, PasskeyId
from services.contracts.identity import Principal
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.errors import PasskeyExistsError, PasskeyNotAddedError
from services.gateway.factors.checking import FactorCheck
from services.gateway.passkeys.ceremony import Holder, NewKey, Purpose
from services.gateway.passkeys.checking import PasskeyCheck
from services.gateway.passkeys.proving import Proving
from services.gateway.passkeys.rules import (
    BrokenCeremonyError,
    RelyingParty,
    challenge_in,
    creation_options,
    new_challenge,
    verified_new,
)
from services.gateway.passkeys.storage import PasskeyStorage
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told


class PasskeysLogic:
    """Adds, shows, renames and removes passkeys.

    Each attempt was counted before its transaction began, and who removes one has just proved a factor (route policy).
    """

    def __init__(
        self,
        storage: PasskeyStorage,
        party: RelyingParty,
        accounts: AccountsLogic,
        codes: FactorCheck,
        attempts: AttemptsLogic,
        *,
        trail: SecurityTrail,
        clock: Clock,
    ) -> None:
        self._storage = storage
        self._party = party
        self._check = PasskeyCheck(storage, party)
        self._accounts = accounts
        self._proving = Proving(accounts, codes, self._check, clock)
        self._attempts = attempts
        self._trail = trail
        self._clock = clock

    async def show(self, *, principal: Principal) -> list[Passkey]:
        """Return the caller's passkeys."""
        return await self._storage.of(principal.account_id)

    async def begin(self, request: PasskeyOptionsRequest, *, principal: Principal) -> PasskeyOptions:
        """Return the options of a new passkey.

        Raises:
            NotAllowedError: The caller's token is not of a login session.
            StaleAuthenticationError: The caller has a second factor or a passkey, and has not proved it just now.
            PasswordRefusedError: The caller has neither, and the password is not theirs.
        """
        account_id, session_id = _session(principal)
        await self._proving.refuse_unproved(request.password, principal=principal)
        await self._attempts.code_was_right(account_id)
        challenge, now = new_challenge(), self._clock.now()
        await self._storage.ask(challenge, Purpose.REGISTER, Holder(account_id, session_id), now)
        known = await self._storage.credential_ids(account_id)
        email = await self._accounts.email(account_id)
        return PasskeyOptions(
            public_key=creation_options(self._party, challenge, account_id=account_id, email=email, known=known)
        )

    async def add(self, request: PasskeyRequest, *, principal: Principal) -> Passkey:
        """Add a passkey that a device made for the options of this very session.

        Raises:
            NotAllowedError: The caller's token is not of a login session.
            PasskeyNotAddedError: It was not made so.
            PasskeyExistsError: It was added before.
        """
        account_id, session_id = _session(principal)
        key, now = await self._made(request, Holder(account_id, session_id)), self._clock.now()
        passkey_id = PasskeyId(new_id(now, secrets.token_bytes(10)))
        if not await self._storage.add(passkey_id, account_id, key, request.name, now):
            raise PasskeyExistsError
        await self._tell(SecurityEventKind.PASSKEY_ADDED, principal)
        return Passkey(id=passkey_id, name=request.name, created_at=now, last_used_at=None, is_synced=key.is_synced)

    async def _made(self, request: PasskeyRequest, holder: Holder) -> NewKey:
        try:
            challenge = challenge_in(request.credential)
            if not await self._storage.take(challenge, Purpose.REGISTER, holder, self._clock.now()):
                raise PasskeyNotAddedError
            return verified_new(self._party, request.credential, challenge)
        except BrokenCeremonyError:
            raise PasskeyNotAddedError from None

    async def rename(self, passkey_id: PasskeyId, request: PasskeyNameRequest, *, principal: Principal) -> Passkey:
        """Call a passkey something else; raises NotFoundError where the caller has no such one."""
        _session(principal)
        passkey = await self._storage.rename(principal.account_id, passkey_id, request.name)
        if passkey is None:
            raise NotFoundError
        await self._tell(SecurityEventKind.PASSKEY_RENAMED, principal)
        return passkey

    async def remove(self, passkey_id: PasskeyId, *, principal: Principal) -> None:
        """Remove a passkey; raises NotFoundError where the caller has no such one."""
        _session(principal)
        if not await self._storage.remove(principal.account_id, passkey_id):
            raise NotFoundError
        await self._tell(SecurityEventKind.PASSKEY_REMOVED, principal)

    async def step_up_options(self, *, principal: Principal) -> PasskeyOptions:
        """Return the options with which the caller proves a passkey once more, in this session.

        Raises:
            NotAllowedError: The caller's token is not of a login session.
            NotFoundError: The caller has no passkey.
        """
        account_id, session_id = _session(principal)
        if not await self._check.has_any(account_id):
            raise NotFoundError
        return await self._check.ask_again(account_id, session_id, self._clock.now())

    async def _tell(self, kind: SecurityEventKind, principal: Principal) -> None:
        account_id = principal.account_id
        await self._trail.tell(Told(kind, principal.organization_id, by=account_id, account_id=account_id))


def _session(principal: Principal) -> tuple[AccountId, LoginSessionId]:
    if principal.sign_in is None:
        raise NotAllowedError
    return principal.account_id, principal.sign_in.login_session_id
