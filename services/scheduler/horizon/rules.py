"""What a site's weeks ahead come to. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from services.contracts.identifiers import PatientId
from services.contracts.records.treatment_plans import HorizonWeek, PlanPhase
from services.contracts.scheduler.horizon import (
    HorizonAhead,
    HorizonClosure,
    HorizonGroup,
    HorizonPart,
    HorizonPeriod,
    HorizonService,
    PartOfWeek,
)
from services.contracts.scheduler.sites import GroupOffering, Site
from services.contracts.vocabulary import ServiceKind, Weekday
from services.scheduler.closures.hours import ClosedHours
from services.scheduler.horizon.filling import Busy, Filler, Filling, Opening
from services.scheduler.horizon.meetings import ExpectedMeeting, ExpectedWeek, needs_of
from services.scheduler.weeks import part_of

_GROUPS = tuple(service for service in ServiceKind if service.is_group)
_PARTS_BEGIN = (time(0), time(12), time(17))
_USUAL_MINUTES = 90


def week_ahead(
    asked: HorizonWeek,
    expected: ExpectedWeek,
    *,
    site: Site,
    offerings: Sequence[GroupOffering],
    closed: Sequence[ClosedHours],
    busy: Busy,
    period: HorizonPeriod | None,
) -> HorizonAhead:
    """Say what a week holds, what its people ask of it, and where it runs short."""
    people = {patient.patient_id: patient for patient in asked.patients}
    lengths = {service: _usual_minutes(service, expected.meetings, offerings) for service in _GROUPS}
    openings = list(openings_of(site, asked.week, closed))
    filling = Filler(expected, people, busy, openings).fill(lengths)
    services = [_service(service, asked, expected, filling) for service in _asked_or_held(asked, expected)]
    return HorizonAhead(
        week=asked.week,
        basis=expected.basis,
        based_on=expected.based_on,
        people=len(people),
        admissions=sum(patient.is_admission for patient in asked.patients),
        discharges=sum(patient.is_discharge for patient in asked.patients),
        tapering=sum(patient.phase is PlanPhase.TAPER for patient in asked.patients),
        closures=[_closure(hours, ZoneInfo(site.zone)) for hours in closed],
        services=services,
        parts=list(_parts(expected, filling)),
        groups=[_group(meeting, offerings) for meeting in expected.meetings],
        period=period,
        is_short=any(one.seats_short for one in services),
    )


def lacking_people(weeks: Iterable[ExpectedWeek]) -> set[PatientId]:
    """Return who lacks something in any of the weeks: only their commitments are looked up."""
    return {patient_id for week in weeks for patient_id, _ in week.lacking}


def _usual_minutes(
    service: ServiceKind, meetings: Iterable[ExpectedMeeting], offerings: Iterable[GroupOffering]
) -> int:
    """Return the length that most meetings of the service have, or else the longest that the site offers."""
    held = Counter(one.booked.minutes for one in meetings if one.booked.service is service)
    if held:
        return max(held, key=lambda minutes: (held[minutes], minutes))
    return max((one.minutes for one in offerings if one.service is service), default=_USUAL_MINUTES)


def openings_of(site: Site, monday: date, closed: Sequence[ClosedHours]) -> Iterator[Opening]:
    """Yield the hours of a week in which the site is open, cut where a part of the day begins or a closure lies."""
    zone = ZoneInfo(site.zone)
    for window in site.open:
        day = monday + timedelta(days=window.weekday.number)
        cuts = sorted({window.start, window.end, *(at for at in _PARTS_BEGIN if window.start < at < window.end)})
        for begin, until in pairwise(cuts):
            start, end = (datetime.combine(day, wall, zone) for wall in (begin, until))
            for left, right in _outside(start, end, closed):
                yield Opening(left, right, part_of(start))


def _outside(start: datetime, end: datetime, closed: Sequence[ClosedHours]) -> Iterator[tuple[datetime, datetime]]:
    for hours in sorted(closed, key=lambda one: one.start):
        if start < hours.start < end:
            yield start, hours.start
        if hours.start < end and start < hours.end:
            start = hours.end
    if start < end:
        yield start, end


def _asked_or_held(asked: HorizonWeek, expected: ExpectedWeek) -> list[ServiceKind]:
    there = {service for _, service in needs_of(asked)} | {one.booked.service for one in expected.meetings}
    return [service for service in _GROUPS if service in there]


def _service(service: ServiceKind, asked: HorizonWeek, expected: ExpectedWeek, filling: Filling) -> HorizonService:
    needs = [minutes for (_, needed), minutes in needs_of(asked).items() if needed is service]
    meetings = [(number, one) for number, one in enumerate(expected.meetings) if one.booked.service is service]
    short = [one for one in filling.short if one.service is service]
    seated = sum(len(one.members) for _, one in meetings if not one.is_closed)
    return HorizonService(
        service=service,
        people=len(needs),
        required_minutes=sum(needs),
        seats_required=seated + sum(filling.given[number] for number, _ in meetings) + sum(one.seats for one in short),
        seats_available=sum(one.seats for _, one in meetings),
        seats_short=sum(one.seats for one in short),
        short_people=len(short),
        seats_short_without_time=sum(one.seats for one in short if not one.parts),
    )


def _parts(expected: ExpectedWeek, filling: Filling) -> Iterator[HorizonPart]:
    for service in _GROUPS:
        short = [one for one in filling.short if one.service is service]
        for part in PartOfWeek:
            meetings = [
                (number, one)
                for number, one in enumerate(expected.meetings)
                if one.booked.service is service and one.part is part
            ]
            here = [one for one in short if part in one.parts]
            if meetings or here:
                yield HorizonPart(
                    service=service,
                    part=part,
                    seats_available=sum(one.seats for _, one in meetings),
                    seats_expected=sum(len(one.members) for _, one in meetings if not one.is_closed),
                    seats_fillable=sum(filling.given[number] for number, _ in meetings),
                    seats_short=sum(one.seats for one in here),
                    seats_short_only_here=sum(one.seats for one in here if len(one.parts) == 1),
                )


def _closure(hours: ClosedHours, zone: ZoneInfo) -> HorizonClosure:
    return HorizonClosure(
        start=hours.start.astimezone(zone), end=hours.end.astimezone(zone), by_video=not hours.for_all
    )


def _group(meeting: ExpectedMeeting, offerings: Iterable[GroupOffering]) -> HorizonGroup:
    booked = meeting.booked
    fitting = [one.minimum_size for one in offerings if (one.service, one.minutes) == (booked.service, booked.minutes)]
    return HorizonGroup(
        service=booked.service,
        track=booked.track,
        language=booked.language,
        weekday=list(Weekday)[booked.start.weekday()],
        start=booked.start.time(),
        minutes=booked.minutes,
        practitioner_id=booked.practitioner_id,
        part=meeting.part,
        seats=booked.capacity,
        expected=len(meeting.members),
        is_below_minimum=len(meeting.members) < min(fitting, default=0),
        is_closed=meeting.is_closed,
    )
