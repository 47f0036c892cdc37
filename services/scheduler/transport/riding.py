"""What is allowed without a ride: whoever needs one gets it together with the seat in the session, or says why not."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.chassis.clock import Clock
from services.chassis.database import Read, UnitOfWork
from services.chassis.errors import UpstreamUnavailableError
from services.clients.errors import RefusedError
from services.clients.records import RecordsClient
from services.contracts.identifiers import AppointmentId, OrganizationId, PatientId, RideId, SiteId
from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.transport import (
    MissingRide,
    MissingRides,
    NoRide,
    NoRideReason,
    Ride,
    Run,
    RunDirection,
)
from services.scheduler.sites.logic import SitesReader
from services.scheduler.storing import fresh_id
from services.scheduler.transport import riding_storage, storage
from services.scheduler.transport.errors import NoRideError, RidesMissingError
from services.scheduler.transport.facts import Arrangement, Coming, Leg, LostSeat, Replacement, TakenSeat
from services.scheduler.transport.rules import arranged, legs_of, missing_ride, replacement, stays_of, ways_left
from services.scheduler.weekly import refuse_no_monday

_DAY: Final = timedelta(days=1)
_NOBODY_LEAVES: Final[frozenset[tuple[AppointmentId, PatientId]]] = frozenset()


def needs_ride(seating: PatientSeating) -> bool:
    """Whether the patient's plan needs transport."""
    return seating.plan is not None and seating.plan.needs_transport


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days of a site."""

    begin: datetime
    until: datetime

    @classmethod
    def around(cls, instants: Iterable[datetime], zone: ZoneInfo) -> "Span":
        """Return the days in which these instants lie."""
        days = sorted(instant.astimezone(zone).date() for instant in instants)
        return cls(datetime.combine(days[0], time(), zone), datetime.combine(days[-1] + _DAY, time(), zone))

    @classmethod
    def of_week(cls, monday: date, zone: ZoneInfo) -> "Span":
        """Return the days of a week."""
        return cls(datetime.combine(monday, time(), zone), datetime.combine(monday + 7 * _DAY, time(), zone))


@dataclass(frozen=True, slots=True)
class _Facts:
    coming: Sequence[Coming]
    seats: Sequence[TakenSeat]
    runs: Sequence[Run]


class RidesReader:
    """Reads who needs a ride and has none, as things are or as they would be."""

    def __init__(self, read: Read, sites: SitesReader, clock: Clock) -> None:
        self._read = read
        self._sites = sites
        self._clock = clock

    async def zone(self, site_id: SiteId) -> ZoneInfo:
        """Return the zone of a site.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
        """
        return ZoneInfo((await self._sites.get(site_id)).zone)

    async def facts(self, site_id: SiteId, patients: Collection[PatientId], span: Span) -> _Facts:
        """Return how these patients come to a site and go home, and the runs of these days."""
        asked = (self._read, site_id, patients, span.begin, span.until)
        return _Facts(
            coming=await riding_storage.coming(*asked),
            seats=await riding_storage.seats(*asked),
            runs=await storage.runs_between(self._read, site_id, span.begin, span.until),
        )

    async def would_miss(
        self,
        site_id: SiteId,
        entering: Collection[Coming],
        leaving: AbstractSet[tuple[AppointmentId, PatientId]] = _NOBODY_LEAVES,
    ) -> list[MissingRide]:
        """Say which ways nobody could drive, if people got these seats and gave those up, all at once."""
        if not entering:
            return []
        zone = await self.zone(site_id)
        span = Span.around((session.start for session in entering), zone)
        patients = {session.patient_id for session in entering}
        facts = _without(await self.facts(site_id, patients, span), leaving)
        stays = stays_of([*facts.coming, *entering])
        new = {session.appointment_id for session in entering}
        now = self._clock.now()
        legs = [leg for leg in legs_of(stays, now) if leg.stay.concerns(new)]
        arrangement = arranged(legs, facts.seats, facts.runs, now)
        return self.told(arrangement.missing, facts.runs, zone)

    async def missing(self, site_id: SiteId, patients: Collection[PatientId], span: Span) -> list[MissingRide]:
        """Say who of these patients has neither a ride nor a reason, with the runs that would serve."""
        facts = await self.facts(site_id, patients, span)
        now = self._clock.now()
        arrangement = arranged(legs_of(stays_of(facts.coming), now), facts.seats, [], now)
        return self.told(arrangement.missing, facts.runs, await self.zone(site_id))

    async def areas(
        self, site_id: SiteId, patients: Collection[PatientId]
    ) -> Mapping[tuple[PatientId, RunDirection], str]:
        """Return where these patients were picked up, and let off, the last time."""
        return await riding_storage.areas(self._read, site_id, patients)

    def told(self, legs: Iterable[Leg], runs: Sequence[Run], zone: ZoneInfo) -> list[MissingRide]:
        """Write down ways without a seat, beside the runs that have some."""
        now = self._clock.now()
        return [missing_ride(leg, runs, zone, now) for leg in legs]


class MissingRidesReader:
    """Reads whose plans need transport in a week, and who of them has neither a ride nor a reason."""

    def __init__(self, rides: RidesReader, records: RecordsClient) -> None:
        self._rides = rides
        self._records = records

    async def of_week(self, site_id: SiteId, week: date, caller_token: str) -> MissingRides:
        """Return the ways of a week that lie ahead and that nobody drives, with the runs that would serve.

        Raises:
            NotFoundError: There is no such site in the caller's organization.
            InvalidRequestError: The week does not begin on a Monday.
            UpstreamUnavailableError: Records does not answer.
        """
        refuse_no_monday("week", week)
        zone = await self._rides.zone(site_id)
        try:
            requirements = await self._records.week_requirements(caller_token, site_id, week)
        except RefusedError:
            raise UpstreamUnavailableError("records") from None
        riders = [patient.patient_id for patient in requirements.patients if patient.needs_transport]
        return MissingRides(items=await self._rides.missing(site_id, riders, Span.of_week(week, zone)))


def _without(facts: _Facts, leaving: AbstractSet[tuple[AppointmentId, PatientId]]) -> _Facts:
    """Return the facts as they are when these seats, and with them the ones on the way, have been given up."""
    gone = [seat for seat in facts.seats if (seat.appointment_id, seat.patient_id) in leaving]
    free = [seat.run_id for seat in gone]
    return _Facts(
        coming=[one for one in facts.coming if (one.appointment_id, one.patient_id) not in leaving],
        seats=[seat for seat in facts.seats if seat not in gone],
        runs=[run.model_copy(update={"taken": run.taken - free.count(run.id)}) for run in facts.runs],
    )


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Ways of sessions on these days whose rides went with other sessions of the same stay."""

    site_id: SiteId
    span: Span
    patients: AbstractSet[PatientId]
    ways: AbstractSet[tuple[AppointmentId, RunDirection]]


class RidesLogic:
    """Takes and frees seats on the way, within the transaction in which seats in sessions change."""

    def __init__(self, db: UnitOfWork, organization_id: OrganizationId, *, reader: RidesReader, clock: Clock) -> None:
        self._db = db
        self._organization_id = organization_id
        self._reader = reader
        self._clock = clock

    async def bring(
        self,
        seating: PatientSeating,
        site_id: SiteId,
        sessions: Collection[Coming],
        reason: NoRideReason | None,
        *,
        pointer: str = "/no_ride_reason",
    ) -> None:
        """Take seats to and from sessions on site that a patient has been given; or keep why none is needed.

        Raises:
            NoRideError: The plan needs transport, no fitting run has a seat, and there is no reason; `pointer` is where
                it would be sent. The transaction can only be rolled back.
        """
        if not sessions or not needs_ride(seating):
            return
        if reason is not None:
            await riding_storage.insert_waivers(self._db, self._organization_id, sessions, reason, self._clock.now())
            return
        zone = await self._reader.zone(site_id)
        span = Span.around((session.start for session in sessions), zone)
        concerned = {session.appointment_id for session in sessions}
        missing, runs = await self._arrange(
            site_id, {seating.patient_id}, span, lambda leg: leg.stay.concerns(concerned), anew=concerned
        )
        if missing:
            raise NoRideError(self._reader.told(missing, runs, zone), pointer)

    async def try_to_bring(self, site_id: SiteId, sessions: Collection[Coming]) -> None:
        """Take seats for these people as far as there are any; who stays without is in the list of missing rides."""
        if sessions:
            span = Span.around((session.start for session in sessions), await self._reader.zone(site_id))
            concerned = {session.appointment_id for session in sessions}
            patients = {session.patient_id for session in sessions}
            await self._arrange(site_id, patients, span, lambda leg: leg.stay.concerns(concerned))

    async def bring_week(
        self, site_id: SiteId, week: date, riders: Collection[PatientId], excused: Collection[NoRide]
    ) -> None:
        """Take seats for all of these patients in a week, and keep the reasons of those whom no run can serve.

        Seats that go with sessions by telehealth are free again.

        Raises:
            RidesMissingError: Somebody has neither a ride nor a reason. The transaction can only be rolled back.
        """
        span = Span.of_week(week, await self._reader.zone(site_id))
        await riding_storage.delete_rides_to_screens(self._db, site_id, span.begin, span.until)
        if not riders:
            return
        reasons = {one.patient_id: one.reason for one in excused}
        missing, runs = await self._arrange(site_id, riders, span, lambda _: True)
        unexcused = [leg for leg in missing if leg.stay.patient_id not in reasons]
        if unexcused:
            raise RidesMissingError(self._reader.told(unexcused, runs, await self._reader.zone(site_id)))
        for leg in missing:
            reason = reasons[leg.stay.patient_id]
            await riding_storage.insert_waivers(
                self._db, self._organization_id, [leg.session], reason, self._clock.now()
            )

    async def unsettled(
        self, site_id: SiteId, leaving: AbstractSet[tuple[AppointmentId, PatientId]], instants: Collection[datetime]
    ) -> Unsettled | None:
        """Return what `settle` is to see to when people have given up these seats at these times; None if nothing."""
        riders = await riding_storage.riders_of(self._db, {appointment_id for appointment_id, _ in leaving})
        patients = riders & {patient_id for _, patient_id in leaving}
        if not patients:
            return None
        span = Span.around(instants, await self._reader.zone(site_id))
        facts = await self._reader.facts(site_id, patients, span)
        ways = ways_left(stays_of(facts.coming), facts.seats, leaving)
        return Unsettled(site_id, span, patients, ways) if ways else None

    async def settle(self, unsettled: Unsettled | None) -> None:
        """Give whoever stays for the rest of the day another way there, or home, for the one that is gone.

        Where no run can do that, it is left to the list of missing rides: giving a seat back is never refused.
        """
        if unsettled is None:
            return
        ways = unsettled.ways

        def is_left(leg: Leg) -> bool:
            return any((session.appointment_id, leg.direction) in ways for session in leg.stay.sessions)

        await self._arrange(unsettled.site_id, unsettled.patients, unsettled.span, is_left)

    async def replace(self, site_id: SiteId, span: Span, lost: Collection[LostSeat]) -> Replacement:
        """Give everybody another seat for the way that is gone, where there is one; it stops where that one would have.

        Who had a seat needs one, whatever was said of why none is needed.
        """
        patients = {one.patient_id for one in lost}
        coming = (await self._reader.facts(site_id, patients, span)).coming
        anew = {one.appointment_id for one in coming}
        areas = {(one.patient_id, one.direction): one.area for one in lost if one.area is not None}
        await self._arrange(
            site_id, patients, span, lambda leg: any(leg.was_of(one) for one in lost), anew=anew, known=areas
        )
        seats = (await self._reader.facts(site_id, patients, span)).seats
        stays = stays_of(replace(one, is_waived=False) for one in coming)
        return replacement(lost, legs_of(stays, self._clock.now()), seats)

    async def _arrange(
        self,
        site_id: SiteId,
        patients: Collection[PatientId],
        span: Span,
        is_wanted: Callable[[Leg], bool],
        *,
        anew: AbstractSet[AppointmentId] = frozenset(),
        known: Mapping[tuple[PatientId, RunDirection], str] | None = None,
    ) -> tuple[Sequence[Leg], Sequence[Run]]:
        await riding_storage.hold_runs(self._db, site_id, span.begin, span.until)
        facts, now = await self._reader.facts(site_id, patients, span), self._clock.now()
        # What was said when the patient had a seat there before was said of that seat.
        coming = [replace(one, is_waived=False) if one.appointment_id in anew else one for one in facts.coming]
        legs = [leg for leg in legs_of(stays_of(coming), now) if is_wanted(leg)]
        arrangement = arranged(legs, facts.seats, facts.runs, now)
        await self._take(site_id, arrangement, facts.runs, known or {})
        return arrangement.missing, facts.runs

    async def _take(
        self,
        site_id: SiteId,
        arrangement: Arrangement,
        runs: Sequence[Run],
        known: Mapping[tuple[PatientId, RunDirection], str],
    ) -> None:
        if not arrangement.taken:
            return
        await riding_storage.delete_rides(self._db, arrangement.useless)
        patients = {leg.stay.patient_id for leg, _ in arrangement.taken}
        areas = {**await self._reader.areas(site_id, patients), **known}
        by_id = {run.id: run for run in runs}
        for leg, run_id in arrangement.taken:
            await self._seat(leg, by_id[run_id], areas.get((leg.stay.patient_id, leg.direction)))

    async def _seat(self, leg: Leg, run: Run, area: str | None) -> None:
        now = self._clock.now()
        taken = await storage.seats_taken(self._db, run.id)
        ride = Ride(
            id=RideId(fresh_id(now)),
            run_id=run.id,
            appointment_id=leg.session.appointment_id,
            patient_id=leg.stay.patient_id,
            # Whoever waits for a van is there when it sets out, and is home when it is done, until somebody says more.
            stop_at=run.start if leg.direction is RunDirection.TO_SITE else run.end,
            area=area,
        )
        free = min(set(range(1, run.seats + 1)) - taken.keys())
        await storage.insert_ride(self._db, self._organization_id, ride, seat=free, seats=run.seats, now=now)
