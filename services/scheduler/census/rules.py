"""What the census says of the book and of the plans in force. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time
from typing import NamedTuple

from services.contracts.identifiers import PatientId, PractitionerId
from services.contracts.records.treatment_plans import PlanRequirement, WeekRequirements
from services.contracts.rule_packs import RuleKey
from services.contracts.scheduler.census import (
    CensusDemand,
    CensusGroup,
    CensusGroupWeek,
    CensusWeek,
    CounsellorRatio,
    RatioLimit,
)
from services.contracts.scheduler.sites import GroupOffering, Practitioner
from services.contracts.vocabulary import ServiceKind, Weekday
from services.scheduler.census.meetings import BookedMeeting
from services.scheduler.rule_packs.rules import COUNSELLOR_ROLES, WeekRules, caseloads

_WEEKDAYS = tuple(Weekday)


class _Group(NamedTuple):
    """What makes a group the same one from week to week."""

    weekday: int
    start: time
    service: ServiceKind
    minutes: int
    track: str | None
    language: str | None
    practitioner_id: PractitionerId | None


def _group_of(meeting: BookedMeeting) -> _Group:
    return _Group(
        meeting.start.weekday(),
        meeting.start.time(),
        meeting.service,
        meeting.minutes,
        meeting.track,
        meeting.language,
        meeting.practitioner_id,
    )


Plans = Mapping[date, WeekRequirements]
Offerings = Mapping[date, Sequence[GroupOffering]]
"""The kinds of group that each week has, as they are then."""


def week_of(
    requirements: WeekRequirements,
    meetings: Sequence[BookedMeeting],
    practitioners: Sequence[Practitioner],
    rules: WeekRules,
) -> CensusWeek:
    """Say what the plans ask of a week, what the book holds, and how many patients a counsellor has."""
    return CensusWeek(
        week=requirements.week,
        is_published=bool(meetings),
        expected_patients=len(requirements.patients),
        demand=[_demand(service, requirements.patients, meetings) for service in ServiceKind],
        counsellor_ratio=_ratio(len(requirements.patients), practitioners, rules),
    )


def _demand(
    service: ServiceKind, patients: Sequence[PlanRequirement], meetings: Iterable[BookedMeeting]
) -> CensusDemand:
    asked = [need.minutes_per_week for plan in patients for need in plan.required_services if need.service is service]
    held = [meeting for meeting in meetings if meeting.service is service]
    return CensusDemand(
        service=service,
        expected_patients=len(asked),
        expected_minutes=sum(asked),
        booked_patients=len({patient for meeting in held for patient in meeting.patients}),
        booked_minutes=sum(meeting.minutes * len(meeting.patients) for meeting in held),
    )


def _ratio(patients: int, practitioners: Sequence[Practitioner], rules: WeekRules) -> CounsellorRatio:
    return CounsellorRatio(
        patients=patients,
        counsellors=sum(practitioner.role in COUNSELLOR_ROLES for practitioner in practitioners),
        limits=[
            RatioLimit(
                jurisdiction=rules.jurisdiction,
                patients_per_counsellor=rule.value,
                is_of_full_time=rule.key is RuleKey.PATIENTS_PER_FULL_TIME_COUNSELLOR_MOST,
                citation=rule.source,
                is_kept=is_kept,
            )
            for rule, _, is_kept in caseloads(rules, patients, practitioners)
            if rule.value is not None and rule.source is not None
        ],
    )


def groups_of(
    meetings: Iterable[BookedMeeting], plans: Plans, published: Iterable[date], offerings: Offerings
) -> list[CensusGroup]:
    """Follow each group through the weeks: as booked where a week is published, else from the newest week before.

    A group of the newest published week is expected to meet on at its time, with those members whose plans still ask
    for its service; one that ended before that week is not.
    """
    known = sorted(published)
    by_group: dict[_Group, dict[date, BookedMeeting]] = defaultdict(dict)
    for meeting in meetings:
        if meeting.service.is_group:
            by_group[_group_of(meeting)][meeting.week] = meeting
    found = []
    for group, held in sorted(by_group.items(), key=lambda pair: tuple(str(part) for part in pair[0])):
        weeks = [entry for week in sorted(plans) if (entry := _week_of_group(week, held, plans, known, offerings))]
        if weeks:
            found.append(_census_group(group, held, weeks, offerings))
    return found


def _week_of_group(
    week: date,
    held: Mapping[date, BookedMeeting],
    plans: Plans,
    published: Sequence[date],
    offerings: Offerings,
) -> CensusGroupWeek | None:
    basis = week if week in published else max((day for day in published if day < week), default=None)
    meeting = None if basis is None else held.get(basis)
    if meeting is None:
        return None
    is_published = basis == week
    expected = len(meeting.patients if is_published else _still_asking(meeting, plans[week].patients))
    minimum = _minimum(meeting.service, meeting.minutes, offerings[week])
    return CensusGroupWeek(
        week=week,
        is_published=is_published,
        booked=len(meeting.patients) if is_published else None,
        expected=expected,
        is_below_minimum=minimum is not None and expected < minimum,
        is_full=expected >= meeting.capacity,
    )


def _still_asking(meeting: BookedMeeting, plans: Iterable[PlanRequirement]) -> set[PatientId]:
    asking = {
        plan.patient_id
        for plan in plans
        if meeting.is_of_track(plan.track) and any(need.service is meeting.service for need in plan.required_services)
    }
    return asking & meeting.patients


def _minimum(service: ServiceKind, minutes: int, offerings: Iterable[GroupOffering]) -> int | None:
    fitting = [one.minimum_size for one in offerings if (one.service, one.minutes) == (service, minutes)]
    return min(fitting, default=None)


def _census_group(
    group: _Group,
    held: Mapping[date, BookedMeeting],
    weeks: list[CensusGroupWeek],
    offerings: Offerings,
) -> CensusGroup:
    return CensusGroup(
        service=group.service,
        track=group.track,
        language=group.language,
        weekday=_WEEKDAYS[group.weekday],
        start=group.start,
        minutes=group.minutes,
        practitioner_id=group.practitioner_id,
        minimum=_minimum(group.service, group.minutes, offerings[weeks[0].week]),
        maximum=held[max(held)].capacity,
        weeks=weeks,
    )
