"""Whom the caller of a request may see, and of what: records decides it by its gate, and its trail tells it."""

from collections.abc import Iterable, Mapping
from typing import Final, get_args

from services.chassis.audit.trail import Ground, Trail
from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId
from services.contracts.identity import Principal
from services.contracts.records.patients import PatientPresence, SharedInformation
from services.policy.decisions.uses import concerns_everybody
from services.scheduler.errors import OpenedToBeReadError

_SHARED: Final[Mapping[str, SharedInformation]] = {one.value: one for one in get_args(SharedInformation)}


class CallersReach:
    """Asks records for the caller of one request; what it let through, the answer rests on."""

    def __init__(self, records: RecordsClient, caller: Principal, caller_token: str, trail: Trail) -> None:
        self._records = records
        self._caller = caller
        self._token = caller_token
        self._trail = trail

    async def require(self, patient_id: PatientId, information: SharedInformation) -> None:
        """Go on only where the caller may see this of a patient.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller: nobody can tell which.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        await self._presence(patient_id, information, for_change=False)

    async def require_to_change(
        self, patient_id: PatientId, information: SharedInformation = Information.SCHEDULING
    ) -> PatientPresence:
        """Go on only where the caller may change this of a patient, and return where the patient is treated.

        Raises:
            OpenedToBeReadError: The caller sees the patient by a broken glass alone.
            Whatever `require` raises, for the same reasons.
        """
        return await self._presence(patient_id, information, for_change=True)

    async def _presence(
        self, patient_id: PatientId, information: SharedInformation, *, for_change: bool
    ) -> PatientPresence:
        try:
            found = await self._records.patient_presence(self._token, patient_id, information, for_change=for_change)
        except RefusedError as refusal:
            if refusal.problem.code == OpenedToBeReadError.CODE:
                raise OpenedToBeReadError from None
            raise UpstreamUnavailableError("records") from None
        self._trail.rest_on(patient_id, what=information.value)
        return found

    async def require_again(self, grounds: Iterable[Ground]) -> None:
        """Go on only where everything holds for the caller now that a stored answer was given on.

        Raises:
            Whatever `require` raises, for the same reasons.
        """
        for ground in grounds:
            patient_id = PatientId(ground.subject)
            # Nothing is changed by an answer that is given once more.
            if ground.what != Information.ATTENDANCE.value or not self._meets_everybody():
                await self.require(patient_id, _SHARED[ground.what])

    async def require_to_record_attendance(self, patient_id: PatientId) -> None:
        """Go on only where the caller may tell of a patient who came.

        Of whom the duties concern everybody nothing is asked: a front desk checks people in while records is away, and
        records' trail tells of it when it is told who came. Otherwise as `require_to_change`.
        """
        if self._meets_everybody():
            self._trail.rest_on(patient_id, what=Information.ATTENDANCE.value)
        else:
            await self.require_to_change(patient_id, Information.ATTENDANCE)

    def _meets_everybody(self) -> bool:
        return concerns_everybody(self._caller.roles, Information.ATTENDANCE)

    async def among(self, patient_ids: Iterable[PatientId], information: SharedInformation) -> frozenset[PatientId]:
        """Return of which of these patients the caller may see this.

        Raises:
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        asked = sorted(set(patient_ids))
        if not asked:
            return frozenset()
        try:
            seen = await self._records.patients_within_reach(self._token, asked, information)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
        self._trail.rest_on(*sorted(seen), what=information.value)
        return seen
