"""What is allowed with one's own week: everybody sees theirs, and says how to hear of it."""

from datetime import date

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import NotFoundError, StaleVersionError, VersionRequiredError
from services.chassis.sealing import SealingKey
from services.contracts.identifiers import AccountId, OrganizationId, PractitionerId
from services.contracts.scheduler.own_schedules import (
    OwnNoticePreference,
    OwnNoticePreferenceRequest,
    OwnWeek,
    PractitionerAccount,
    PractitionerAccountRequest,
)
from services.scheduler.keys.logic import KeysLogic, KeysReader
from services.scheduler.own_schedules import storage
from services.scheduler.weekly import refuse_no_monday


class OwnSchedulesReader:
    """Reads what staff do."""

    def __init__(self, read: Read, clock: Clock) -> None:
        self._read = read
        self._clock = clock

    async def week(self, account_id: AccountId, week: date) -> OwnWeek:
        """Return what the holder of an account does in a week, at every site.

        Raises:
            InvalidRequestError: The week does not begin on a Monday.
        """
        refuse_no_monday("week", week)
        return OwnWeek(
            week=week,
            practitioner_ids=await storage.practitioners_of(self._read, account_id),
            sessions=await storage.week_of(self._read, account_id, week, self._clock.now()),
        )


class OwnNoticePreferencesReader:
    """Reads how staff are written to."""

    def __init__(self, read: Read, keys: KeysReader) -> None:
        self._read = read
        self._keys = keys

    async def get(self, account_id: AccountId) -> OwnNoticePreference:
        """Return how the holder of an account is written to.

        Raises:
            NotFoundError: The holder has not said so.
        """
        preference = await self.find(account_id)
        if preference is None:
            raise NotFoundError
        return preference

    async def find(self, account_id: AccountId) -> OwnNoticePreference | None:
        """Return how the holder of an account is written to, or None where the holder has not said so."""
        row = await storage.find_preference(self._read, account_id)
        return None if row is None else storage.opened(row, await self._key_of(row["address"]))

    async def of_practitioner(self, practitioner_id: PractitionerId) -> OwnNoticePreference | None:
        """Return how a practitioner is written to; None where it is nobody's account, or its holder has not said so."""
        row = await storage.preference_of_practitioner(self._read, practitioner_id)
        return None if row is None else storage.opened(row, await self._key_of(row["address"]))

    async def _key_of(self, address: bytes | None) -> SealingKey | None:
        return None if address is None else await self._keys.of_organization()


class OwnSchedulesLogic:
    """Records who signs in as whom, and how that person hears of their week."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        reader: OwnNoticePreferencesReader,
        keys: KeysLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._reader = reader
        self._keys = keys
        self._clock = clock

    async def put_account(
        self, practitioner_id: PractitionerId, request: PractitionerAccountRequest
    ) -> PractitionerAccount:
        """Say whose account a practitioner signs in with.

        Raises:
            NotFoundError: There is no such practitioner in the caller's organization.
        """
        if not await storage.is_practitioner(self._db, practitioner_id):
            raise NotFoundError
        if request.account_id is None:
            await storage.delete_account(self._db, practitioner_id)
        else:
            await storage.put_account(
                self._db,
                self._organization_id,
                practitioner_id,
                request.account_id,
                recorded_by=self._account_id,
                now=self._clock.now(),
            )
        return PractitionerAccount(practitioner_id=practitioner_id, account_id=request.account_id)

    async def put_preference(
        self, request: OwnNoticePreferenceRequest, expected_version: int | None
    ) -> OwnNoticePreference:
        """Record how the caller wishes to be written to, for the first time or in place of version `expected_version`.

        Raises:
            VersionRequiredError: There is one already, and no version was named.
            StaleVersionError: Another version is current.
        """
        before = await self._reader.find(self._account_id)
        if before is not None and expected_version is None:
            raise VersionRequiredError
        version = 0 if before is None else before.version
        preference = OwnNoticePreference(
            **request.model_dump(), account_id=self._account_id, version=version + 1, updated_at=self._clock.now()
        )
        key = await self._keys.for_organization()
        is_current = (expected_version or 0) == version
        if not is_current or not await storage.put_preference(self._db, self._organization_id, preference, key):
            raise StaleVersionError("Another version is current: read it again and send its ETag.")
        return preference


class OwnNoticeOptOuts:
    """Takes a practitioner's own word that nothing more is to be sent."""

    def __init__(self, db: UnitOfWork, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def opt_out(self, practitioner_id: PractitionerId) -> None:
        """Send the practitioner nothing from now on; nothing changes where that is so already."""
        await storage.opt_out(self._db, practitioner_id, self._clock.now())
