"""What a related person reads by themselves: each look is decided anew, and accounted as a disclosure to them."""

from typing import Final, Protocol

from typing_extensions import override

from services.chassis.errors import InvalidRequestError, NotFoundError, ServiceError
from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import PatientId, RelatedPersonId
from services.contracts.records.disclosures import DisclosedRecord, DisclosureRequest, PartsRequest
from services.contracts.records.encounters import Encounter
from services.contracts.records.family_participations import FamilyParticipationKind
from services.contracts.records.related_person_accounts import (
    OwnRelatedPerson,
    OwnRelatedPersons,
    RelatedPersonAccount,
)
from services.contracts.vocabulary import ServiceKind
from services.policy.decisions.answer import Basis, Denial, Permission
from services.records.disclosures.errors import NothingToDiscloseError
from services.records.disclosures.logic import DisclosureCommands
from services.records.encounters.logic import AttendedReads
from services.records.family.account_storage import RelatedPersonAccountRows
from services.records.family.errors import NothingToReadError
from services.records.family.participation_storage import ParticipationRows
from services.records.family.storage import FamilyRows, KeptPerson
from services.records.family.telling import Telling, as_related_person
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands

_FOR: Final = Purpose.FAMILY_INVOLVEMENT
# Whoever sits in a session with a patient learns that the patient attends it.
_LEARNT: Final = Information.ATTENDANCE
_ON_ONE_CONSENT: Final = (
    "must rest on one consent, and counselling_notes stand alone: ask for each part by a request of its own"
)


class FamilySessions(AttendedReads):
    """Tells of the sessions with the family alone."""

    @override
    async def of_patient(self, patient_id: PatientId) -> list[Encounter]:
        """Return a patient's family sessions, in the order of time."""
        return [one for one in await super().of_patient(patient_id) if one.service is ServiceKind.FAMILY]


class Disclosing(Protocol):
    """Makes what discloses within this unit of work through another gate, all sessions or those with the family."""

    def __call__(self, gate: Gate, /, *, only_family_sessions: bool) -> DisclosureCommands:
        """Return it."""


class Sitting:
    """Who a caller is, of those who are close to a patient, and in what they take part."""

    def __init__(
        self,
        accounts: RelatedPersonAccountRows,
        persons: FamilyRows,
        participations: ParticipationRows,
        patients: PatientCommands,
        gate: Gate,
    ) -> None:
        self._accounts = accounts
        self._persons = persons
        self._participations = participations
        self._patients = patients
        self._gate = gate

    async def all(self) -> list[KeptPerson]:
        """Return whom the caller is now; their patients are locked from now on."""
        persons = [await self._standing(one) for one in await self._mine()]
        return [one for one in persons if one is not None]

    async def one(self, person_id: RelatedPersonId) -> KeptPerson | None:
        """Return a related person if the caller is them now; the patient is locked from now on."""
        account = next((one for one in await self._mine() if one.related_person_id == person_id), None)
        return None if account is None else await self._standing(account)

    async def takes_part(self, person: KeptPerson) -> bool:
        """Whether a person takes part in family sessions by the patient's agreement."""
        return any(
            one.related_person_id == person.id
            and one.kind is FamilyParticipationKind.FAMILY_SESSION
            and one.ended_at is None
            for one in await self._participations.of_patient(PatientId(person.patient_id))
        )

    async def _mine(self) -> list[RelatedPersonAccount]:
        return await self._accounts.claimed_by(self._gate.caller.account_id)

    async def _standing(self, account: RelatedPersonAccount) -> KeptPerson | None:
        try:
            await self._patients.lock_to_disclose(account.patient_id)
        except NotFoundError:
            # The patient's key is destroyed; whom else the caller may be stays as it is.
            return None
        # Read again: either may have ended before the patient was locked, and neither can from now on.
        again = await self._accounts.one(account.id)
        person = await self._persons.one(account.related_person_id)
        has_ended = again is None or again.until_at is not None or person is None or person.is_over
        return None if has_ended else person


class RelatedPersonReads:
    """What a related person reads, within one unit of work: what is told and its entry in the accounting are one."""

    def __init__(self, sitting: Sitting, telling: Telling, disclosing: Disclosing, gate: Gate) -> None:
        self._sitting = sitting
        self._telling = telling
        self._disclosing = disclosing
        self._gate = gate

    async def mine(self) -> OwnRelatedPersons:
        """Return whom the caller is, and what each may read now; of a patient who lets them read nothing, nothing."""
        items = [one for person in await self._sitting.all() if (one := await self._told(person)) is not None]
        if not items:
            self._gate.trail.permit(basis=Basis.CONSENT, purpose=_FOR)
        return OwnRelatedPersons(items=items, next_page_token=None)

    async def record(self, person_id: RelatedPersonId, asked: PartsRequest) -> DisclosedRecord | NothingToReadError:
        """Return parts of the record: all that are asked for, or none. A denial is returned, so that it is kept.

        Raises:
            NothingToReadError: The caller is not this person now, or there is nothing of a part.
            InvalidRequestError: The parts rest on more than one consent.
        """
        person = await self._sitting.one(person_id)
        if person is None:
            raise self._nothing(person_id)
        return await self._disclosed(person, asked, only_family_sessions=False)

    async def family_sessions(self, person_id: RelatedPersonId) -> DisclosedRecord | NothingToReadError:
        """Return the patient's sessions with the family, to somebody who takes part in them; otherwise as `record`.

        Raises:
            NothingToReadError: The caller is not this person now, takes no part, or there was no such session.
        """
        person = await self._sitting.one(person_id)
        if person is None or not await self._sitting.takes_part(person):
            raise self._nothing(person_id)
        return await self._disclosed(person, PartsRequest(information=[_LEARNT]), only_family_sessions=True)

    async def _disclosed(
        self, person: KeptPerson, asked: PartsRequest, *, only_family_sessions: bool
    ) -> DisclosedRecord | NothingToReadError:
        gate = as_related_person(self._gate, person.recipient_id)
        disclosures = self._disclosing(gate, only_family_sessions=only_family_sessions)
        request = DisclosureRequest(**asked.model_dump(), recipient_id=person.recipient_id, purpose=_FOR)
        try:
            answer = await disclosures.disclose(person.patient_id, request)
        except NotFoundError:
            raise NothingToReadError from None
        except NothingToDiscloseError:
            raise InvalidRequestError("information", _ON_ONE_CONSENT, location="query") from None
        return NothingToReadError() if isinstance(answer, ServiceError) else answer

    async def _told(self, person: KeptPerson) -> OwnRelatedPerson | None:
        decided = await self._telling.to_themselves(person)
        permitted = [information for information, one in decided.items() if isinstance(one, Permission)]
        nearest = decided[_LEARNT]
        if not permitted and isinstance(nearest, Denial):
            self._gate.trail.deny(person.patient_id, rule=nearest.rule, purpose=_FOR, related_person=person.id)
            return None
        self._gate.trail.permit(
            person.patient_id, basis=Basis.CONSENT, purpose=_FOR, related_person=person.id, information=permitted
        )
        return OwnRelatedPerson(
            related_person_id=person.id,
            information=permitted,
            has_family_sessions=_LEARNT in permitted and await self._sitting.takes_part(person),
        )

    def _nothing(self, person_id: RelatedPersonId) -> NothingToReadError:
        self._gate.refuse(person_id)
        return NothingToReadError()
