"""The weeks ahead of a small clinic, through the route."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, calendar, plan_of
from tests.scheduler.weekly import ByHand, Week
from tests.support.tokens import Tokens

FOUR_AND_A_HALF = 270
SVG = "{http://www.w3.org/2000/svg}"


def plan(clinic: Clinic, minutes: int = FOUR_AND_A_HALF, **changes: Any) -> Json:
    """Three groups of 90 minutes; the rest of the nine hours is what other groups are for."""
    needs = [
        {"service": "process_group", "minutes_per_week": minutes},
        {"service": "individual", "minutes_per_week": 60},
        {"service": "education_group", "minutes_per_week": 510 - minutes},
    ]
    return plan_of(clinic.counsellor, required_services=needs, **changes)


def monday(number: int) -> str:
    return (date.fromisoformat(MONDAY) + timedelta(weeks=number)).isoformat()


async def look(scheduler: ClientFactory, clinic: Clinic, **query: Any) -> list[Json]:
    path = f"/v1/sites/{clinic.site['id']}/horizon"
    answer = await scheduler(Role.FRONT_DESK).get(path, params={"first_week": MONDAY, **query})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["weeks"])


def process(week: Json) -> Json:
    [found] = [one for one in week["services"] if one["service"] == "process_group"]
    return dict(found)


def parts(week: Json) -> dict[str, tuple[int, ...]]:
    keys = ("seats_available", "seats_expected", "seats_fillable", "seats_short", "seats_short_only_here")
    return {one["part"]: tuple(one[key] for key in keys) for one in week["parts"] if one["service"] == "process_group"}


async def test_the_usual_week_is_carried_forward_past_tapers_discharges_and_admissions(
    *, clinic: Clinic, new_patient: Make, by_hand: ByHand, scheduler: ClientFactory
) -> None:
    taper = {
        "week": monday(2),
        "required_services": [
            {"service": "process_group", "minutes_per_week": 90},
            {"service": "education_group", "minutes_per_week": 240},
        ],
    }
    leaving: Json = {"planned_discharge": (date.fromisoformat(monday(2)) + timedelta(days=4)).isoformat()}
    people = [
        await new_patient(clinic.site, plan(clinic)),
        await new_patient(clinic.site, plan(clinic)),
        await new_patient(clinic.site, plan(clinic, taper_weeks=[taper], **leaving)),
    ]
    await new_patient(clinic.site, plan(clinic, planned_admission=monday(3)))
    week = Week(clinic, people)
    await by_hand.publish(MONDAY, [week.group(day, 8, 0, 1, 2) for day in (0, 1, 2)])

    weeks = await look(scheduler, clinic)

    assert len(weeks) == 12
    assert [(one["basis"], one["based_on"]) for one in weeks[:3]] == [
        ("published", None),
        ("projected", MONDAY),
        ("projected", MONDAY),
    ]
    assert [one["people"] for one in weeks[:5]] == [3, 3, 3, 3, 3]
    assert [(one["tapering"], one["discharges"], one["admissions"]) for one in weeks[:5]] == [
        (0, 0, 0),
        (0, 0, 0),
        (1, 1, 0),
        (0, 0, 1),
        (0, 0, 0),
    ]
    # In the taper week the third has one meeting left, the first of the week; after it none.
    assert [[one["expected"] for one in week["groups"]] for week in weeks[:4]] == [
        [3, 3, 3],
        [3, 3, 3],
        [3, 2, 2],
        [2, 2, 2],
    ]
    # Who is admitted then finds room in all three groups.
    assert [(process(one)["seats_required"], process(one)["seats_short"]) for one in weeks[:4]] == [
        (9, 0),
        (9, 0),
        (7, 0),
        (9, 0),
    ]
    assert parts(weeks[3])["morning"] == (24, 6, 3, 0, 0)
    assert {one["id"] for one in people}.isdisjoint(str(weeks))


async def test_the_clocks_may_change_and_a_group_keeps_its_hour(
    *, clinic: Clinic, new_patient: Make, by_hand: ByHand, scheduler: ClientFactory
) -> None:
    week = Week(clinic, [await new_patient(clinic.site, plan(clinic)) for _ in range(2)])
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1)])

    weeks = await look(scheduler, clinic)

    assert {one["week"] for one in weeks} >= {"2026-10-26", "2026-11-02"}
    assert {group["start"] for one in weeks for group in one["groups"]} == {"09:00:00"}


async def test_where_seats_run_short_it_is_said_in_which_part_of_the_week(
    *, clinic: Clinic, new_patient: Make, by_hand: ByHand, scheduler: ClientFactory, import_calendar: Any
) -> None:
    """Work until 17:00 each day: the mornings' seats are of no use, and evenings are what is lacking."""
    people = [await new_patient(clinic.site, plan(clinic)) for _ in range(2)]
    works = await new_patient(clinic.site, plan(clinic, minutes=90, planned_admission=monday(1)))
    days = [date.fromisoformat(monday(1)) + timedelta(days=number) for number in range(7)]
    busy = [f"{day:%Y%m%d}T070000/{day:%Y%m%d}T170000" for day in days]
    assert (await import_calendar(works, calendar(*busy))).status_code == 201
    week = Week(clinic, people)
    await by_hand.publish(MONDAY, [week.group(day, 8, 0, 1) for day in (0, 1, 2)])

    first, second, third = await look(scheduler, clinic, weeks=3)

    assert (process(first)["seats_short"], process(second)["seats_short"], process(third)["seats_short"]) == (0, 1, 0)
    assert parts(second)["morning"] == (24, 6, 0, 0, 0)
    # Open until 21:00 on Saturday too, so the evening is not the only part with time.
    assert parts(second)["evening"] == (0, 0, 0, 1, 0)
    assert parts(second)["weekend"] == (0, 0, 0, 1, 0)
    # The week after, without work in the calendar, the mornings do.
    assert parts(third)["morning"] == (24, 6, 1, 0, 0)


async def test_scarce_seats_are_left_to_those_who_can_come_at_no_other_time(
    *,
    clinic: Clinic,
    new_patient: Make,
    by_hand: ByHand,
    scheduler: ClientFactory,
    import_calendar: Any,
    new_room: Make,
) -> None:
    """One free seat in the afternoon, many in the morning: whoever can come in the morning gets one there."""
    small = await new_room(clinic.site, capacity=3, name="Elm")
    sitting = [await new_patient(clinic.site, plan(clinic, minutes=90)) for _ in range(4)]
    free = [await new_patient(clinic.site, plan(clinic, minutes=90, planned_admission=monday(1))) for _ in range(2)]
    works = await new_patient(clinic.site, plan(clinic, minutes=90, planned_admission=monday(1)))
    days = [date.fromisoformat(monday(1)) + timedelta(days=number) for number in range(7)]
    busy = [f"{day:%Y%m%d}T070000/{day:%Y%m%d}T120000" for day in days]
    await import_calendar(works, calendar(*busy))
    week = Week(clinic, sitting)
    afternoon = {**week.group(1, 24, 0, 1), "room": small["id"]}
    await by_hand.publish(MONDAY, [week.group(0, 8, 2, 3), afternoon])

    _, second = await look(scheduler, clinic, weeks=2)

    assert free
    assert process(second)["seats_short"] == 0
    assert parts(second)["afternoon"] == (3, 2, 1, 0, 0)
    assert parts(second)["morning"] == (8, 2, 2, 0, 0)


async def test_a_closed_day_gives_nobody_a_seat(
    *, clinic: Clinic, new_patient: Make, by_hand: ByHand, scheduler: ClientFactory
) -> None:
    week = Week(clinic, [await new_patient(clinic.site, plan(clinic)) for _ in range(2)])
    await by_hand.publish(MONDAY, [week.group(day, 8, 0, 1) for day in (0, 1, 2)])
    closure = {
        "start": f"{monday(1)}T00:00:00-04:00",
        "end": f"{monday(1)}T23:00:00-04:00",
        "policy": "cancel",
        "reason": "holiday",
    }
    path = f"/v1/sites/{clinic.site['id']}/closures"
    assert (await scheduler(Role.PROGRAMME_DIRECTOR).post(path, json=closure)).status_code == 201

    first, second, third = await look(scheduler, clinic, weeks=3)

    assert [len(one["closures"]) for one in (first, second, third)] == [0, 1, 0]
    assert [group["is_closed"] for group in second["groups"]] == [True, False, False]
    assert [(process(one)["seats_available"], process(one)["seats_short"]) for one in (first, second, third)] == [
        (24, 0),
        (16, 2),
        (24, 0),
    ]


async def test_with_nothing_published_everybody_lacks_everything(
    *, clinic: Clinic, new_patient: Make, scheduler: ClientFactory
) -> None:
    await new_patient(clinic.site, plan(clinic))

    [week] = await look(scheduler, clinic, weeks=1)

    assert (week["basis"], week["groups"], week["is_short"]) == ("nothing", [], True)
    assert (process(week)["seats_short"], process(week)["seats_short_without_time"]) == (3, 0)


async def test_the_picture_shows_the_same_figures_and_names_nobody(
    *, clinic: Clinic, new_patient: Make, by_hand: ByHand, scheduler: ClientFactory
) -> None:
    people = [await new_patient(clinic.site, plan(clinic)) for _ in range(3)]
    week = Week(clinic, people)
    await by_hand.publish(MONDAY, [week.group(day, 8, 0, 1, 2) for day in (0, 1, 2)])
    path = f"/v1/sites/{clinic.site['id']}/horizon/picture"
    weeks = await look(scheduler, clinic)

    answer = await scheduler(Role.FRONT_DESK).get(path, params={"first_week": MONDAY})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    drawn = ET.fromstring(answer.text)  # noqa: S314 - our own document
    told = drawn.findtext(f"{SVG}desc") or ""
    assert told.count("people") == len(weeks) == 12
    for one in weeks:
        seats = sum(service["seats_available"] for service in one["services"])
        short = sum(service["seats_short"] for service in one["services"])
        day = f"{date.fromisoformat(one['week']):%d %B}"
        figures = f"{one['people']} people, {seats} seats, {short} seats missing, {len(one['groups'])} groups."
        assert f"{day}: {figures}" in told
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"people", "seats", "groups", "05 Oct"} <= set(words)
    assert any(rect.get("fill") == "#b03a2e" for rect in drawn.iter(f"{SVG}rect"))
    for person in (*people, clinic.counsellor, clinic.therapist):
        assert person["id"] not in answer.text
    assert clinic.counsellor["display_name"] not in answer.text


async def test_a_picture_without_anything_is_drawn_too_and_refused_where_the_figures_are(
    *, clinic: Clinic, scheduler: ClientFactory
) -> None:
    path, asked = f"/v1/sites/{clinic.site['id']}/horizon/picture", {"first_week": MONDAY}
    desk, stranger = scheduler(Role.FRONT_DESK), scheduler(Role.FRONT_DESK, organization=uuid4())

    empty = await desk.get(path, params={**asked, "weeks": 1})

    assert empty.status_code == 200
    drawn = ET.fromstring(empty.text)  # noqa: S314 - our own document
    assert [rect.get("fill") for rect in drawn.iter(f"{SVG}rect")] == ["white"]
    assert (await desk.get(path, params={"first_week": "2026-10-06"})).status_code == 422
    assert (await desk.get(path, params={**asked, "weeks": 27})).status_code == 422
    assert (await stranger.get(path, params=asked)).status_code == 404
    assert (await scheduler(Role.PATIENT).get(path, params=asked)).status_code == 403


async def test_the_weeks_ahead_are_refused_where_they_should_be(
    *, clinic: Clinic, scheduler: ClientFactory, scheduler_app: Any, tokens: Tokens
) -> None:
    path = f"/v1/sites/{clinic.site['id']}/horizon"
    asked = {"first_week": MONDAY}
    patient = await scheduler(Role.PATIENT).get(path, params=asked)
    stranger = await scheduler(Role.FRONT_DESK, organization=uuid4()).get(path, params=asked)
    tuesday = await scheduler(Role.FRONT_DESK).get(path, params={"first_week": "2026-10-06"})
    none = await scheduler(Role.FRONT_DESK).get(path)
    far = await scheduler(Role.FRONT_DESK).get(path, params={**asked, "weeks": 27})
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)
    away = await scheduler(Role.FRONT_DESK).get(path, params=asked)
    await http.close()

    codes = [one.status_code for one in (patient, stranger, tuesday, none, far, away)]
    assert codes == [403, 404, 422, 422, 422, 503]
