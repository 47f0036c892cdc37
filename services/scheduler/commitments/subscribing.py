"""What is allowed with calendars that stay where they are."""

from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork
from services.chassis.errors import InvalidRequestError
from services.contracts.identifiers import CommitmentSourceId, OrganizationId, PatientId
from services.contracts.scheduler.commitments import (
    CommitmentPreview,
    CommitmentSource,
    SourceKind,
    SourceStatus,
    SubscriptionRequest,
)
from services.scheduler.commitments import storage
from services.scheduler.commitments.logic import CommitmentPreviews, CommitmentSites, CommitmentsReader
from services.scheduler.commitments.poll_rules import SENTENCES
from services.scheduler.commitments.polling import Attempts, PollSchedule
from services.scheduler.commitments.readers import unread_source
from services.scheduler.commitments.remote import RemoteCalendars
from services.scheduler.commitments.sealed import Access, SourceSeal
from services.scheduler.errors import (
    CalendarNotReadError,
    SourceDisabledError,
    SourceNotPolledError,
    SourceReadJustNowError,
    TooManyRemotePreviewsError,
)
from services.scheduler.keys.logic import KeysLogic
from services.scheduler.storing import fresh_id

_NOT_AGAIN_WITHIN: Final = timedelta(minutes=1)


def _access(request: SubscriptionRequest, remote: RemoteCalendars) -> Access:
    url = remote.check(request.url.get_secret_value())
    if url is None:
        raise InvalidRequestError(
            "/url", "must be a https: or webcal: address of the open internet, without user, password or fragment"
        )
    password = "" if request.password is None else request.password.get_secret_value()
    return Access(url, request.user_name, password)


class SubscriptionPreviews:
    """Reads a calendar where it is, and keeps nothing of it."""

    def __init__(
        self,
        *,
        remote: RemoteCalendars,
        attempts: Attempts,
        sites: CommitmentSites,
        previews: CommitmentPreviews,
    ) -> None:
        self._remote = remote
        self._attempts = attempts
        self._sites = sites
        self._previews = previews

    async def preview(
        self, patient_id: PatientId, request: SubscriptionRequest, caller_token: str
    ) -> CommitmentPreview:
        """Tell what the calendar says.

        Raises:
            NotFoundError: There is no such patient in the caller's organization, or not at one of its sites.
            InvalidRequestError: The address can be seen to lead nowhere good.
            TooManyRemotePreviewsError: Enough are waiting for such servers.
            CalendarNotReadError: It could not be read; says why, never where.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        access = _access(request, self._remote)
        zone = ZoneInfo((await self._sites.of(patient_id, caller_token)).zone)
        if self._remote.places.locked():
            raise TooManyRemotePreviewsError
        async with self._remote.places:
            attempted = await self._attempts.read_remote(request.kind, access, None, zone)
        if attempted.reading is None:
            raise CalendarNotReadError(attempted.outcome.value, SENTENCES[attempted.outcome])
        return await self._previews.reading(patient_id, zone, attempted.reading, caller_token)


class SubscriptionsLogic:
    """Subscribes to calendars, and has them read at once."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        *,
        reader: CommitmentsReader,
        sites: CommitmentSites,
        remote: RemoteCalendars,
        schedule: PollSchedule,
        keys: KeysLogic,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._sites = sites
        self._remote = remote
        self._schedule = schedule
        self._keys = keys
        self._clock = clock

    async def subscribe(
        self, patient_id: PatientId, request: SubscriptionRequest, caller_token: str
    ) -> CommitmentSource:
        """Keep where a calendar is, sealed, and have it read soon and then again and again.

        Raises:
            NotFoundError: There is no such patient in the caller's organization, or not at one of its sites.
            InvalidRequestError: The address can be seen to lead nowhere good.
            UpstreamUnavailableError: Records does not answer, or refuses what it always grants.
        """
        access = _access(request, self._remote)
        site = await self._sites.of(patient_id, caller_token)
        now = self._clock.now()
        source_id = CommitmentSourceId(fresh_id(now))
        key = await self._keys.for_patient(patient_id)
        sealed = SourceSeal(self._organization_id, source_id, key).seal_access(access)
        source = unread_source(SourceKind(request.kind), source_id, patient_id)
        await storage.insert_source(self._db, self._organization_id, source)
        await self._schedule.begin(source_id, site.id, timedelta(), sealed)
        return await self._reader.source(patient_id, source_id)

    async def sync(self, patient_id: PatientId, source_id: CommitmentSourceId) -> CommitmentSource:
        """Have a source read at once.

        Raises:
            NotFoundError: The patient has no such source.
            SourceNotPolledError: It is a file, of which nothing is left to read.
            SourceDisabledError: It is set aside.
            SourceReadJustNowError: It was read within the last minute.
        """
        source = await self._reader.source(patient_id, source_id)
        if source.polling is None:
            raise SourceNotPolledError
        if source.status is SourceStatus.DISABLED:
            raise SourceDisabledError
        attempted_at = source.polling.attempted_at
        if attempted_at is not None and self._clock.now() < attempted_at + _NOT_AGAIN_WITHIN:
            raise SourceReadJustNowError
        await self._schedule.read_in(source_id)
        return await self._reader.source(patient_id, source_id)
