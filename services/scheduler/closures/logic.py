"""What is allowed with closures: shown first, then done all at once, and never undone behind anybody's back."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import InvalidRequestError, NotFoundError, UpstreamUnavailableError
from services.chassis.paging import PageRequest
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.base import Page
from services.contracts.identifiers import (
    AccountId,
    AppointmentId,
    ClosureId,
    OrganizationId,
    PatientId,
    SiteId,
    SolveId,
)
from services.contracts.records.treatment_plans import WeekRequirements
from services.contracts.scheduler.closures import (
    ClosedSessions,
    Closure,
    ClosurePolicy,
    ClosurePreview,
    ClosureRequest,
    ClosureStatus,
    SessionOutcome,
)
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.vocabulary import Modality
from services.scheduler.appointments.book import BookedSession
from services.scheduler.appointments.logic import AppointmentsLogic
from services.scheduler.closures import storage
from services.scheduler.closures.hours import ClosedHours
from services.scheduler.closures.rules import (
    Effect,
    WeekBook,
    dedupe_key,
    effects_of,
    monday_of,
    mondays_between,
    shortfalls_of,
)
from services.scheduler.closures.video import VideoReader
from services.scheduler.early_rounds import call_round_early
from services.scheduler.errors import (
    ClosureOverlapsError,
    ClosureReopenedError,
    SiteClosedError,
    SiteNotReadyError,
    SolveInProgressError,
    WeekRefusedError,
)
from services.scheduler.notices.announcing import Announcements
from services.scheduler.notices.facts import NoticeFacts, Sitting
from services.scheduler.notices.logic import NoticesLogic
from services.scheduler.notices.tellings import Telling
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id
from services.scheduler.transport.logic import TransportLogic
from services.scheduler.transport.riding import RidesLogic

_FARTHEST: Final = timedelta(days=366)


class Replanning(Protocol):
    """Plans a week anew; one that is published with the fewest people touched."""

    async def replan(self, site_id: SiteId, week: date, caller_token: str) -> SolveId:
        """Ask for a week and return the solve.

        Raises:
            SiteNotReadyError, SolveInProgressError, WeekRefusedError: It cannot be asked for, and nothing was.
            UpstreamUnavailableError: Records does not answer.
        """

    async def give_up(self, solve_id: SolveId) -> None:
        """Cancel what was asked for, where it is not finished."""


class ClosuresReader:
    """Reads closures."""

    def __init__(self, read: Read, sites: SitesReader) -> None:
        self._read = read
        self._sites = sites

    async def get(self, closure_id: ClosureId) -> Closure:
        """Return a closure, with the site's offset.

        Raises:
            NotFoundError: There is no such closure in the caller's organization.
        """
        closure = await storage.find(self._read, closure_id)
        if closure is None:
            raise NotFoundError
        return _in_zone(closure, await self._zone(closure.site_id))

    async def page(self, site_id: SiteId, page: PageRequest) -> Page[Closure]:
        """Return a page of a site's closures, the first made first.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        zone = await self._zone(site_id)
        return page.page([_in_zone(one, zone) for one in await storage.page_of_site(self._read, site_id, page)])

    async def sessions(self, closure_id: ClosureId) -> ClosedSessions:
        """Return what a closure made of its sessions, in order of time.

        Raises:
            NotFoundError: There is no such closure in the caller's organization.
        """
        zone = await self._zone((await self.get(closure_id)).site_id)
        found = await storage.sessions(self._read, closure_id)
        local = [
            one.model_copy(update={"start": one.start.astimezone(zone), "end": one.end.astimezone(zone)})
            for one in found
        ]
        return ClosedSessions(items=local)

    async def in_force(self, site_id: SiteId, begin: datetime, until: datetime) -> list[ClosedHours]:
        """Return the hours within a span in which a site is closed."""
        return await storage.in_force(self._read, site_id, begin, until)

    async def _zone(self, site_id: SiteId) -> ZoneInfo:
        return ZoneInfo((await self._sites.get(site_id)).zone)


def _in_zone(closure: Closure, zone: ZoneInfo) -> Closure:
    return closure.model_copy(update={"start": closure.start.astimezone(zone), "end": closure.end.astimezone(zone)})


class ClosureGuard:
    """Keeps a version out of the book that would hold sessions in closed hours."""

    def __init__(self, db: UnitOfWork, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def refuse_closed(self, site_id: SiteId) -> None:
        """Look at the book as this transaction leaves it; nobody closes the site until it ends.

        Raises:
            SiteClosedError: Sessions ahead lie in hours in which the site is closed.
        """
        found = await storage.closed_sessions(self._db, site_id, self._clock.now())
        if found:
            raise SiteClosedError(found)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a closure will do."""

    zone: ZoneInfo
    effects: Sequence[Effect]
    weeks: Sequence[WeekBook]


class ClosuresLogic:
    """Closes sites and opens them again."""

    def __init__(
        self,
        db: UnitOfWork,
        organization_id: OrganizationId,
        account_id: AccountId,
        *,
        reader: ClosuresReader,
        sites: SitesReader,
        appointments: AppointmentsLogic,
        notices: NoticesLogic,
        records: RecordsClient,
        replanning: Replanning,
        transport: TransportLogic,
        rides: RidesLogic,
        video: VideoReader,
        clock: Clock,
    ) -> None:
        self._db = db
        self._organization_id = organization_id
        self._account_id = account_id
        self._reader = reader
        self._sites = sites
        self._appointments = appointments
        self._notices = notices
        self._records = records
        self._replanning = replanning
        self._transport = transport
        self._rides = rides
        self._video = video
        self._clock = clock

    async def preview(self, site_id: SiteId, request: ClosureRequest, caller_token: str) -> ClosurePreview:
        """Return what a closure would do and what patients would be told; nothing is stored.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The hours are over, or end more than a year ahead.
            UpstreamUnavailableError: Records does not answer.
        """
        plan = await self._plan(site_id, request, await self._requirements(site_id, request, caller_token))
        announcements = Announcements(self._notices, self._clock)
        return ClosurePreview(
            sessions=[effect.to_contract(plan.zone) for effect in plan.effects],
            shortfalls=shortfalls_of(plan.effects, plan.weeks, plan.zone),
            notices=await announcements.preview_of(telling for _, telling in _tellings(plan.effects, site_id)),
        )

    async def close(self, site_id: SiteId, request: ClosureRequest, caller_token: str) -> Closure:
        """Close a site for some hours: its sessions, the notices, the closure itself, all or nothing.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The hours are over, or end more than a year ahead.
            ClosureOverlapsError: The site is closed in some of these hours already.
            UpstreamUnavailableError: Records does not answer.
        """
        requirements = await self._requirements(site_id, request, caller_token)
        # Whoever is publishing is waited for; from here on the book of the site stays as it is read.
        await storage.hold_site(self._db, site_id)
        closure = self._made(site_id, request)
        if not await storage.insert_closure(self._db, self._organization_id, closure):
            raise ClosureOverlapsError
        plan = await self._plan(site_id, request, requirements)
        await self._perform(closure, plan)
        if request.notify:
            await self._tell(closure, plan)
        if request.policy is ClosurePolicy.RESCHEDULE:
            closure = await self._replan(closure, plan, caller_token)
        return _in_zone(closure, plan.zone)

    async def reopen(self, closure_id: ClosureId) -> Closure:
        """Open a site again; what was cancelled stays so until somebody plans it, and nobody is told anything.

        Repairs that are not finished are cancelled: they are for weeks that are not as they think.

        Raises:
            NotFoundError: There is no such closure in the caller's organization.
            ClosureReopenedError: It is not in force.
        """
        closure = await self._reader.get(closure_id)
        if not await storage.reopen(self._db, closure_id, self._account_id, self._clock.now()):
            raise ClosureReopenedError
        for solve_id in closure.solve_ids:
            await self._replanning.give_up(solve_id)
        return await self._reader.get(closure_id)

    async def _requirements(
        self, site_id: SiteId, request: ClosureRequest, caller_token: str
    ) -> list[WeekRequirements]:
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        now = self._clock.now()
        if not now < request.end <= now + _FARTHEST:
            raise InvalidRequestError("/end", "must lie ahead, within a year: what is over stays as it was")
        try:
            return [
                await self._records.week_requirements(caller_token, site_id, week)
                for week in mondays_between(request.start, request.end, zone)
            ]
        except RefusedError:
            raise UpstreamUnavailableError("records") from None

    async def _plan(self, site_id: SiteId, request: ClosureRequest, requirements: Sequence[WeekRequirements]) -> _Plan:
        zone = ZoneInfo((await self._sites.get(site_id)).zone)
        concerned: list[BookedSession] = []
        weeks: list[WeekBook] = []
        video: set[tuple[AppointmentId, PatientId]] = set()
        for week in requirements:
            booked = await self._appointments.hold_week(site_id, week.week)
            weeks.append(WeekBook(week, _minutes_of(booked)))
            of_week = [session for session in booked if self._is_concerned(session, request)]
            if request.policy is ClosurePolicy.TELEHEALTH:
                video |= await self._video.of_week(of_week, week, zone)
            concerned += of_week
        return _Plan(zone, effects_of(concerned, request.policy, video), weeks)

    def _is_concerned(self, session: BookedSession, request: ClosureRequest) -> bool:
        # What has begun is left to who is there.
        return session.start < request.end and request.start < session.end and session.start > self._clock.now()

    def _made(self, site_id: SiteId, request: ClosureRequest) -> Closure:
        now = self._clock.now()
        return Closure(
            id=ClosureId(fresh_id(now)),
            **request.model_dump(exclude={"notify"}),
            site_id=site_id,
            status=ClosureStatus.CLOSED,
            solve_ids=[],
            created_by=self._account_id,
            created_at=now,
            reopened_by=None,
            reopened_at=None,
        )

    async def _perform(self, closure: Closure, plan: _Plan) -> None:
        cancelled = [one.session.id for one in plan.effects if one.outcome is SessionOutcome.CANCELLED]
        staying_home = {(one.session.id, patient_id) for one in plan.effects for patient_id in one.session.members}
        starts = [one.session.start for one in plan.effects]
        unsettled = await self._rides.unsettled(closure.site_id, staying_home, starts)
        await self._appointments.cancel(cancelled)
        for effect in plan.effects:
            if effect.outcome is SessionOutcome.TELEHEALTH:
                await self._appointments.switch_to_video(effect.session.id, effect.lost)
                await self._transport.free(effect.session.id)
        await call_round_early(self._db, self._organization_id, starts, self._clock.now())
        await self._rides.settle(unsettled)
        concerned = [effect.to_contract(plan.zone) for effect in plan.effects]
        await storage.insert_sessions(self._db, self._organization_id, closure.id, concerned)

    async def _tell(self, closure: Closure, plan: _Plan) -> None:
        for effect, telling in _tellings(plan.effects, closure.site_id):
            await self._notices.queue(
                telling.kind,
                telling.patient_id,
                telling.facts,
                dedupe_key=dedupe_key(closure.id, effect.session.id, telling.patient_id),
            )

    async def _replan(self, closure: Closure, plan: _Plan, caller_token: str) -> Closure:
        solves: list[SolveId] = []
        losing = {shortfall.week for shortfall in shortfalls_of(plan.effects, plan.weeks, plan.zone)}
        for week in sorted(losing):
            # What refuses the solve does not refuse the closure; it can be asked for again.
            with suppress(SiteNotReadyError, SolveInProgressError, WeekRefusedError):
                solves.append(await self._replanning.replan(closure.site_id, week, caller_token))
        await storage.set_solves(self._db, closure.id, solves)
        return closure.model_copy(update={"solve_ids": solves})

    async def repair(self, closure_id: ClosureId, caller_token: str) -> Closure:
        """Ask for each week that the hours are in, as it is published by now, whatever became of its sessions.

        Raises:
            NotFoundError: There is no such closure in the caller's organization.
            ClosureReopenedError: It is not in force.
            SiteNotReadyError: The site lacks what every week needs.
            SolveInProgressError: One of the weeks is being solved; nothing was asked for.
            WeekRefusedError: All of it is past.
            UpstreamUnavailableError: Records does not answer.
        """
        closure = await self._reader.get(closure_id)
        if closure.status is not ClosureStatus.CLOSED:
            raise ClosureReopenedError
        zone = ZoneInfo((await self._sites.get(closure.site_id)).zone)
        weeks = list(mondays_between(closure.start, closure.end, zone))
        this_week = monday_of(self._clock.now(), zone)
        ahead = [week for week in weeks if week >= this_week] or weeks
        solves = [await self._replanning.replan(closure.site_id, week, caller_token) for week in ahead]
        await storage.set_solves(self._db, closure_id, solves)
        return closure.model_copy(update={"solve_ids": solves})


def _minutes_of(booked: Iterable[BookedSession]) -> Counter[PatientId]:
    minutes = Counter[PatientId]()
    for session in booked:
        length = (session.end - session.start) // timedelta(minutes=1)
        minutes.update(dict.fromkeys(session.members, length))
    return minutes


def _tellings(effects: Iterable[Effect], site_id: SiteId) -> Iterator[tuple[Effect, Telling]]:
    for effect in effects:
        session = effect.session
        before = Sitting(session.start, session.end, session.modality, session.practitioner_id, session.room_id)
        by_now = Sitting(session.start, session.end, Modality.TELEHEALTH, session.practitioner_id)
        for patients, after in ((effect.kept, by_now), (effect.lost, None)):
            for patient_id in patients:
                facts = NoticeFacts(site_id, session.id, before=before, after=after)
                yield effect, Telling(patient_id, NoticeKind.CLOSURE, facts)
