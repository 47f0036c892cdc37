"""Each figure of a small week is what one counts by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from services.contracts.vocabulary import Modality, ServiceKind
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Desk, Json, Make, calendar, group, plan_of, windows
from tests.support.history import History
from tests.support.statements import statements_of

HOUR = timedelta(hours=1)
WEEKS = {"first_week": "2026-09-28", "last_week": MONDAY}
REPORTS = ["kpis", "weekly_kpis"]


async def figures(scheduler: ClientFactory, site: Json, **query: str) -> dict[str, tuple[float, float]]:
    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/kpis", params={**WEEKS, **query})
    assert answer.status_code == 200, answer.text
    for figure in answer.json()["figures"]:
        expected = figure["numerator"] / figure["denominator"] if figure["denominator"] else None
        assert figure["value"] == expected
    return {figure["code"]: (figure["numerator"], figure["denominator"]) for figure in answer.json()["figures"]}


async def weekly(scheduler: ClientFactory, site: Json, **query: str) -> Json:
    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/weekly_kpis", params={**WEEKS, **query})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def _told_anew(history: History, patient: Json) -> None:
    """Write down that a second version moved one session and left another as it was, a day before the earlier time."""
    times = ("2026-10-06T11:00:00-04:00", "2026-10-06T09:00:00-04:00")
    proposal_id = await history.proposed(MONDAY, patient["id"], ("accepted", *times), ("rejected", *times))
    await history.published(MONDAY, 1, fully_served=4, patients=4)
    second = datetime(2026, 10, 5, 13, tzinfo=UTC)
    await history.published(MONDAY, 2, proposal_id=proposal_id, fully_served=2, patients=4, published_at=second)


@pytest.fixture
async def week(
    *,
    desk: Desk,
    site: Json,
    new_room: Make,
    new_practitioner: Make,
    new_patient: Make,
    import_calendar: Any,
    scheduler: ClientFactory,
    organization_id: UUID,
    scheduler_database: Database,
) -> Json:
    """One week of one room, two practitioners and three patients, of whom one is busy at one session."""
    room = await new_room(site)
    counsellor = await new_practitioner(site, breaks=windows("12:00", "12:30"))
    therapist = await new_practitioner(site, role="therapist")
    ann, ben, cleo = [await new_patient(site, plan_of(counsellor)) for _ in range(3)]
    await import_calendar(ann, calendar("20261006T093000/20261006T100000"))
    led = {"room_id": room["id"], "practitioner_id": counsellor["id"]}

    def individual(start: datetime) -> Any:
        return group(
            cleo,
            start=start,
            end=start + HOUR,
            service=ServiceKind.INDIVIDUAL,
            practitioner_id=therapist["id"],
            capacity=1,
        )

    long = TUESDAY_NINE + 24 * HOUR
    sessions = await desk.publish(
        group(ann, **led),
        group(ann, ben, start=TUESDAY_NINE + 2 * HOUR, end=TUESDAY_NINE + 3.5 * HOUR, **led),
        individual(TUESDAY_NINE + 9 * HOUR),
        group(ann, start=long, end=long + 6 * HOUR, modality=Modality.TELEHEALTH, capacity=1),
    )
    await desk.ask("hold", sessions[0], ben)
    await _told_anew(History(scheduler_database, organization_id, site["id"]), ann)
    path = f"/v1/sites/{site['id']}/waitlist_entries"
    entry = await scheduler(Role.FRONT_DESK).post(path, json={"patient_id": ben["id"], "since": "2026-09-22"})
    await scheduler(Role.FRONT_DESK).post(f"/v1/waitlist_entries/{entry.json()['id']}:place")
    return site


async def test_every_figure_is_what_one_counts_by_hand(scheduler: ClientFactory, week: Json) -> None:
    found = await figures(scheduler, week)

    assert found.pop("fairness_spread") == pytest.approx((120 / 2400, 120 / 2400))
    assert found == {
        "placement_rate": (2, 4),
        "nine_hour_compliance": (1, 4),
        "days_a_week": (4, 3),
        "seat_fill": (4, 5),
        "practitioner_utilisation": (240, 6 * (8 * 60 - 30) + 6 * 8 * 60),
        "room_utilisation": (180, 6 * 13 * 60),
        "changes_per_replan": (1, 1),
        "notice_hours": (24, 1),
        "waitlist_days": (10, 1),
        "calendar_conflicts": (1, 5),
        "cohorts_together": (0, 0),
    }


async def test_who_has_nine_hours_by_hand_is_not_counted_above_everybody(
    *,
    desk: Desk,
    site: Json,
    new_practitioner: Make,
    new_patient: Make,
    scheduler: ClientFactory,
    organization_id: UUID,
    scheduler_database: Database,
) -> None:
    """A newcomer placed into a published week made it 5 of 4 once."""
    counsellor = await new_practitioner(site)
    ann, ben, cleo = [await new_patient(site, plan_of(counsellor)) for _ in range(3)]
    await History(scheduler_database, organization_id, site["id"]).published(MONDAY, 1, fully_served=1, patients=1)
    end = TUESDAY_NINE + 9 * HOUR
    await desk.publish(
        *(group(who, end=end, modality=Modality.TELEHEALTH, capacity=1) for who in (ann, ben)),
        group(cleo, modality=Modality.TELEHEALTH, capacity=1),
    )

    assert (await figures(scheduler, site))["nine_hour_compliance"] == (2, 3)


async def test_weeks_out_of_the_range_count_for_nothing(scheduler: ClientFactory, week: Json) -> None:
    found = await figures(scheduler, week, first_week="2026-10-12", last_week="2026-10-12")

    assert set(found.values()) == {(0, 0)}


async def test_each_week_of_a_series_is_what_that_week_is_when_it_is_asked_for_alone(
    scheduler: ClientFactory, week: Json
) -> None:
    mondays = ["2026-09-28", MONDAY, "2026-10-12", "2026-10-19"]

    series = await weekly(scheduler, week, last_week=mondays[-1])

    alone = [await figures(scheduler, week, first_week=monday, last_week=monday) for monday in mondays]
    told = {
        one["code"]: [(of["week"], (of["numerator"], of["denominator"]), of["value"]) for of in one["weeks"]]
        for one in series["figures"]
    }
    assert told == {
        code: [
            (monday, found[code], found[code][0] / found[code][1] if found[code][1] else None)
            for monday, found in zip(mondays, alone, strict=True)
        ]
        for code in alone[0]
    }
    assert (alone[0]["waitlist_days"], alone[1]["placement_rate"]) == ((10, 1), (2, 4))
    assert (series["first_week"], series["last_week"], series["published_weeks"]) == (
        mondays[0],
        mondays[-1],
        [MONDAY],
    )
    assert all(one["meaning"] for one in series["figures"])


async def test_a_series_of_a_year_asks_no_more_of_the_database_than_one_week(
    scheduler: ClientFactory, week: Json, scheduler_database: Database, organization_id: UUID
) -> None:
    async def count(last_week: str) -> tuple[int, int]:
        async with statements_of(scheduler_database, OrganizationId(organization_id)) as sent:
            series = await weekly(scheduler, week, first_week=MONDAY, last_week=last_week)
        return len(series["figures"][0]["weeks"]), len(sent)

    await count(MONDAY)
    (one, of_one), (year, of_year) = await count(MONDAY), await count("2027-10-04")

    assert (one, year) == (1, 53)
    assert of_one == of_year


@pytest.mark.parametrize("report", REPORTS)
async def test_no_figure_names_anybody(scheduler: ClientFactory, desk: Desk, week: Json, report: str) -> None:
    answer = await scheduler(Role.ORGANIZATION_ADMIN).get(f"/v1/sites/{week['id']}/{report}", params=WEEKS)

    people = {row[0] for row in await desk.run("select patient_id::text from appointment_patients")}
    assert people
    assert not any(person in answer.text for person in people)
    assert answer.json()["published_weeks"] == {"kpis": 1, "weekly_kpis": [MONDAY]}[report]


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"first_week": "2026-09-29"}, "first_week"),
        ({"last_week": "2026-10-06"}, "last_week"),
        ({"last_week": "2026-09-21"}, "last_week"),
        ({"last_week": "2027-10-04"}, "last_week"),
        ({"last_week": "soon"}, "last_week"),
    ],
)
async def test_a_range_that_is_none_is_refused(
    *, scheduler: ClientFactory, site: Json, query: dict[str, str], pointer: str, report: str
) -> None:
    answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/{report}", params={**WEEKS, **query})

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("report", REPORTS)
async def test_figures_are_not_for_everybody(scheduler: ClientFactory, site: Json, report: str) -> None:
    path = f"/v1/sites/{site['id']}/{report}"

    assert (await scheduler(Role.PATIENT).get(path, params=WEEKS)).status_code == 403
    assert (await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path, params=WEEKS)).status_code == 404
