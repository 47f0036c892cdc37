"""What may be done with relapse-prevention plans."""

from services.chassis.errors import NotFoundError, StaleVersionError, VersionRequiredError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId
from services.contracts.records.recovery import RelapsePreventionPlan, RelapsePreventionRequest
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.relapse_prevention.storage import RelapsePlanQueries, RelapsePlanRows


class RelapsePlanCommands:
    """Changes to relapse-prevention plans, within one unit of work."""

    def __init__(self, rows: RelapsePlanRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def put(
        self, patient_id: PatientId, request: RelapsePreventionRequest, expected_version: int | None
    ) -> RelapsePreventionPlan:
        """Add a version to a patient's plan; the first needs no expected version.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            VersionRequiredError: There is a plan already, and the caller does not say which version was read.
            StaleVersionError: Another version has been written meanwhile.
        """
        seal = (await self._patients.lock_sealed(patient_id, Information.TREATMENT_PLAN)).seal
        newest = await self._rows.newest_version(patient_id)
        if newest and expected_version is None:
            raise VersionRequiredError
        if expected_version is not None and expected_version != newest:
            raise StaleVersionError("The plan has changed since you read it; read it again and send its ETag.")
        plan = RelapsePreventionPlan(
            patient_id=patient_id,
            version=newest + 1,
            **request.model_dump(),
            written_by=self._gate.caller.account_id,
            written_at=self._gate.clock.now(),
        )
        await self._rows.add(plan, request, seal)
        return plan


class RelapsePlanReads:
    """What can be read of relapse-prevention plans."""

    def __init__(self, queries: RelapsePlanQueries, patients: PatientReads) -> None:
        self._queries = queries
        self._patients = patients

    async def newest(self, patient_id: PatientId) -> RelapsePreventionPlan:
        """Return the newest version; raises NotFoundError where there is none, or not for the caller."""
        versions = (await self.versions(patient_id)).items
        if not versions:
            raise NotFoundError
        return versions[0]

    async def versions(self, patient_id: PatientId) -> Page[RelapsePreventionPlan]:
        """Return every version, newest first; raises NotFoundError where the patient is not for the caller."""
        seal = await self._patients.seal(patient_id, Information.TREATMENT_PLAN)
        found = await self._queries.versions(patient_id)
        return Page(items=[sealed.open(seal) for sealed in found], next_page_token=None)
