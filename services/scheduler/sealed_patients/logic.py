"""Of whom nothing may be planned any more."""

from collections.abc import Collection

from services.chassis.database import Read
from services.contracts.identifiers import PatientId
from services.scheduler.sealed_patients import storage


class SealedPatients:
    """Knows of whom nothing may be planned any more, whatever was planned of them before."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def among(self, patients: Collection[PatientId]) -> set[PatientId]:
        """Return those of these patients whose records are sealed or shredded, so far as the scheduler has heard."""
        return await storage.sealed_among(self._read, patients)
