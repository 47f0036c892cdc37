"""What may be done with the accounts of related persons: who is given one, and how they claim who they are."""

import secrets
from datetime import timedelta
from typing import Final

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.base import Page
from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import RelatedPersonAccountId, RelatedPersonId
from services.contracts.records.related_person_accounts import (
    ClaimedRelatedPerson,
    RelatedPersonAccount,
    RelatedPersonAccountRequest,
    RelatedPersonAccountToClaim,
    RelatedPersonClaim,
)
from services.policy.decisions.answer import Basis, Denial, Permission
from services.records.errors import OverAlreadyError
from services.records.family.account_storage import RelatedPersonAccountRows, ToClaim
from services.records.family.errors import PersonLinkedError, PersonNotNamedError
from services.records.family.storage import FamilyRows, KeptPerson
from services.records.family.telling import Telling
from services.records.gate import Gate
from services.records.own_record.errors import ClaimRefusedError
from services.records.own_record.rules import CLAIM_WITHIN, MOST_ATTEMPTS, digest_of, fits, fresh_code
from services.records.patients.logic import PatientCommands
from services.records.refusals import REASONS, Refusal

_KEPT: Final = Information.CONSENTS
_FOR: Final = Purpose.FAMILY_INVOLVEMENT
_SHORTEST: Final = timedelta(microseconds=1)


class RelatedPersonAccountCommands:
    """What staff does with the accounts of related persons, within one unit of work."""

    def __init__(
        self,
        rows: RelatedPersonAccountRows,
        persons: FamilyRows,
        telling: Telling,
        patients: PatientCommands,
        gate: Gate,
    ) -> None:
        self._rows = rows
        self._persons = persons
        self._telling = telling
        self._patients = patients
        self._gate = gate

    async def link(
        self, person_id: RelatedPersonId, request: RelatedPersonAccountRequest
    ) -> RelatedPersonAccountToClaim:
        """Let a related person claim who they are by an account, with a code that is told this once.

        Raises:
            NotFoundError: There is no such person here, or not for the caller.
            OverAlreadyError: They are close to the patient no longer.
            InvalidRequestError: The account is the caller's own.
            PersonNotNamedError: No consent of the patient's lets them read anything.
            PersonLinkedError: The person has an account, or the account something else to claim.
        """
        person = await self._lock(person_id)
        if person.is_over:
            raise OverAlreadyError
        caller, now = self._gate.caller.account_id, self._gate.clock.now()
        if request.account_id == caller:
            raise InvalidRequestError("/account_id", "must be the related person's account, and not your own")
        decided = await self._telling.to_themselves(person)
        if not any(isinstance(one, Permission) for one in decided.values()):
            nearest = decided[Information.ATTENDANCE]
            assert isinstance(nearest, Denial)  # noqa: S101 - none of them is a permission
            raise PersonNotNamedError(nearest)
        account = RelatedPersonAccount(
            id=RelatedPersonAccountId(new_id(now, secrets.token_bytes(10))),
            related_person_id=person_id,
            patient_id=person.patient_id,
            account_id=request.account_id,
            from_at=now,
            until_at=None,
            claim_until=now + CLAIM_WITHIN,
            claimed_at=None,
            linked_by=caller,
            ended_by=None,
        )
        code = fresh_code()
        if not await self._rows.add(account, digest_of(account.id, code)):
            raise PersonLinkedError
        self._gate.linked(person.patient_id, request.account_id)
        return RelatedPersonAccountToClaim(code=code, **account.model_dump())

    async def end(self, account_id: RelatedPersonAccountId) -> RelatedPersonAccount:
        """End an account's being a related person's now; what it read stays in the accounting.

        Raises:
            NotFoundError: There is none such here, or its patient is not for the caller.
            OverAlreadyError: It has ended.
        """
        account = await self._rows.one(account_id)
        if account is None:
            self._gate.refuse(account_id)
            raise NotFoundError
        await self._patients.lock(account.patient_id, _KEPT)
        # Read again: it may have been claimed, or ended, before the patient was locked.
        account = await self._rows.one(account_id) or account
        if account.until_at is not None:
            raise OverAlreadyError
        ended = _ended(account, self._gate)
        await self._rows.put(ended)
        return ended

    async def of_person(self, person_id: RelatedPersonId) -> Page[RelatedPersonAccount]:
        """Return a related person's accounts; raises NotFoundError where the patient is not for the caller."""
        await self._lock(person_id)
        return Page(items=await self._rows.of_person(person_id), next_page_token=None)

    async def _lock(self, person_id: RelatedPersonId) -> KeptPerson:
        found = await self._persons.one(person_id)
        if found is None:
            self._gate.refuse(person_id)
            raise NotFoundError
        await self._patients.lock(found.patient_id, _KEPT)
        # Read again: it may have been said before the patient was locked that they are close no longer.
        return await self._persons.one(person_id) or found


class RelatedPersonClaims:
    """Claims to be a related person, within one unit of work."""

    def __init__(
        self,
        rows: RelatedPersonAccountRows,
        persons: FamilyRows,
        telling: Telling,
        patients: PatientCommands,
        gate: Gate,
    ) -> None:
        self._rows = rows
        self._persons = persons
        self._telling = telling
        self._patients = patients
        self._gate = gate

    async def claim(self, claim: RelatedPersonClaim) -> ClaimedRelatedPerson | ClaimRefusedError:
        """Be a related person from now on; what does not fit is counted, and after the last attempt it is over.

        What does not fit is returned and not raised: it is counted, so its transaction commits.

        Raises:
            ClaimRefusedError: There is nothing to claim by this account.
        """
        caller = self._gate.caller.account_id
        waiting = await self._rows.to_claim(caller)
        if waiting is None:
            raise self._nothing()
        try:
            (patient, _), _ = await self._patients.lock_to_disclose(waiting.account.patient_id)
        except NotFoundError:
            # The trail is told already that there is nobody.
            raise ClaimRefusedError from None
        # Read again: it may have been claimed, or ended, before the patient was locked.
        waiting = await self._rows.to_claim(caller)
        if waiting is None or waiting.account.patient_id != patient.id:
            raise self._nothing()
        account, now = waiting.account, self._gate.clock.now()
        is_known = fits(account.id, claim.code, waiting.code_sha256) and claim.birth_date == patient.birth_date
        if not is_known or now >= account.claim_until or not await self._may_read(account):
            await self._count(waiting)
            return ClaimRefusedError()
        await self._rows.put(account.model_copy(update={"claimed_at": now}))
        self._gate.trail.permit(
            patient.id, basis=Basis.CONSENT, purpose=_FOR, related_person=account.related_person_id, claimed_by=caller
        )
        return ClaimedRelatedPerson(related_person_id=account.related_person_id, claimed_at=now)

    async def _may_read(self, account: RelatedPersonAccount) -> bool:
        person = await self._persons.one(account.related_person_id)
        if person is None or person.is_over:
            return False
        decided = await self._telling.to_themselves(person)
        return any(isinstance(one, Permission) for one in decided.values())

    def _nothing(self) -> ClaimRefusedError:
        self._gate.refuse(self._gate.caller.account_id, Refusal.CLAIM_REFUSED)
        return ClaimRefusedError()

    async def _count(self, waiting: ToClaim) -> None:
        attempts, reason = waiting.attempts + 1, REASONS[Refusal.CLAIM_REFUSED]
        self._gate.trail.deny_and_keep(
            waiting.account.patient_id,
            rule=Refusal.CLAIM_REFUSED,
            purpose=_FOR,
            clause=reason.clause,
            remedy=reason.remedy,
            attempts=attempts,
        )
        await self._rows.attempted(waiting.account.id, attempts)
        if attempts == MOST_ATTEMPTS:
            await self._rows.put(_ended(waiting.account, self._gate))


def _ended(account: RelatedPersonAccount, gate: Gate) -> RelatedPersonAccount:
    # It was made by a process whose clock may be ahead, and nothing ends before it began.
    until_at = max(gate.clock.now(), account.from_at + _SHORTEST)
    return account.model_copy(update={"until_at": until_at, "ended_by": gate.caller.account_id})
