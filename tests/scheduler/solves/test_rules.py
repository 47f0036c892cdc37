"""What the solver is told of a week."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import GroupOfferingId, PatientId, PractitionerId, RoomId, SiteId
from services.contracts.records.treatment_plans import (
    NoContact,
    PlanRequirement,
    PreferenceCost,
    RequiredService,
    WeekRequirements,
)
from services.contracts.scheduler.sites import GroupOffering, Practitioner, Room, Site
from services.contracts.vocabulary import Modality, ServiceKind, Weekday, WeeklyWindow
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance, Interval
from services.scheduler.solves.rules import (
    SiteSetup,
    instance_of,
    missing_of,
    refusal_of_week,
    warnings_of,
    with_commitments,
)
from services.scheduler.weeks import WeekGrid

MONDAY = date(2026, 10, 5)
SITE_ID = SiteId(uuid4())
GRID = WeekGrid(ZoneInfo("America/New_York"), MONDAY)


def window(start: str, end: str, weekday: Weekday = Weekday.MONDAY) -> WeeklyWindow:
    return WeeklyWindow(weekday=weekday, start=time.fromisoformat(start), end=time.fromisoformat(end))


def practitioner(**changes: Any) -> Practitioner:
    values: dict[str, Any] = {
        "id": PractitionerId(uuid4()),
        "site_id": SITE_ID,
        "display_name": "Alex Reed",
        "role": "counsellor",
        "leads": [ServiceKind.PROCESS_GROUP],
        "co_facilitates": True,
        "individual": [ServiceKind.INDIVIDUAL],
        "languages": ["en"],
        "shifts": [window("09:00", "17:00")],
        "breaks": [],
        "max_minutes_day": 480,
        "max_minutes_week": 2400,
        "contract_minutes_week": 2400,
        "starts_on": MONDAY,
        "ends_on": None,
        "version": 1,
    }
    return Practitioner(**{**values, **changes})


def requirement(**changes: Any) -> PlanRequirement:
    values: dict[str, Any] = {
        "patient_id": PatientId(uuid4()),
        "plan_version": 1,
        "phase": "intensive",
        "attends_from": None,
        "attends_until": None,
        "planned_admission": None,
        "required_services": [RequiredService(service=ServiceKind.PROCESS_GROUP, minutes_per_week=540)],
        "track": "adult",
        "languages": ["en"],
        "modalities": [Modality.ON_SITE],
        "travel_minutes": 30,
        "team": [],
        "primary_practitioner_id": None,
        "family_available": [],
        "preference_cost": PreferenceCost(evening=3),
        "payer": None,
        "telehealth_consented_on": None,
        "telehealth_jurisdiction": None,
        "needs_transport": False,
    }
    return PlanRequirement(**{**values, **changes})


def setup(*practitioners: Practitioner) -> SiteSetup:
    site = Site(
        id=SITE_ID,
        name="Main",
        zone="America/New_York",
        open=[window("08:00", "21:00")],
        offices=1,
        family_rooms=1,
        ends_on=None,
        version=1,
    )
    offering = GroupOffering(
        id=GroupOfferingId(uuid4()),
        site_id=SITE_ID,
        service=ServiceKind.PROCESS_GROUP,
        minutes=90,
        minimum_size=3,
        maximum_size=9,
        co_facilitator_above=6,
        starts_on=None,
        ends_on=None,
        version=1,
    )
    room = Room(id=RoomId(uuid4()), site_id=SITE_ID, name="Oak", capacity=10, starts_on=None, ends_on=None, version=1)
    return SiteSetup(site, [room], practitioners, [offering])


def week(*patients: PlanRequirement, no_contact: tuple[tuple[UUID, UUID], ...] = ()) -> WeekRequirements:
    pairs = [NoContact(patient_ids=[PatientId(one) for one in pair]) for pair in no_contact]
    return WeekRequirements(site_id=SITE_ID, week=MONDAY, patients=list(patients), no_contact=pairs)


def read(site: SiteSetup, requirements: WeekRequirements, busy: Any = None) -> Instance:
    return instance_from_json(instance_of(site, requirements, busy or {}, GRID, None))


def test_lengths_and_sizes_are_in_slots_and_the_offering_s_own() -> None:
    site = setup(practitioner(max_minutes_day=360))

    instance = read(site, week(requirement()))

    [kind] = instance.kinds.values()
    assert (kind.service, kind.slots) == ("process_group", 6)
    assert (kind.size.minimum, kind.size.maximum, kind.size.co_facilitator_above) == (3, 9, 6)
    assert instance.practitioners[0].max_slots_day == 24
    assert instance.patients[0].needs == {"process_group": 36}
    assert instance.patients[0].travel_slots == 2
    assert instance.patients[0].preference.evening == 3
    assert instance.site_open == (Interval(0, 4, 56),)
    assert instance.weights.lexicographic is True


def test_a_team_is_cut_to_who_works_at_the_site_and_so_is_the_primary() -> None:
    here = practitioner()
    away = PractitionerId(uuid4())
    patients = [
        requirement(team=[here.id, away], primary_practitioner_id=away),
        requirement(team=[here.id, away], primary_practitioner_id=here.id),
    ]

    instance = read(setup(here), week(*patients))

    assert [patient.team for patient in instance.patients] == [(str(here.id),), (str(here.id),)]
    assert [patient.primary for patient in instance.patients] == [None, str(here.id)]


def test_pairs_are_kept_apart_only_where_both_are_in_the_week() -> None:
    one, other = requirement(), requirement()
    pairs = ((one.patient_id, other.patient_id), (one.patient_id, uuid4()))

    instance = read(setup(practitioner()), week(one, other, no_contact=pairs))

    assert instance.no_contact == ((str(one.patient_id), str(other.patient_id)),)


def test_prescribers_and_nurses_are_pools_without_their_breaks() -> None:
    prescriber = practitioner(role="prescriber", shifts=[window("09:00", "10:00")], breaks=[window("09:15", "09:30")])
    nurses = [practitioner(role="nurse", shifts=[window("09:00", "09:30")]) for _ in range(2)]

    instance = read(setup(prescriber, *nurses), week())

    assert instance.medication_pool[8:13] == (1, 0, 1, 1, 0)
    assert instance.nurse_pool[8:13] == (2, 2, 0, 0, 0)
    assert sum(instance.medication_pool) == 3


def test_newer_commitments_replace_those_of_the_picture() -> None:
    patient = requirement()
    start = datetime(2026, 10, 5, 14, tzinfo=UTC)
    picture = instance_of(setup(practitioner()), week(patient), {}, GRID, None)

    renewed = with_commitments(picture, {patient.patient_id: [(start, start + timedelta(hours=1))]}, GRID)

    assert picture["patients"][0]["commitments"] == []
    assert renewed["patients"][0]["commitments"] == [(0, 12, 16)]
    assert {**renewed, "patients": []} == {**picture, "patients": []}


@pytest.mark.parametrize(
    ("requirements", "missing"),
    [
        (week(), ["rooms", "practitioners", "group offerings"]),
        (week(requirement(modalities=[Modality.TELEHEALTH])), ["practitioners", "group offerings"]),
    ],
)
def test_what_is_missing_is_named(requirements: WeekRequirements, missing: list[str]) -> None:
    assert missing_of(SiteSetup(setup().site, [], [], []), requirements) == missing
    assert missing_of(setup(practitioner()), requirements) == []


@pytest.mark.parametrize(
    ("hours", "modality", "warned"),
    [
        (["00:00-23:59"], Modality.ON_SITE, True),
        (["00:00-23:59"], Modality.TELEHEALTH, True),
        (["00:00-12:00", "13:00-23:59"], Modality.TELEHEALTH, False),
        (["00:00-12:00", "13:00-23:59"], Modality.ON_SITE, True),  # half an hour of travel on either side
        (["00:00-12:00", "14:00-23:59"], Modality.ON_SITE, False),
        (["00:00-12:00", "12:45-23:59"], Modality.TELEHEALTH, True),
        (["08:00-23:59"], Modality.ON_SITE, True),  # free only before the site opens
        (["08:00-23:59"], Modality.TELEHEALTH, False),
    ],
)
def test_a_patient_is_warned_of_who_has_no_free_hour(hours: list[str], modality: Modality, *, warned: bool) -> None:
    patient = requirement(modalities=[modality])
    zone = ZoneInfo("America/New_York")
    busy = [
        tuple(
            datetime.combine(MONDAY + timedelta(days=day), time.fromisoformat(edge), zone) for edge in hour.split("-")
        )
        for day in range(7)
        for hour in hours
    ]
    site = setup(practitioner())
    requirements = week(patient)
    instance = instance_of(site, requirements, {patient.patient_id: busy}, GRID, None)  # type: ignore[dict-item] # each hour has two edges

    warnings = warnings_of(site, requirements, instance)

    assert [warning.startswith("no-free-hour") for warning in warnings] == [True] * warned


@pytest.mark.parametrize(
    ("service", "staff", "is_served"),
    [
        (ServiceKind.PROCESS_GROUP, {}, True),
        (ServiceKind.PROCESS_GROUP, {"leads": []}, False),
        (ServiceKind.SKILLS_GROUP, {"leads": [ServiceKind.SKILLS_GROUP]}, False),  # the site offers no such group
        (ServiceKind.INDIVIDUAL, {}, True),
        (ServiceKind.FAMILY, {}, False),
        (ServiceKind.MEDICATION, {"role": "prescriber"}, True),
        (ServiceKind.MEDICATION, {"role": "nurse"}, False),
        (ServiceKind.NURSE_VISIT, {"role": "nurse"}, True),
    ],
)
def test_a_service_that_nobody_provides_is_warned_of(
    service: ServiceKind, staff: dict[str, Any], *, is_served: bool
) -> None:
    site = setup(practitioner(**staff))
    requirements = week(requirement(required_services=[RequiredService(service=service, minutes_per_week=60)]))

    warnings = warnings_of(site, requirements, instance_of(site, requirements, {}, GRID, None))

    assert (warnings == []) is is_served


@given(st.dates(date(2020, 1, 1), date(2035, 1, 1)), st.integers(-800, 800))
def test_exactly_the_mondays_from_this_week_to_a_year_ahead_can_be_planned(today: date, distance: int) -> None:
    week_begins = today + timedelta(days=distance)
    this_monday = today - timedelta(days=today.weekday())

    refusal = refusal_of_week(week_begins, today)

    is_good = week_begins.weekday() == 0 and this_monday <= week_begins <= this_monday + timedelta(weeks=53)
    assert (refusal is None) is is_good


QUARTERS = st.integers(0, 95)
WINDOWS = st.lists(
    st.tuples(st.sampled_from(Weekday), QUARTERS, QUARTERS)
    .filter(lambda drawn: drawn[1] != drawn[2])
    .map(
        lambda drawn: WeeklyWindow(
            weekday=drawn[0],
            start=time(*divmod(min(drawn[1:]) * 15, 60)),
            end=time(*divmod(max(drawn[1:]) * 15, 60)),
        )
    ),
    max_size=6,
)
BUSY = st.lists(
    st.tuples(st.integers(-3000, 13000), st.integers(1, 2000)).map(
        lambda drawn: (GRID.start + timedelta(minutes=drawn[0]), GRID.start + timedelta(minutes=sum(drawn)))
    ),
    max_size=8,
)


@given(WINDOWS, WINDOWS, WINDOWS, BUSY, st.integers(0, 16))
def test_whatever_is_set_up_the_solver_can_read_it(
    shifts: list[WeeklyWindow],
    breaks: list[WeeklyWindow],
    family: list[WeeklyWindow],
    busy: list[tuple[datetime, datetime]],
    travel: int,
) -> None:
    patient = requirement(family_available=family, travel_minutes=travel * 15)
    site = setup(practitioner(shifts=shifts, breaks=breaks), practitioner(role="nurse", shifts=shifts, breaks=breaks))
    requirements = week(patient)

    document = instance_of(site, requirements, {patient.patient_id: busy}, GRID, None)

    instance = instance_from_json(document)
    assert len(instance.patients) == 1
    for intervals in (instance.practitioners[0].shifts, instance.patients[0].commitments):
        assert list(intervals) == sorted(intervals)
    warnings_of(site, requirements, document)
