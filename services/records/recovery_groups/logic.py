"""What may be done with wishes to be in a group."""

from collections import defaultdict

from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.recovery_groups import (
    RecoveryGroup,
    RecoveryGroupChoice,
    RecoveryGroupChoiceRequest,
    RecoveryGroupChoices,
    RecoveryGroupMember,
    RecoveryGroupMembers,
)
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.recovery_groups.errors import OptedOutError
from services.records.recovery_groups.rules import joined, overrides, standing
from services.records.recovery_groups.storage import RecoveryGroupQueries, RecoveryGroupRows

_KEPT = Information.TREATMENT_PLAN


class RecoveryGroupCommands:
    """Wishes to be in a group, within one unit of work; neither an episode nor anything else is asked for."""

    def __init__(self, rows: RecoveryGroupRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def choose(self, patient_id: PatientId, request: RecoveryGroupChoiceRequest) -> RecoveryGroupChoice:
        """Write down what a patient wishes from now on.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            OptedOutError: The patient opted out by the own account, and somebody else would enter them again.
        """
        await self._patients.lock(patient_id, _KEPT)
        choices = await self._rows.of_patient(patient_id)
        by_patient = self._gate.own == patient_id
        if not by_patient and overrides(request, choices):
            raise OptedOutError
        choice = RecoveryGroupChoice(
            patient_id=patient_id,
            number=len(choices) + 1,
            **request.model_dump(),
            by_patient=by_patient,
            recorded_by=self._gate.caller.account_id,
            recorded_at=self._gate.clock.now(),
        )
        await self._rows.add(choice)
        return choice


class RecoveryGroupReads:
    """What can be read of wishes."""

    def __init__(self, queries: RecoveryGroupQueries, patients: PatientReads) -> None:
        self._queries = queries
        self._patients = patients

    async def of_patient(self, patient_id: PatientId) -> RecoveryGroupChoices:
        """Return what a patient wishes and has wished; raises NotFoundError where the patient is not for the caller."""
        await self._patients.presence(patient_id, _KEPT)
        choices = await self._queries.of_many([patient_id])
        return RecoveryGroupChoices(patient_id=patient_id, joins=joined(choices), items=choices)

    async def members(self, site_id: SiteId, group: RecoveryGroup) -> RecoveryGroupMembers:
        """Return who of a site wishes to be in a group, of those whom the caller may see."""
        reached = await self._patients.reached(site_id, _KEPT)
        of_each: dict[PatientId, list[RecoveryGroupChoice]] = defaultdict(list)
        for one in await self._queries.of_many(reached):
            of_each[one.patient_id].append(one)
        newest = [standing(choices).get(group) for choices in of_each.values()]
        items = [
            RecoveryGroupMember(patient_id=one.patient_id, since=one.recorded_at)
            for one in newest
            if one is not None and one.joins
        ]
        self._patients.shown({one.patient_id for one in items}, _KEPT)
        return RecoveryGroupMembers(group=group, items=sorted(items, key=lambda one: (one.since, one.patient_id)))
