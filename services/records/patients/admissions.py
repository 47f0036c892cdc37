"""Who becomes a patient, and where."""

from services.contracts.records.patients import Patient, PatientRequest
from services.records.patients.logic import PatientCommands
from services.records.site_zones.logic import KnownSites


class PatientAdmissions:
    """Enters patients, within one unit of work."""

    def __init__(self, patients: PatientCommands, sites: KnownSites) -> None:
        self._patients = patients
        self._sites = sites

    async def create(self, request: PatientRequest) -> Patient:
        """Enter a patient at one of the organization's sites.

        Raises:
            InvalidRequestError: There is no such site, or no living person was born on that day.
        """
        await self._sites.refuse_unknown(request.site_id, "/site_id")
        return await self._patients.create(request)
