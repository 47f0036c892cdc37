"""What binds a site, which figure counts there, and what it makes of a week; through the routes."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from services.contracts.vocabulary import ServiceKind
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance
from tests.conftest import ClientFactory
from tests.scheduler.conftest import MONDAY, TUESDAY_NINE, Clinic, Desk, Json, Make, group, plan_of
from tests.scheduler.weekly import Week
from tests.support.tokens import Tokens

SetUp = Callable[..., Awaitable[Any]]
Instances = Callable[..., Awaitable[tuple[Json, Instance]]]
TEXAS = {"jurisdiction": "US-TX"}


def override(key: str, value: int, **changes: Any) -> Json:
    return {
        "key": key,
        "value": value,
        "citation": "Programme policy 4.2",
        "effective_from": "2026-01-01",
        **changes,
    }


@pytest.fixture
async def site(clinic: Clinic) -> Json:
    return clinic.site


@pytest.fixture
def set_up(scheduler: ClientFactory) -> SetUp:
    async def put(site: Json, settings: Json, *, version: int = 0, role: Role = Role.PROGRAMME_DIRECTOR) -> Any:
        path = f"/v1/sites/{site['id']}/rule_settings"
        return await scheduler(role).put(path, json=settings, headers={"if-match": f'"{version}"'})

    return put


@pytest.fixture
def solved(scheduler: ClientFactory, scheduler_database: Any, organization_id: UUID) -> Instances:
    """Asks for a week and reads what the solver is given."""

    async def ask(site: Json, monday: str = MONDAY) -> tuple[Json, Instance]:
        asked = await scheduler(Role.FRONT_DESK).post("/v1/solves", json={"site_id": site["id"], "week": monday})
        assert asked.status_code == 202, asked.text
        async with scheduler_database.read(organization_id) as read:
            solve = dict(asked.json())
            row = await read._connection.fetchrow("select instance from solves where id = $1", UUID(solve["id"]))
        return solve, instance_from_json(row["instance"])

    return ask


async def effective(scheduler: ClientFactory, site: Json, **query: Any) -> Any:
    path = f"/v1/sites/{site['id']}/effective_rules"
    return await scheduler(Role.FRONT_DESK).get(path, params={"on": MONDAY, **query})


def rule(answer: Any, key: str, service: str | None = None) -> Json:
    [found] = [one for one in answer.json()["rules"] if (one["key"], one["service"]) == (key, service)]
    return dict(found)


async def test_a_group_in_texas_has_seats_as_the_kind_of_group_allows(
    *, clinic: Clinic, new_offering: Make, set_up: SetUp, solved: Instances
) -> None:
    site = clinic.site
    wide = await new_offering(site, minutes=60, maximum_size=20, co_facilitator_above=20)
    class_ = await new_offering(site, service="education_group", maximum_size=40, co_facilitator_above=40)
    assert (await set_up(site, TEXAS)).status_code == 200

    solve, instance = await solved(site)

    assert instance.kinds[clinic.offering["id"]].size.maximum == 12
    assert instance.kinds[wide["id"]].size.maximum == 16
    assert instance.kinds[class_["id"]].size.maximum == 35
    assert "26 TAC §564.902" in instance.limits.citations[f"group_size:{wide['id']}"]
    assert f"group_size:{clinic.offering['id']}" not in instance.limits.citations
    notes = [one for one in solve["warnings"] if one.startswith("rule-group-size: ")]
    assert len(notes) == 2
    assert all("rule pack us-tx, §564.902" in note for note in notes)


async def test_without_a_state_the_site_s_own_sizes_hold(clinic: Clinic, new_offering: Make, solved: Instances) -> None:
    wide = await new_offering(clinic.site, minutes=60, maximum_size=20, co_facilitator_above=20)

    solve, instance = await solved(clinic.site)

    assert instance.kinds[wide["id"]].size.maximum == 20
    assert solve["warnings"] == []
    assert (instance.limits.day_slots, instance.limits.idle_slots, instance.limits.gap_slots) == (18, 8, 1)


ADOPTED = {"figure_id": "va-dmas-arts/group-size", "source": "Provider manual, chapter 4", "confirmed_on": MONDAY}
MEDALLION = {"payers": [{"payer": "medallion", "pack_ids": ["va-dmas-arts"]}], "adoptions": [ADOPTED]}


async def test_the_payer_of_one_patient_binds_every_group_of_the_weeks_in_which_that_patient_comes(
    *, clinic: Clinic, new_patient: Make, set_up: SetUp, solved: Instances
) -> None:
    await set_up(clinic.site, MEDALLION)
    await new_patient(clinic.site, plan_of(clinic.counsellor, payer="medallion", planned_discharge="2026-10-11"))
    await new_patient(clinic.site, plan_of(clinic.counsellor))

    _, during = await solved(clinic.site)
    _, after = await solved(clinic.site, "2026-10-12")

    sizes = [week.kinds[clinic.offering["id"]].size.maximum for week in (during, after)]
    assert sizes == [10, 12]


async def test_a_figure_that_is_to_be_checked_does_not_count_before_it_is_adopted(
    *, clinic: Clinic, new_patient: Make, set_up: SetUp, solved: Instances, scheduler: ClientFactory
) -> None:
    await set_up(clinic.site, {**MEDALLION, "adoptions": []})
    await new_patient(clinic.site, plan_of(clinic.counsellor, payer="medallion"))

    _, instance = await solved(clinic.site)
    told = rule(await effective(scheduler, clinic.site, payer="medallion"), "group_members_most", "process_group")

    assert instance.kinds[clinic.offering["id"]].size.maximum == 12
    assert told["value"] is None
    [considered] = told["considered"]
    assert (considered["standing"], considered["figure"]["mark"]) == ("not_adopted", "check")


async def test_a_day_of_one_s_own_is_the_week_s_limit_and_says_where_it_is_written(
    *, clinic: Clinic, new_patient: Make, set_up: SetUp, solved: Instances
) -> None:
    await set_up(clinic.site, {"overrides": [override("day_minutes_most", 240)]})
    await new_patient(clinic.site, plan_of(clinic.counsellor))

    _, instance = await solved(clinic.site)

    assert instance.limits.day_slots == 16
    assert "Programme policy 4.2" in instance.limits.citations["day_slots"]
    assert instance.patients[0].max_slots_day is None


async def test_a_payer_that_no_pack_is_known_of_is_told(
    *, clinic: Clinic, new_patient: Make, solved: Instances
) -> None:
    await new_patient(clinic.site, plan_of(clinic.counsellor, payer="medicair"))

    solve, _ = await solved(clinic.site)

    assert [one for one in solve["warnings"] if one.startswith("rule-payer: ")] == [
        "rule-payer: no rule pack is known of payer medicair, who pays for 1 of the patients"
    ]


async def test_a_meeting_too_short_to_count_is_left_out_and_told(
    *, clinic: Clinic, new_offering: Make, set_up: SetUp, solved: Instances
) -> None:
    short = await new_offering(clinic.site, minutes=45)
    await set_up(clinic.site, {"overrides": [override("group_minutes_fewest", 60)]})

    solve, instance = await solved(clinic.site)

    assert clinic.offering["id"] in instance.kinds
    assert short["id"] not in instance.kinds
    [note] = [one for one in solve["warnings"] if one.startswith("rule-group-minutes: ")]
    assert "Programme policy 4.2" in note


async def test_more_patients_than_counsellors_may_have_are_told_with_the_state_s_figure(
    *, clinic: Clinic, new_patient: Make, set_up: SetUp, solved: Instances
) -> None:
    settings = {"jurisdiction": "US-NJ", "overrides": [override("patients_per_counsellor_most", 1)]}
    await set_up(clinic.site, settings)
    for _ in range(3):
        await new_patient(clinic.site, plan_of(clinic.counsellor))

    solve, _ = await solved(clinic.site)

    [note] = [one for one in solve["warnings"] if one.startswith("rule-caseload: ")]
    assert note.startswith("rule-caseload: 3 patients to 2 counsellors, 1 to one at most (rule pack organization")


async def test_a_looser_figure_of_one_s_own_counts_only_with_a_reason(
    *, clinic: Clinic, set_up: SetUp, scheduler: ClientFactory
) -> None:
    looser = override("group_members_most", 35, service="skills_group")
    await set_up(clinic.site, {**TEXAS, "overrides": [looser]})
    without = rule(await effective(scheduler, clinic.site), "group_members_most", "skills_group")
    reason = {"because": "Skills groups here are life skills training"}
    await set_up(clinic.site, {**TEXAS, "overrides": [{**looser, **reason}]}, version=1)
    with_one = rule(await effective(scheduler, clinic.site), "group_members_most", "skills_group")

    assert (without["value"], with_one["value"]) == (16, 35)
    assert "us-tx" in without["source"]
    assert {one["pack_id"]: one["standing"] for one in without["considered"]} == {
        "us-tx": "applies",
        "organization": "weaker",
    }
    assert {one["pack_id"]: one["standing"] for one in with_one["considered"]} == {
        "us-tx": "replaced",
        "organization": "applies",
    }


async def test_a_full_group_is_explained_by_the_pack_that_bounds_it(
    *, clinic: Clinic, week: Week, set_up: SetUp, propose: Any, publish: Any, scheduler: ClientFactory
) -> None:
    await set_up(clinic.site, {"overrides": [override("group_members_most", 3)]})
    published = await propose([week.group(1, 8, 0, 1, 2)], [])
    assert (await publish(published)).status_code == 200
    whom = {"patient_id": week.ids[3], "site_id": clinic.site["id"], "week": MONDAY}

    wish = {**whom, "service": "process_group", "start": "2026-10-06T09:00:00-04:00"}
    answer = await scheduler(Role.FRONT_DESK).post("/v1/placements:explain", json=wish)

    [fact] = [one for one in answer.json()["facts"] if one["code"] == "seats_taken"]
    assert fact["citation"] == "rule pack organization, override 1: Programme policy 4.2"


async def test_what_a_published_week_falls_short_of_is_found_with_its_source(
    *, clinic: Clinic, week: Week, published: Json, set_up: SetUp, scheduler: ClientFactory
) -> None:
    assert published
    await set_up(clinic.site, {"jurisdiction": "US-VA"})
    path = f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}/rule_findings"

    answer = await scheduler(Role.COUNSELLOR).get(path)

    assert answer.status_code == 200
    first = [one for one in answer.json()["items"] if one["patient_id"] == week.ids[0]]
    assert [(one["key"], one["day"], one["found"], one["figure"]) for one in first] == [
        ("week_minutes_fewest", None, 240, 540),
        ("day_minutes_fewest", "2026-10-05", 90, 180),
        ("day_minutes_fewest", "2026-10-06", 90, 180),
        ("day_minutes_fewest", "2026-10-07", 60, 180),
    ]
    assert all("rule pack us-va, 12VAC30-130-5090" in one["source"] for one in first)
    nobody = [one for one in answer.json()["items"] if one["patient_id"] == week.ids[3]]
    assert [(one["key"], one["found"]) for one in nobody] == [("week_minutes_fewest", 0)]


async def test_a_proposal_tells_before_it_is_published_what_the_week_then_falls_short_of(
    *, clinic: Clinic, week: Week, set_up: SetUp, propose: Any, publish: Any, scheduler: ClientFactory
) -> None:
    """Before, fewest days and hours were told of published weeks alone: people knew the week by then."""
    await set_up(clinic.site, {"jurisdiction": "US-VA", "overrides": [override("days_fewest", 3)]})
    proposal = await propose([week.group(0, 8, 0, 1, 2), week.group(1, 8, 0, 1)], [week.visit(2, 8, 0)])
    desk = scheduler(Role.COUNSELLOR)

    asked = await desk.get(f"/v1/proposals/{proposal['id']}/rule_findings")
    assert (await publish(proposal)).status_code == 200
    published = await desk.get(f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}/rule_findings")

    assert (asked.status_code, asked.json()["proposal_id"], asked.json()["week"]) == (200, proposal["id"], MONDAY)
    assert asked.json()["items"] == published.json()["items"]
    days = {
        one["patient_id"]: (one["found"], one["figure"]) for one in asked.json()["items"] if one["key"] == "days_fewest"
    }
    assert (days[week.ids[1]], days[week.ids[2]]) == ((2, 3), (1, 3))
    assert week.ids[0] not in days


async def test_findings_of_a_proposal_are_for_its_own_organization_and_need_records(
    *, published: Json, scheduler: ClientFactory, scheduler_app: Any, tokens: Tokens
) -> None:
    path = f"/v1/proposals/{published['id']}/rule_findings"
    missing = await scheduler(Role.COUNSELLOR).get(f"/v1/proposals/{uuid4()}/rule_findings")
    malformed = await scheduler(Role.COUNSELLOR).get("/v1/proposals/none/rule_findings")
    stranger = await scheduler(Role.COUNSELLOR, organization=uuid4()).get(path)
    patient = await scheduler(Role.PATIENT).get(path)
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)
    away = await scheduler(Role.COUNSELLOR).get(path)
    await http.close()

    assert [one.status_code for one in (missing, malformed, stranger, patient, away)] == [404, 422, 404, 403, 503]


async def test_findings_are_only_of_a_published_week_of_one_s_own_and_need_records(
    *, clinic: Clinic, published: Json, scheduler: ClientFactory, scheduler_app: Any, tokens: Tokens
) -> None:
    assert published
    path = f"/v1/sites/{clinic.site['id']}/timetables/{{}}/rule_findings"
    unpublished = await scheduler(Role.COUNSELLOR).get(path.format("2026-10-12"))
    stranger = await scheduler(Role.COUNSELLOR, organization=uuid4()).get(path.format(MONDAY))
    patient = await scheduler(Role.PATIENT).get(path.format(MONDAY))
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)
    away = await scheduler(Role.COUNSELLOR).get(path.format(MONDAY))
    await http.close()

    assert [one.status_code for one in (unpublished, stranger, patient, away)] == [404, 404, 403, 503]


async def test_every_pack_is_listed_with_citations_and_marks(scheduler: ClientFactory) -> None:
    packs = (await scheduler(Role.FRONT_DESK).get("/v1/rule_packs")).json()["items"]

    assert {"us-tx", "us-nj", "us-va", "h0015", "medicare", "asam-3"} <= {pack["id"] for pack in packs}
    assert all(figure["citation"] and figure["mark"] for pack in packs for figure in pack["figures"])
    assert (await scheduler(Role.PATIENT).get("/v1/rule_packs")).status_code == 403


async def test_settings_are_versions_of_which_nobody_loses_one(
    *, clinic: Clinic, set_up: SetUp, scheduler: ClientFactory
) -> None:
    path = f"/v1/sites/{clinic.site['id']}/rule_settings"
    nothing = await scheduler(Role.FRONT_DESK).get(path)
    first = await set_up(clinic.site, TEXAS)
    late = await set_up(clinic.site, {"jurisdiction": "US-NJ"})
    ahead = await set_up(clinic.site, {"jurisdiction": "US-NJ"}, version=7)
    blind = await scheduler(Role.PROGRAMME_DIRECTOR).put(path, json=TEXAS)
    read = await scheduler(Role.FRONT_DESK).get(path)

    assert (nothing.json()["version"], nothing.headers["etag"], nothing.json()["jurisdiction"]) == (0, '"0"', None)
    assert (first.status_code, first.headers["etag"]) == (200, '"1"')
    assert [one.status_code for one in (late, ahead, blind)] == [412, 412, 428]
    assert read.json() == first.json()
    assert read.json()["jurisdiction"] == "US-TX"


@pytest.mark.parametrize(
    ("settings", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"jurisdiction": "Texas"}, "/jurisdiction"),
        ({"overrides": [override("group_membrs_most", 3)]}, "/overrides/0/key"),
        ({"overrides": [override("day_minutes_most", 100)]}, "/overrides/0"),
        ({"overrides": [override("days_fewest", 3, service="process_group")]}, "/overrides/0"),
        ({"overrides": [override("days_fewest", 3), override("days_fewest", 4)]}, ""),
        ({"adoptions": [{**ADOPTED, "figure_id": "us-zz/size"}]}, "/adoptions/0/figure_id"),
        ({"payers": [{"payer": "p", "pack_ids": ["us-tx"]}]}, "/payers/0/pack_ids"),
        ({"programmes": []}, "/programmes"),
    ],
)
async def test_settings_that_say_nothing_are_refused_by_the_member_that_is_wrong(
    *, clinic: Clinic, set_up: SetUp, settings: Json, pointer: str
) -> None:
    refused = await set_up(clinic.site, settings)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert "us-zz" not in refused.text


async def test_settings_are_set_by_those_who_set_up_and_seen_in_one_organization(
    *, clinic: Clinic, set_up: SetUp, scheduler: ClientFactory
) -> None:
    desk = await set_up(clinic.site, TEXAS, role=Role.FRONT_DESK)
    unknown = await set_up({"id": str(uuid4())}, TEXAS)
    path = f"/v1/sites/{clinic.site['id']}"
    strangers = [
        await scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4()).get(f"{path}/rule_settings"),
        await scheduler(Role.PROGRAMME_DIRECTOR, organization=uuid4()).get(f"{path}/effective_rules?on={MONDAY}"),
    ]

    assert (desk.status_code, unknown.status_code) == (403, 404)
    assert [one.status_code for one in strangers] == [404, 404]


async def test_a_day_tells_which_figure_counts_on_it(
    *, clinic: Clinic, set_up: SetUp, scheduler: ClientFactory
) -> None:
    dated = [
        override("days_fewest", 3, effective_from="2026-01-01", effective_until="2026-06-30"),
        override("days_fewest", 4, effective_from="2026-07-01"),
    ]
    await set_up(clinic.site, {"overrides": dated})

    found = [
        rule(await effective(scheduler, clinic.site, on=day), "days_fewest")["value"]
        for day in ("2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01")
    ]
    no_day = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{clinic.site['id']}/effective_rules")

    assert found == [None, 3, 3, 4]
    assert no_day.status_code == 422


async def test_a_seat_given_by_hand_keeps_the_day_that_the_site_is_bound_to(
    *, clinic: Clinic, desk: Desk, set_up: SetUp, new_patient: Make
) -> None:
    ann = await new_patient(clinic.site)
    education = group(start=TUESDAY_NINE.replace(hour=16), service=ServiceKind.EDUCATION_GROUP, track=None)
    [_, later] = await desk.publish(group(ann), education)
    await set_up(clinic.site, {"overrides": [override("day_minutes_most", 150)]})
    refused = await desk.ask("book", later, ann)
    await set_up(clinic.site, {"overrides": [override("day_minutes_most", 180)]}, version=1)
    given = await desk.ask("book", later, ann)

    assert (refused.status_code, refused.json()["code"]) == (409, "day-too-long")
    assert "2.5 h of sessions (rule pack organization, override 1: Programme policy 4.2)" in refused.json()["detail"]
    assert given.status_code == 200, given.text
