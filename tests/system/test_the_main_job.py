"""From real calendars to a published week, through real processes and the gateway."""

from datetime import date

import pytest

from services.clients.api import ApiClient
from services.clients.errors import RefusedError
from services.contracts.problems import ProblemType
from services.contracts.records.patients import PatientRequest
from services.contracts.scheduler.solves import Solve, SolveOutcome, SolveRequest, SolveStatus
from services.operator.demo import story
from services.operator.demo.calendars import people
from services.operator.demo.figures import figures

WEEK = date(2026, 10, 5)
PATIENTS = 10

pytestmark = pytest.mark.system


@pytest.fixture
async def director(operator: ApiClient) -> ApiClient:
    return (await story.found_organization(operator))[0]


async def test_calendars_become_a_published_week_that_the_api_gives_back(director: ApiClient) -> None:
    made = await story.build_clinic(director, PATIENTS)
    admissions = await story.admit(director, made, people(PATIENTS, WEEK, None), WEEK)
    seen: list[Solve] = []

    proposal = await story.solve(
        director, SolveRequest(site_id=made.site_id, week=WEEK, time_limit_seconds=4), seen.append
    )
    published = await story.publish(director, proposal)
    timetable = await director.read_timetable(made.site_id, WEEK)
    appointments = [one async for one in director.appointments(made.site_id, WEEK)]

    assert len(admissions.patients) == PATIENTS
    assert seen[-1].status is SolveStatus.SUCCEEDED
    assert proposal.outcome in {SolveOutcome.OPTIMAL, SolveOutcome.FEASIBLE}
    assert (published.version, timetable) == (1, published)
    assert timetable.checker.ok
    assert timetable.bound is not None
    assert timetable.bound <= timetable.objective
    report = figures(timetable, appointments)
    assert report["delivered_minutes"] > 0
    assert {one for appointment in appointments for one in appointment.patient_ids} <= set(admissions.patients)


async def test_a_second_week_keeps_what_is_published(director: ApiClient) -> None:
    made = await story.build_clinic(director, PATIENTS)
    await story.admit(director, made, people(PATIENTS, WEEK, None), WEEK)
    request = SolveRequest(site_id=made.site_id, week=WEEK, time_limit_seconds=3)
    first = await story.publish(director, await story.solve(director, request, lambda _: None))

    proposal = await story.solve(director, request, lambda _: None)
    second = await story.publish(director, proposal)

    assert (first.version, proposal.base_version, second.version) == (1, 1, 2)
    assert proposal.diff.kept > proposal.diff.removed


async def test_publishing_on_an_old_version_is_refused_and_changes_nothing(director: ApiClient) -> None:
    made = await story.build_clinic(director, PATIENTS)
    await story.admit(director, made, people(PATIENTS, WEEK, None), WEEK)
    request = SolveRequest(site_id=made.site_id, week=WEEK, time_limit_seconds=2)
    proposal = await story.solve(director, request, lambda _: None)

    with pytest.raises(RefusedError) as refusal:
        await director.publish_proposal(proposal.id, proposal.base_version + 1)

    assert refusal.value.problem.type == ProblemType.STALE_VERSION.urn
    with pytest.raises(RefusedError):
        await director.read_timetable(made.site_id, WEEK)


async def test_an_organization_sees_nothing_of_another(operator: ApiClient, director: ApiClient) -> None:
    stranger, _ = await story.found_organization(operator)
    made = await story.build_clinic(director, PATIENTS)
    patient = await director.create_patient(
        PatientRequest(given_name="Test", family_name="Patient", birth_date=date(1990, 1, 1), site_id=made.site_id)
    )

    refusals = []
    for attempt in (
        stranger.import_calendar(patient.id, b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
        stranger.create_solve(SolveRequest(site_id=made.site_id, week=WEEK)),
        stranger.read_timetable(made.site_id, WEEK),
    ):
        with pytest.raises(RefusedError) as refusal:
            await attempt
        refusals.append(refusal.value.problem.type)

    assert set(refusals) == {ProblemType.NOT_FOUND.urn}


@pytest.mark.parametrize("week", [date(2026, 10, 6), date(2026, 9, 21), date(2020, 1, 6)])
async def test_a_week_that_is_past_or_does_not_begin_on_monday_is_refused(director: ApiClient, week: date) -> None:
    made = await story.build_clinic(director, PATIENTS)

    with pytest.raises(RefusedError) as refusal:
        await director.create_solve(SolveRequest(site_id=made.site_id, week=week))

    assert refusal.value.problem.type == ProblemType.WEEK_REFUSED.urn


async def test_a_refused_calendar_leaves_nothing_behind(director: ApiClient) -> None:
    made = await story.build_clinic(director, PATIENTS)
    patient = await director.create_patient(
        PatientRequest(given_name="Test", family_name="Patient", birth_date=date(1990, 1, 1), site_id=made.site_id)
    )

    with pytest.raises(RefusedError) as refusal:
        await director.import_calendar(patient.id, b"this is not a calendar")

    assert refusal.value.problem.type == ProblemType.CALENDAR_REFUSED.urn
    assert refusal.value.problem.code
