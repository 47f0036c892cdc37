"""What may be done with family, and what may be said to whom."""

import secrets
from typing import Final, NamedTuple

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.contracts.base import Page
from services.contracts.disclosure import Information, RecipientKind
from services.contracts.identifiers import PatientId, RelatedPersonId
from services.contracts.records.family import (
    FamilyCounselling,
    FamilyExemption,
    FamilyExemptionRequest,
    FamilyPermission,
    FamilyPermissions,
    RelatedPerson,
    RelatedPersonRequest,
)
from services.policy.decisions.answer import Decision, Denial
from services.records.encounters.logic import EncounterReads
from services.records.episodes.logic import EpisodeReads
from services.records.errors import MonthSettledError, OverAlreadyError
from services.records.family.counselling import rule_of
from services.records.family.errors import PersonKnownError
from services.records.family.rules import counselled, first_of, month_status, months_of
from services.records.family.storage import FamilyQueries, FamilyRows, KeptPerson
from services.records.family.telling import Telling
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal
from services.records.recipients.logic import RecipientCommands
from services.records.site_zones.logic import SiteZoneReads

# Who is close to a patient is a matter of consents: it is looked up by whoever answers a call.
_KEPT: Final = Information.CONSENTS


class FamilyCommands:
    """Changes to family, and what may be said to whom, within one unit of work."""

    def __init__(
        self, rows: FamilyRows, patients: PatientCommands, recipients: RecipientCommands, telling: Telling, gate: Gate
    ) -> None:
        self._rows = rows
        self._patients = patients
        self._recipients = recipients
        self._telling = telling
        self._gate = gate

    async def add(self, patient_id: PatientId, request: RelatedPersonRequest) -> RelatedPerson:
        """Enter somebody close to the patient.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: There is no such recipient, or it is neither family nor friend.
            PersonKnownError: This recipient is close to the patient already.
        """
        seal = (await self._patients.lock_sealed(patient_id, _KEPT)).seal
        recipient = await self._recipients.one(request.recipient_id, "/recipient_id")
        if recipient.kind is not RecipientKind.FAMILY_OR_FRIEND:
            raise InvalidRequestError("/recipient_id", "must be a recipient of the kind family_or_friend")
        now = self._gate.clock.now()
        person = RelatedPerson(
            id=RelatedPersonId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            **request.model_dump(),
            created_by=self._gate.caller.account_id,
            created_at=now,
            ended_at=None,
        )
        if not await self._rows.add(person, request, seal):
            raise PersonKnownError
        return person

    async def end(self, person_id: RelatedPersonId) -> RelatedPerson:
        """Say that somebody is close to the patient no longer; a consent that names them stands until it is revoked.

        Raises:
            NotFoundError: There is no such person here, or not for the caller.
            OverAlreadyError: It was said before.
        """
        kept, seal = await self._lock(person_id)
        person = kept.open(seal)
        if person.ended_at is not None:
            raise OverAlreadyError
        now = self._gate.clock.now()
        await self._rows.end(person_id, now)
        return person.model_copy(update={"ended_at": now})

    async def permissions(self, person_id: RelatedPersonId) -> FamilyPermissions:
        """Return of each part of the record whether the caller may tell it to this person now.

        Raises:
            NotFoundError: There is no such person here, or not for the caller.
        """
        kept, _ = await self._lock(person_id)
        decided = await self._telling.about(kept, Information)
        return FamilyPermissions(
            related_person_id=person_id,
            patient_id=kept.patient_id,
            recipient_id=kept.recipient_id,
            items=[_permission(information, decision) for information, decision in decided.items()],
        )

    async def exempt(self, patient_id: PatientId, request: FamilyExemptionRequest) -> FamilyExemption:
        """Say that a month goes without family counselling, and why.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            MonthSettledError: It was said of that month before.
        """
        seal = (await self._patients.lock_sealed(patient_id, Information.TREATMENT_PLAN)).seal
        exemption = FamilyExemption(
            patient_id=patient_id,
            month=first_of(request.month),
            reason=request.reason,
            explanation=request.explanation,
            decided_by=self._gate.caller.account_id,
            decided_at=self._gate.clock.now(),
        )
        if not await self._rows.exempt(exemption, request, seal):
            raise MonthSettledError
        return exemption

    async def _lock(self, person_id: RelatedPersonId) -> tuple[KeptPerson, PersonSeal]:
        found = await self._rows.one(person_id)
        if found is None:
            self._gate.refuse(person_id)
            raise NotFoundError
        seal = (await self._patients.lock_sealed(found.patient_id, _KEPT)).seal
        # Read again: it may have ended before the patient was locked.
        return await self._rows.one(person_id) or found, seal


class Held(NamedTuple):
    """What says which family sessions were held, and in which months of an admission."""

    encounters: EncounterReads
    episodes: EpisodeReads
    zones: SiteZoneReads


class FamilyReads:
    """What can be read of family."""

    def __init__(
        self,
        queries: FamilyQueries,
        patients: PatientReads,
        held: Held,
        gate: Gate,
    ) -> None:
        self._queries = queries
        self._patients = patients
        self._encounters, self._episodes, self._zones = held
        self._gate = gate

    async def persons(self, patient_id: PatientId) -> Page[RelatedPerson]:
        """Return who is or was close to a patient; raises NotFoundError where the patient is not for the caller."""
        seal = await self._patients.seal(patient_id, _KEPT)
        found = await self._queries.persons(patient_id)
        return Page(items=[kept.open(seal) for kept in found], next_page_token=None)

    async def counselling(self, patient_id: PatientId, zone: str) -> FamilyCounselling:
        """Return a patient's family counselling month by month while admitted, by the rule of the site's state.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: The patient's site is in another zone.
        """
        patient, seal = await self._patients.sealed(patient_id, Information.TREATMENT_PLAN)
        zones = await self._zones.for_site(patient.site_id, zone)
        today = zones.day(self._gate.clock.now(), patient.site_id)
        jurisdiction = await self._zones.jurisdiction(patient.site_id)
        rule = None if jurisdiction is None else rule_of(jurisdiction, today)
        months = months_of(await self._episodes.open_days(patient_id, Information.TREATMENT_PLAN), today)
        if rule is None or not months:
            return FamilyCounselling(patient_id=patient_id, jurisdiction=jurisdiction, rule=rule, months=[])
        held = counselled(await self._encounters.between(patient_id, months[0], today), zones)
        exempt = {
            one.month: one.reason
            for one in (sealed.open(seal) for sealed in await self._queries.exemptions(patient_id))
        }
        return FamilyCounselling(
            patient_id=patient_id,
            jurisdiction=jurisdiction,
            rule=rule,
            months=[month_status(month, rule, held, exempt, today) for month in months],
        )


def _permission(information: Information, decision: Decision) -> FamilyPermission:
    if isinstance(decision, Denial):
        return FamilyPermission(
            information=information,
            is_allowed=False,
            rule=decision.rule.value,
            clause=decision.clause,
            remedy=decision.remedy,
            consent_id=None,
            consent_version=None,
        )
    consent = decision.obligations.consent
    return FamilyPermission.model_validate(
        {
            "information": information,
            "is_allowed": True,
            "rule": None,
            "clause": None,
            "remedy": None,
            "consent_id": consent and consent.id,
            "consent_version": consent and consent.version,
        }
    )
