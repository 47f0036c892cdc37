"""Of whom nothing may be planned any more."""

from collections.abc import Collection

from services.chassis.database import Read, UnitOfWork
from services.contracts.identifiers import OrganizationId, PatientId
from services.scheduler.sealed_patients import storage


class SealedPatients:
    """Knows of whom nothing may be planned any more, whatever was planned of them before."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def among(self, patients: Collection[PatientId]) -> set[PatientId]:
        """Return those of these patients whose records are sealed or shredded, so far as the scheduler has heard."""
        return await storage.sealed_among(self._read, patients)


class PlannedPatients:
    """Whom somebody is about to plan: until that is committed nobody else of the organization is sealed here."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, sealed: SealedPatients) -> None:
        self._db = db
        self._organization_id = organization_id
        self._sealed = sealed

    async def sealed_among(self, patients: Collection[PatientId]) -> set[PatientId]:
        """Return those of whom nothing may be planned any more; ask before anything else is held."""
        await storage.lock_to_plan(self._db, self._organization_id)
        return await self._sealed.among(patients)
