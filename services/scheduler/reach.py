"""Whom the caller of a request may see, and of what: records decides it by its gate, and its trail tells it."""

from collections.abc import Iterable

from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId
from services.contracts.identity import Principal
from services.contracts.records.patients import SharedInformation
from services.policy.decisions.uses import concerns_everybody


class CallersReach:
    """Asks records for the caller of one request."""

    def __init__(self, records: RecordsClient, caller: Principal, caller_token: str) -> None:
        self._records = records
        self._caller = caller
        self._token = caller_token

    async def require(self, patient_id: PatientId, information: SharedInformation) -> None:
        """Go on only where the caller may see this of a patient.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller: nobody can tell which.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        try:
            await self._records.patient_presence(self._token, patient_id, information)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None

    async def require_to_record_attendance(self, patient_id: PatientId) -> None:
        """Go on only where the caller may tell of a patient who came.

        Of whom the duties concern everybody nothing is asked: a front desk checks people in while records is away, and
        records' trail tells of it when it is told who came. Otherwise as `require`.
        """
        if not concerns_everybody(self._caller.roles, Information.ATTENDANCE):
            await self.require(patient_id, Information.ATTENDANCE)

    async def among(self, patient_ids: Iterable[PatientId], information: SharedInformation) -> frozenset[PatientId]:
        """Return of which of these patients the caller may see this.

        Raises:
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        asked = sorted(set(patient_ids))
        if not asked:
            return frozenset()
        try:
            return await self._records.patients_within_reach(self._token, asked, information)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
