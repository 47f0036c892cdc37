"""A change of the setup counts from a week on: the weeks before it are planned, and judged, as they were set up."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, Clinic, Json, Make, problem, windows
from tests.scheduler.setup_changes.conftest import Change, path_of
from tests.scheduler.weekly import ByHand, Week
from tests.support.statements import statements_of

NEXT_MONDAY, NOVEMBER = "2026-10-12", "2026-11-02"
CHANGES: dict[str, Json] = {
    "site": {"open": windows("10:00", "20:00"), "offices": 1, "family_rooms": 0},
    "room": {"capacity": 3},
    "counsellor": {"shifts": windows("12:00", "20:00"), "leads": [], "max_minutes_week": 600},
    "offering": {"minimum_size": 3, "maximum_size": 5},
}
Figures = dict[str, tuple[float, float]]


async def asked(by_hand: ByHand, monday: str) -> Json:
    """What a solve of the week is asked, without what it is compared with."""
    found = await by_hand.instance(monday)
    return {part: value for part, value in found.items() if part not in {"name", "usual"}}


@pytest.mark.usefixtures("week")
@pytest.mark.usefixtures("week")
@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_of_next_month_leaves_what_is_solved_before_as_it_was(
    *, clinic: Clinic, by_hand: ByHand, change: Change, what: str
) -> None:
    before = [await asked(by_hand, monday) for monday in (MONDAY, NEXT_MONDAY, NOVEMBER)]

    answer = await change(getattr(clinic, what), effective_on=NOVEMBER, **CHANGES[what])

    assert (answer.status_code, answer.json()["effective_on"]) == (200, NOVEMBER), answer.text
    after = [await asked(by_hand, monday) for monday in (MONDAY, NEXT_MONDAY, NOVEMBER)]
    assert after[:2] == before[:2]
    assert after[2] != before[2]


async def test_a_change_counts_from_the_current_week_on_unless_told_otherwise(
    clinic: Clinic, by_hand: ByHand, change: Change
) -> None:
    before = await asked(by_hand, MONDAY)

    answer = await change(clinic.counsellor, **CHANGES["counsellor"])

    assert answer.json()["effective_on"] == "2026-09-28"
    assert await asked(by_hand, MONDAY) != before


@pytest.mark.usefixtures("week")
async def test_the_setup_of_a_week_is_read_as_it_was_and_as_it_will_be(
    scheduler: ClientFactory, clinic: Clinic, change: Change
) -> None:
    shifts = windows("12:00", "20:00")
    await change(clinic.counsellor, effective_on=NOVEMBER, shifts=shifts)

    async def shifts_of(week: str) -> list[str]:
        path = f"/v1/sites/{clinic.site['id']}/setup"
        answer = await scheduler(Role.FRONT_DESK).get(path, params={"week": week})
        assert answer.status_code == 200, answer.text
        [found] = [one for one in answer.json()["practitioners"] if one["id"] == clinic.counsellor["id"]]
        return [one["start"] for one in found["shifts"]]

    assert set(await shifts_of("2026-10-26")) == {"09:00:00"}
    assert set(await shifts_of(NOVEMBER)) == {"12:00:00"}
    assert problem(
        await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/setup", params={"week": "2026-11-03"})
    )[:2] == (422, "invalid-request")


async def test_a_change_that_is_entered_later_takes_the_place_of_what_was_to_change_after_it(
    clinic: Clinic, by_hand: ByHand, change: Change
) -> None:
    changed = (await change(clinic.room, effective_on=NOVEMBER, capacity=3)).json()["room"]
    await change(changed, effective_on=NEXT_MONDAY, capacity=5)

    sizes = [(await asked(by_hand, monday))["rooms"][0]["capacity"] for monday in (MONDAY, NEXT_MONDAY, NOVEMBER)]

    assert sizes == [12, 5, 5]


@pytest.mark.usefixtures("week")
@pytest.mark.parametrize("what", CHANGES)
async def test_another_name_does_not_bring_forward_what_is_to_change_later(
    *, clinic: Clinic, by_hand: ByHand, change: Change, what: str
) -> None:
    """Bug: whatever was changed last counted from the current week on, with all that had been planned for November."""
    one: Json = getattr(clinic, what)
    planned = await change(one, effective_on=NOVEMBER, **CHANGES[what])
    before = [await asked(by_hand, monday) for monday in (MONDAY, NOVEMBER)]
    name = {"counsellor": "display_name", "offering": "ends_on"}.get(what, "name")

    answer = await change(
        next(part for part in planned.json().values() if isinstance(part, dict)),
        **{name: "2027-03-01" if name == "ends_on" else "Elm"},
    )

    assert (answer.status_code, answer.json()["effective_on"]) == (200, NOVEMBER), answer.text
    assert [await asked(by_hand, monday) for monday in (MONDAY, NOVEMBER)] == before


@pytest.fixture
async def two_weeks(by_hand: ByHand, week: Week) -> None:
    """A group of four on two Mondays at nine."""
    for monday in (MONDAY, NEXT_MONDAY):
        await by_hand.publish(monday, [week.group(0, 8, 0, 1, 2, 3)])


@pytest.mark.usefixtures("two_weeks")
@pytest.mark.parametrize(("what", "fault"), [("site", "site_not_open"), ("counsellor", "practitioner_off_shift")])
async def test_only_sessions_of_the_weeks_for_which_a_change_counts_collide_with_it(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, what: str, fault: str
) -> None:
    answer = await change(getattr(clinic, what), effective_on=NEXT_MONDAY, **CHANGES[what])

    sessions = answer.json()["collisions"]["sessions"]
    assert [(one["week"], fault in one["faults"]) for one in sessions] == [(NEXT_MONDAY, True)]
    listed = await scheduler(Role.FRONT_DESK).get(f"{path_of(clinic, clinic.site)}/setup_collisions")
    assert [one["week"] for one in listed.json()["sessions"]] == [NEXT_MONDAY]


@pytest.mark.usefixtures("two_weeks")
async def test_seats_are_kept_from_being_given_only_in_the_weeks_of_a_smaller_room(
    scheduler: ClientFactory, clinic: Clinic, change: Change
) -> None:
    await change(clinic.room, effective_on=NEXT_MONDAY, capacity=5)

    capacities = []
    for monday in (MONDAY, NEXT_MONDAY):
        params = {"week": monday, "status": "booked"}
        listed = await scheduler(Role.FRONT_DESK).get(f"{path_of(clinic, clinic.site)}/appointments", params=params)
        capacities += [one["capacity"] for one in listed.json()["items"]]
    assert capacities == [8, 5]


@pytest.mark.usefixtures("two_weeks")
@pytest.mark.parametrize(
    ("what", "smaller", "larger"),
    [
        ("room", {"capacity": 3}, {"capacity": 20}),
        ("offering", {"maximum_size": 3}, {"maximum_size": 20, "co_facilitator_above": 10}),
    ],
)
async def test_seats_that_a_change_kept_are_given_again_once_it_is_taken_back_and_no_more_than_were_planned(
    *, scheduler: ClientFactory, clinic: Clinic, change: Change, what: str, smaller: Json, larger: Json
) -> None:
    """Bug: of a smaller room that was planned and never came the groups kept the size until they were planned anew."""
    one, desk = getattr(clinic, what), scheduler(Role.FRONT_DESK)

    async def seats() -> list[tuple[int, int]]:
        params = {"week": NEXT_MONDAY, "status": "booked"}
        listed = await desk.get(f"{path_of(clinic, clinic.site)}/appointments", params=params)
        return [(group["capacity"], group["taken"]) for group in listed.json()["items"]]

    before = await seats()
    await change(one, effective_on=NEXT_MONDAY, **smaller)
    smaller_by_then = await seats()
    await change({**one, "version": 2})
    taken_back = await seats()
    await change({**one, "version": 3}, **larger)

    assert (before, smaller_by_then, taken_back, await seats()) == ([(8, 4)], [(4, 4)], [(8, 4)], [(8, 4)])


async def read(scheduler: ClientFactory, clinic: Clinic) -> tuple[Figures, list[Json]]:
    """What the key figures and the fairness of the first week are."""
    desk, site = scheduler(Role.FRONT_DESK), path_of(clinic, clinic.site)
    kpis = await desk.get(f"{site}/kpis", params={"first_week": MONDAY, "last_week": MONDAY})
    assert kpis.status_code == 200, kpis.text
    fairness = await scheduler(Role.PROGRAMME_DIRECTOR).get(
        f"{site}/fairness", params={"last_week": MONDAY, "weeks": 1}
    )
    assert fairness.status_code == 200, fairness.text
    figures = {one["code"]: (one["numerator"], one["denominator"]) for one in kpis.json()["figures"]}
    return figures, fairness.json()["practitioners"]


@pytest.mark.usefixtures("two_weeks")
@pytest.mark.parametrize(
    ("what", "changes", "code"),
    [
        ("site", {"open": windows("10:00", "20:00")}, "room_utilisation"),
        ("counsellor", {"shifts": windows("12:00", "20:00", "MO")}, "practitioner_utilisation"),
        ("counsellor", {"contract_minutes_week": 600}, "fairness_spread"),
    ],
)
async def test_a_week_that_is_over_is_judged_by_the_setup_that_it_had(
    *,
    scheduler: ClientFactory,
    clinic: Clinic,
    change: Change,
    at: Callable[[datetime], None],
    what: str,
    changes: Json,
    code: str,
) -> None:
    before = await read(scheduler, clinic)
    at(datetime(2026, 10, 13, 12, tzinfo=UTC))

    answer = await change(getattr(clinic, what), **changes)

    assert (answer.status_code, answer.json()["effective_on"]) == (200, NEXT_MONDAY), answer.text
    assert await read(scheduler, clinic) == before
    site = path_of(clinic, clinic.site)
    later = await scheduler(Role.FRONT_DESK).get(
        f"{site}/kpis", params={"first_week": NEXT_MONDAY, "last_week": NEXT_MONDAY}
    )
    by_now = {one["code"]: (one["numerator"], one["denominator"]) for one in later.json()["figures"]}
    assert by_now[code] != before[0][code]


@pytest.mark.usefixtures("two_weeks")
async def test_a_series_of_weeks_judges_each_by_the_setup_that_it_had(
    scheduler: ClientFactory, clinic: Clinic, change: Change
) -> None:
    params, path = {"first_week": MONDAY, "last_week": NEXT_MONDAY}, f"{path_of(clinic, clinic.site)}/weekly_kpis"

    async def weeks(code: str) -> list[tuple[float, float]]:
        answer = await scheduler(Role.FRONT_DESK).get(path, params=params)
        assert answer.status_code == 200, answer.text
        [found] = [one["weeks"] for one in answer.json()["figures"] if one["code"] == code]
        return [(one["numerator"], one["denominator"]) for one in found]

    await change(clinic.site, effective_on=NEXT_MONDAY, open=windows("10:00", "20:00"))
    shorter = {"shifts": windows("09:00", "13:00"), "contract_minutes_week": 600}
    await change(clinic.counsellor, effective_on=NEXT_MONDAY, **shorter)

    hours, contracts = 2 * 8 * 60 * 6, 2 * 2400
    assert await weeks("room_utilisation") == [(90, 13 * 60 * 6), (90, 10 * 60 * 6)]
    assert await weeks("practitioner_utilisation") == [(90, hours), (90, hours - 4 * 60 * 6)]
    assert await weeks("fairness_spread") == [
        pytest.approx((90 / 2400, 90 / contracts)),
        pytest.approx((90 / 600, 90 / 600 / 2)),
    ]


@pytest.mark.usefixtures("two_weeks")
async def test_a_week_is_judged_by_the_hours_that_were_changed_for_it_alone(
    scheduler: ClientFactory, clinic: Clinic
) -> None:
    (before, _), hours = await read(scheduler, clinic), 8 * 60 * 6
    body = {"site_id": clinic.site["id"], "week": MONDAY, "kind": "shift_changed", "reason": "training"}
    body |= {"practitioner_id": clinic.counsellor["id"], "shifts": windows("09:00", "11:00", "MO"), "breaks": []}
    told = await scheduler(Role.FRONT_DESK).post("/v1/disruptions", json=body)
    assert told.status_code == 201, told.text

    after, _ = await read(scheduler, clinic)

    utilisation = [one["practitioner_utilisation"] for one in (before, after)]
    assert utilisation == [(90, 2 * hours), (90, hours + 120)]


@pytest.mark.usefixtures("week")
async def test_a_room_that_is_not_there_yet_holds_no_group_and_counts_for_nothing(
    *, scheduler: ClientFactory, clinic: Clinic, week: Week, new_room: Make, by_hand: ByHand, change: Change
) -> None:
    elm = await new_room(clinic.site, name="Elm", starts_on="2026-10-14")
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1)])
    await by_hand.publish(NEXT_MONDAY, [week.group(0, 8, 0, 1)])

    rooms = [
        {room["id"]: room.get("closed") for room in (await by_hand.instance(monday))["rooms"]}
        for monday in (MONDAY, NEXT_MONDAY)
    ]

    assert elm["id"] not in rooms[0]
    assert rooms[1][elm["id"]] == [[0, 0, 60], [1, 0, 60]]
    hours: dict[str, float] = {}
    for monday in (MONDAY, NEXT_MONDAY):
        kpis = await scheduler(Role.FRONT_DESK).get(
            f"{path_of(clinic, clinic.site)}/kpis", params={"first_week": monday, "last_week": monday}
        )
        figures = {one["code"]: one["denominator"] for one in kpis.json()["figures"]}
        hours[monday] = figures["room_utilisation"]
    assert hours == {MONDAY: 6 * 13 * 60, NEXT_MONDAY: (6 + 4) * 13 * 60}
    anew = await change(clinic.room, starts_on=NOVEMBER)
    assert [error["pointer"] for error in anew.json()["errors"]] == ["/starts_on"]


async def test_a_kind_of_group_that_is_not_there_yet_is_not_planned(
    *, clinic: Clinic, new_offering: Make, by_hand: ByHand, change: Change
) -> None:
    skills = await new_offering(clinic.site, service="skills_group", starts_on=NEXT_MONDAY)

    kinds = [set((await by_hand.instance(monday))["group_kinds"]) for monday in (MONDAY, NEXT_MONDAY)]

    assert kinds == [{clinic.offering["id"]}, {clinic.offering["id"], skills["id"]}]
    assert (await change(skills, starts_on=NOVEMBER)).status_code == 200
    assert set((await by_hand.instance(NEXT_MONDAY))["group_kinds"]) == {clinic.offering["id"]}


async def test_a_site_that_has_ended_is_not_planned_and_what_it_holds_after_that_is_named(
    *, scheduler: ClientFactory, clinic: Clinic, week: Week, by_hand: ByHand, change: Change
) -> None:
    await by_hand.publish(MONDAY, [week.group(0, 8, 0, 1, 2), week.group(2, 8, 0, 1, 2)])

    answer = await change(clinic.site, ends_on="2026-10-07")

    faults = [(one["start"][:10], one["faults"]) for one in answer.json()["collisions"]["sessions"]]
    assert faults == [("2026-10-07", ["site_not_open"])]
    assert {day for day, *_ in (await by_hand.instance(MONDAY))["site_open"]} == {0, 1}
    desk = scheduler(Role.FRONT_DESK)
    asked = await desk.post("/v1/solves", json={"site_id": clinic.site["id"], "week": NEXT_MONDAY})
    assert problem(asked) == (422, "week-refused", "site-ended")
    listed = await desk.get(f"{path_of(clinic, clinic.site)}/appointments", params={"week": MONDAY, "status": "booked"})
    monday, wednesday = listed.json()["items"]
    seat = {"patient_id": week.ids[3]}
    booked = await desk.post(f"/v1/appointments/{wednesday['id']}:book", json=seat)
    assert problem(booked) == (409, "conflict", "site-closed")
    assert (await desk.post(f"/v1/appointments/{monday['id']}:book", json=seat)).status_code == 200


@pytest.mark.usefixtures("week")
@pytest.mark.parametrize("effective_on", ["2026-11-03", "2026-09-21"])
async def test_a_change_counts_from_no_other_day_than_a_monday_that_is_not_past(
    clinic: Clinic, by_hand: ByHand, change: Change, effective_on: str
) -> None:
    before = await asked(by_hand, NOVEMBER)

    answer = await change(clinic.room, capacity=3, effective_on=effective_on)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["effective_on"]
    assert await asked(by_hand, NOVEMBER) == before


@pytest.mark.usefixtures("two_weeks")
async def test_however_many_weeks_are_looked_at_each_thing_is_asked_once(
    *,
    scheduler: ClientFactory,
    scheduler_database: Database,
    organization_id: UUID,
    clinic: Clinic,
    by_hand: ByHand,
    week: Week,
) -> None:
    client, path = scheduler(Role.FRONT_DESK), f"{path_of(clinic, clinic.site)}/setup_collisions"

    async def count() -> int:
        async with statements_of(scheduler_database, OrganizationId(organization_id)) as sent:
            assert (await client.get(path)).status_code == 200
        return len(sent)

    await count()
    of_two = await count()
    for monday in ("2026-10-19", "2026-10-26"):
        await by_hand.publish(monday, [week.group(0, 8, 0, 1, 2, 3)])

    assert await count() == of_two
