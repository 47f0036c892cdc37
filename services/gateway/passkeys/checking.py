"""Whether somebody has a passkey in hand, at sign-in and afterwards."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.contracts.gateway.passkeys import PasskeyOptions
from services.contracts.identifiers import AccountId, LoginSessionId, PasskeyId
from services.gateway.passkeys.ceremony import Holder, KnownKey, Purpose
from services.gateway.passkeys.rules import (
    Answer,
    BrokenCeremonyError,
    RelyingParty,
    Shown,
    new_challenge,
    request_options,
    shown_by,
    verified_count,
)
from services.gateway.passkeys.storage import PasskeyStorage


class Refusal(StrEnum):
    """Why a passkey was not taken, for the trail."""

    SIGNATURE = "passkey-refused"
    COUNTER = "passkey-counter-fell"
    """The signature is right, and another device may have the key too: the counter has not risen."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of an answer: a person who has the passkey, or a refusal and the owner of the passkey it names."""

    account_id: AccountId | None
    passkey_id: PasskeyId | None
    refusal: Refusal | None


class PasskeyCheck:
    """Asks for signatures and checks them.

    A challenge is used up by any answer to it: the transaction in which it was checked is to be committed.
    """

    def __init__(self, storage: PasskeyStorage, party: RelyingParty) -> None:
        self._storage = storage
        self._party = party

    async def ask_anybody(self, browser: str | None, now: datetime) -> PasskeyOptions:
        """Return the options of a sign-in, answered in this browser or by whoever called."""
        challenge = new_challenge()
        await self._storage.ask(challenge, Purpose.SIGN_IN, Holder(browser=browser), now)
        return PasskeyOptions(public_key=request_options(self._party, challenge))

    async def ask_again(self, account_id: AccountId, session_id: LoginSessionId, now: datetime) -> PasskeyOptions:
        """Return the options of a signed-in person's step-up, answered with one of their passkeys in their session."""
        challenge, known = new_challenge(), await self._storage.credential_ids(account_id)
        await self._storage.ask(challenge, Purpose.STEP_UP, Holder(account_id, session_id), now)
        return PasskeyOptions(public_key=request_options(self._party, challenge, known=known))

    async def signs_in(self, answer: dict[str, Any], browser: str | None, now: datetime) -> Tried:
        """Check an answer to `ask_anybody`; the device must say whose passkey it is."""
        return await self._check(answer, Purpose.SIGN_IN, Holder(browser=browser), now)

    async def proves_again(
        self, answer: dict[str, Any], account_id: AccountId, session_id: LoginSessionId, now: datetime
    ) -> Tried:
        """Check an answer to `ask_again`."""
        return await self._check(answer, Purpose.STEP_UP, Holder(account_id, session_id), now)

    async def is_still(self, passkey_id: PasskeyId) -> bool:
        """Say whether a passkey that was right is there until this transaction ends: it may have been removed since."""
        return await self._storage.hold(passkey_id)

    async def has_any(self, account_id: AccountId) -> bool:
        """Say whether a person has a passkey."""
        return bool(await self._storage.credential_ids(account_id))

    async def _check(self, answer: Answer, purpose: Purpose, holder: Holder, now: datetime) -> Tried:
        try:
            shown = shown_by(answer)
        except BrokenCeremonyError:
            return Tried(None, None, Refusal.SIGNATURE)
        is_ours = await self._storage.take(shown.challenge, purpose, holder, now)
        known = await self._storage.find(shown.credential_id)
        if known is None:
            return Tried(None, None, Refusal.SIGNATURE)
        if not is_ours or not _is_whose(shown, known, holder):
            return Tried(known.account_id, known.id, Refusal.SIGNATURE)
        return await self._counted(answer, shown, known, now)

    async def _counted(self, answer: Answer, shown: Shown, known: KnownKey, now: datetime) -> Tried:
        try:
            count = verified_count(self._party, answer, challenge=shown.challenge, public_key=known.public_key)
        except BrokenCeremonyError:
            return Tried(known.account_id, known.id, Refusal.SIGNATURE)
        is_higher = await self._storage.use(known.id, count, now)
        return Tried(known.account_id, known.id, None if is_higher else Refusal.COUNTER)


def _is_whose(shown: Shown, known: KnownKey, holder: Holder) -> bool:
    """Say whether a passkey is that of the person who is to have it (Web Authentication 3, 7.2, step 6)."""
    if holder.account_id is None:
        return shown.user_handle == known.account_id.bytes
    return known.account_id == holder.account_id and shown.user_handle in {None, known.account_id.bytes}
