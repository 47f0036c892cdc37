"""What is allowed with notice preferences."""

from datetime import datetime
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError, StaleVersionError, VersionRequiredError
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, OrganizationId, PatientId
from services.contracts.scheduler.notices import NoticeLanguage, NoticePreference, NoticePreferenceRequest
from services.scheduler.keys.logic import KeysLogic, KeysReader
from services.scheduler.notice_preferences import storage
from services.scheduler.notice_preferences.terms import NoticeTerms
from services.scheduler.reach import CallersReach


class NoticePreferencesReader:
    """Reads how patients are written to."""

    def __init__(self, read: Read, keys: KeysReader) -> None:
        self._read = read
        self._keys = keys

    async def get(self, patient_id: PatientId, reach: CallersReach) -> NoticePreference:
        """Return a patient's preference, with the address, to somebody who may see where the patient is to be reached.

        Raises:
            NotFoundError: Nobody has recorded one, or there is no such patient here, or not for the caller.
            UpstreamUnavailableError: Records does not answer.
        """
        await reach.require(patient_id, Information.DEMOGRAPHICS)
        preference = await self.find(patient_id)
        if preference is None:
            raise NotFoundError
        return preference

    async def find(self, patient_id: PatientId) -> NoticePreference | None:
        """Return a patient's preference, or None where nobody has recorded one."""
        row = await storage.find(self._read, patient_id)
        if row is None:
            return None
        return storage.opened(row, None if row["address"] is None else await self._keys.of_patient(patient_id))


_NO_TERMS: Final = NoticeTerms(opted_in=False, language=NoticeLanguage.ENGLISH, reminder_hours=None)


class NoticeTermsReader:
    """Reads what patients have agreed to, without opening an address."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def of(self, patient_id: PatientId) -> NoticeTerms:
        """Return what a patient has agreed to: nothing, where nobody has recorded it."""
        return (await storage.terms_of(self._read, [patient_id])).get(patient_id, _NO_TERMS)


class NoticePreferencesLogic:
    """Records how a patient has agreed to be written to, who recorded it, and since when."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        reader: NoticePreferencesReader,
        keys: KeysLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._reader = reader
        self._keys = keys
        self._clock = clock

    async def put(
        self,
        patient_id: PatientId,
        request: NoticePreferenceRequest,
        expected_version: int | None,
        reach: CallersReach,
    ) -> NoticePreference:
        """Record a patient's preference, the first one or in place of version `expected_version`.

        Raises:
            NotFoundError: There is no such patient in the caller's organization.
            VersionRequiredError: There is one already, and no version was named.
            StaleVersionError: Another version is current.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        await reach.require_to_change(patient_id, Information.DEMOGRAPHICS)
        before = await self._reader.find(patient_id)
        version = 0 if before is None else before.version
        if before is not None and expected_version is None:
            raise VersionRequiredError
        if (expected_version or 0) != version:
            raise StaleVersionError("Another version is current: read it again and send its ETag.")
        preference = self._recorded(patient_id, request, before)
        key = await self._keys.for_patient(patient_id)
        write = storage.insert_preference if before is None else storage.replace_preference
        if not await write(self._db, self._organization_id, preference, key):
            raise StaleVersionError("Somebody recorded another one at this moment: read it again and send its ETag.")
        return preference

    def _recorded(
        self, patient_id: PatientId, request: NoticePreferenceRequest, before: NoticePreference | None
    ) -> NoticePreference:
        now = self._clock.now()
        return NoticePreference(
            **request.model_dump(),
            patient_id=patient_id,
            opted_in_at=_opted_in_at(request, before, now),
            recorded_by=self._account_id,
            version=1 if before is None else before.version + 1,
            updated_at=now,
        )


def _opted_in_at(request: NoticePreferenceRequest, before: NoticePreference | None, now: datetime) -> datetime | None:
    if not request.opted_in:
        return None
    # An agreement is to be written to at one address in one way: another one is agreed to anew.
    if before is not None and (before.channel, before.address) == (request.channel, request.address):
        return before.opted_in_at or now
    return now


class NoticeOptOuts:
    """Takes a patient's own word that nothing more is to be sent (47 CFR 64.1200(a)(10))."""

    def __init__(self, db: UnitOfWork, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def opt_out(self, patient_id: PatientId) -> None:
        """Send the patient nothing from now on; nothing changes where that is so already."""
        await storage.opt_out(self._db, patient_id, self._clock.now())
