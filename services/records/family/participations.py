"""What may be done with who of the family takes part in what."""

import secrets
from collections.abc import Sequence
from typing import Final, NamedTuple

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.disclosure import Information, Purpose
from services.contracts.identifiers import FamilyParticipationId, PatientId, RelatedPersonId
from services.contracts.records.family_participations import (
    FamilyParticipation,
    FamilyParticipationKind,
    FamilyParticipationRequest,
    FamilyParticipations,
)
from services.policy.decisions.answer import Decision, Denial
from services.records.episodes.rules import latest_day
from services.records.errors import OverAlreadyError
from services.records.family.errors import ParticipationDeniedError, ParticipationKnownError
from services.records.family.participation_storage import KeptParticipation, ParticipationRows
from services.records.family.storage import FamilyRows, KeptPerson
from services.records.family.telling import Telling, Told
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands

_KEPT: Final = Information.CONSENTS
# Whoever sits in a session with a patient learns that the patient attends it; in a group the other families do too.
_LEARNT: Final = Information.ATTENDANCE


class ParticipationCommands:
    """Who takes part, and whether they may, within one unit of work: consents are looked at as they stand now."""

    def __init__(
        self,
        rows: ParticipationRows,
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

    async def agree(self, person_id: RelatedPersonId, request: FamilyParticipationRequest) -> FamilyParticipation:
        """Write down that the patient agrees to somebody's taking part.

        Raises:
            NotFoundError: There is no such person here, or not for the caller.
            OverAlreadyError: They are close to the patient no longer.
            InvalidRequestError: A day lies in the future.
            ParticipationDeniedError: No consent lets them, or the families of a group, learn that the patient attends.
            ParticipationKnownError: They take part in this already.
        """
        person = await self._lock(person_id)
        if person.is_over:
            raise OverAlreadyError
        for name in ("patient_agreed_on", "promised_on"):
            day = getattr(request, name)
            if day is not None and day > latest_day(self._gate.clock.now()):
                raise InvalidRequestError(f"/{name}", "must not lie in the future")
        denials = await self._denials(person.patient_id, [person])
        self._refuse_denied(person, request.kind, denials)
        now = self._gate.clock.now()
        kept = KeptParticipation(
            id=FamilyParticipationId(new_id(now, secrets.token_bytes(10))),
            related_person_id=person_id,
            patient_id=person.patient_id,
            kind=request.kind,
            patient_agreed_on=request.patient_agreed_on,
            promised_on=request.promised_on,
            recorded_by=self._gate.caller.account_id,
            recorded_at=now,
            ended_at=None,
        )
        if not await self._rows.add(kept):
            raise ParticipationKnownError
        return _told(kept, None, is_over=False)

    async def end(self, participation_id: FamilyParticipationId) -> FamilyParticipation:
        """Write down that somebody takes part no longer: the patient's word alone suffices, and so does theirs.

        Raises:
            NotFoundError: There is no such participation here, or not for the caller.
            OverAlreadyError: It has ended.
        """
        kept = await self._rows.one(participation_id)
        if kept is None:
            self._gate.refuse(participation_id)
            raise NotFoundError
        await self._patients.lock(kept.patient_id, _KEPT)
        # Read again: it may have ended before the patient was locked.
        kept = await self._rows.one(participation_id) or kept
        if kept.ended_at is not None:
            raise OverAlreadyError
        ended = kept.model_copy(update={"ended_at": self._gate.clock.now()})
        await self._rows.end(ended)
        return _told(ended, None, is_over=True)

    async def of_patient(self, patient_id: PatientId) -> FamilyParticipations:
        """Return who takes or took part with a patient, and of nobody else; oldest first.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.lock(patient_id, _KEPT)
        persons = {one.id: one for one in await self._persons.of_patient(patient_id)}
        denials = await self._denials(patient_id, list(persons.values()))
        items = [
            _told(one, denials.of(one.related_person_id, one.kind), is_over=persons[one.related_person_id].is_over)
            for one in await self._rows.of_patient(patient_id)
        ]
        return FamilyParticipations(items=items, next_page_token=None)

    async def _denials(self, patient_id: PatientId, persons: Sequence[KeptPerson]) -> "_Denials":
        return _Denials(await self._telling.to_each(patient_id, persons, _LEARNT))

    def _refuse_denied(self, person: KeptPerson, kind: FamilyParticipationKind, denials: "_Denials") -> None:
        denial = denials.of(person.id, kind)
        if denial is None:
            return
        to_group = denials.of_person(person.id) is None
        recipient = None if to_group else person.recipient_id
        self._gate.denied_disclosure(person.patient_id, denial, Purpose.FAMILY_INVOLVEMENT, recipient, _LEARNT)
        raise ParticipationDeniedError(denial, to_group=to_group)

    async def _lock(self, person_id: RelatedPersonId) -> KeptPerson:
        found = await self._persons.one(person_id)
        if found is None:
            self._gate.refuse(person_id)
            raise NotFoundError
        await self._patients.lock(found.patient_id, _KEPT)
        # Read again: it may have been said before the patient was locked that they are close no longer.
        return await self._persons.one(person_id) or found


class _Denials(NamedTuple):
    """Why somebody may not take part: it is they who may not learn of the patient, or the other families."""

    told: Told

    def of(self, person_id: RelatedPersonId, kind: FamilyParticipationKind) -> Denial | None:
        """Return what keeps a person from taking part in this, the nearest first."""
        among_others = kind is FamilyParticipationKind.MULTI_FAMILY_GROUP
        return self.of_person(person_id) or (_denial(self.told.to_group) if among_others else None)

    def of_person(self, person_id: RelatedPersonId) -> Denial | None:
        """Return what keeps a person from learning that the patient attends."""
        return _denial(self.told.to_person[person_id])


def _denial(decision: Decision) -> Denial | None:
    return decision if isinstance(decision, Denial) else None


def _told(kept: KeptParticipation, denial: Denial | None, *, is_over: bool) -> FamilyParticipation:
    has_ended = is_over or kept.ended_at is not None
    denies = None if has_ended else denial
    return FamilyParticipation(
        **kept.model_dump(),
        may_take_part=not has_ended and denies is None,
        rule=None if denies is None else denies.rule.value,
        clause=None if denies is None else denies.clause,
        remedy=None if denies is None else denies.remedy,
    )
