"""Nobody is planned or published by telehealth without consent, a known place, and people licensed there."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from services.scheduler.errors import TimetableRefusedError
from tests.conftest import ClientFactory
from tests.scheduler.conftest import AT_HOME, MONDAY, Clinic, Json, Make, plan_of, problem
from tests.scheduler.proposals.conftest import Booked, Propose, Publish
from tests.scheduler.weekly import Week
from tests.support.tokens import Tokens

Planned = Callable[[], Awaitable[tuple[list[list[str]], list[str]]]]
NOT_LICENSED = (409, "rules-broken", "practitioner-not-licensed")


@pytest.fixture
async def licences(clinic: Clinic, new_licence: Make) -> list[Json]:
    """Of the counsellor and of the therapist, for New York."""
    return [await new_licence(clinic.counsellor), await new_licence(clinic.therapist)]


@pytest.fixture
def end(scheduler: ClientFactory) -> Callable[..., Awaitable[None]]:
    async def post(licence: Json, last: str | None) -> None:
        path = f"/v1/licences/{licence['id']}:end"
        answer = await scheduler(Role.PROGRAMME_DIRECTOR).post(path, json={"valid_until": last})
        assert answer.status_code == 200, answer.text

    return post


@pytest.fixture
def planned(scheduler: ClientFactory, scheduler_database: Any, organization_id: UUID, clinic: Clinic) -> Planned:
    """Asks for the week, and says how each patient of the instance may be seen, and what was told of telehealth."""

    async def ask() -> tuple[list[list[str]], list[str]]:
        desk = scheduler(Role.FRONT_DESK)
        asked = await desk.post("/v1/solves", json={"site_id": clinic.site["id"], "week": MONDAY})
        assert asked.status_code == 202, asked.text
        assert (await desk.post(f"/v1/solves/{asked.json()['id']}:cancel")).status_code == 200
        async with scheduler_database.read(organization_id) as read:
            query = "select instance from solves order by id desc limit 1"
            [row] = await read._connection.fetch(query)
        notes = [one.partition(" of")[0] for one in asked.json()["warnings"] if one.startswith("telehealth")]
        return [patient["modalities"] for patient in row["instance"]["patients"]], notes

    return ask


async def at_home(clinic: Clinic, new_patient: Make, **changes: Any) -> Json:
    return await new_patient(clinic.site, plan_of(clinic.counsellor, **{**AT_HOME, **changes}))


@pytest.mark.usefixtures("licences")
async def test_whoever_consented_and_whom_all_may_treat_is_planned_by_telehealth(
    clinic: Clinic, new_patient: Make, planned: Planned
) -> None:
    await at_home(clinic, new_patient, telehealth_consented_on=MONDAY)

    assert await planned() == ([["on_site", "telehealth"]], [])


@pytest.mark.usefixtures("licences")
@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"telehealth_consented_on": None}, "telehealth-consent: 1"),
        ({"telehealth_consented_on": "2026-10-06"}, "telehealth-consent: 1"),
        ({"telehealth_jurisdiction": None}, "telehealth-consent: 1"),
        ({"telehealth_jurisdiction": "US-NJ"}, "telehealth-licence: 1"),
    ],
)
async def test_whoever_lacks_something_is_planned_on_site(
    *, clinic: Clinic, new_patient: Make, planned: Planned, changes: Json, note: str
) -> None:
    await at_home(clinic, new_patient, **changes)

    assert await planned() == ([["on_site"]], [note])


@pytest.mark.parametrize("last", ["2026-10-02", "2026-10-10"])
async def test_a_licence_that_ends_before_the_week_does_is_none(
    *, clinic: Clinic, new_patient: Make, planned: Planned, licences: list[Json], end: Any, last: str
) -> None:
    await at_home(clinic, new_patient)
    await end(licences[1], last)

    assert await planned() == ([["on_site"]], ["telehealth-licence: 1"])


@pytest.fixture
async def people(clinic: Clinic, new_patient: Make) -> Week:
    return Week(clinic, [await at_home(clinic, new_patient) for _ in range(2)])


def remote(week: Week, day: int) -> Json:
    return {**week.group(day, 8, 0, 1), "modality": "telehealth", "room": None}


@pytest.fixture
def replan(records: ClientFactory, people: Week) -> Callable[..., Awaitable[None]]:
    """Writes another version of the plan of one of the people."""

    async def put(number: int, **changes: Any) -> None:
        plan = plan_of(people.clinic.counsellor, **{**AT_HOME, **changes})
        path = f"/v1/patients/{people.ids[number]}/treatment_plan"
        client = records(Role.PROGRAMME_DIRECTOR)
        tag = (await client.get(path)).headers["etag"]
        answer = await client.put(path, json=plan, headers={"if-match": tag})
        assert answer.status_code == 200, answer.text

    return put


async def test_a_licence_that_has_ended_since_stops_the_publication(
    *, people: Week, licences: list[Json], end: Any, propose: Propose, publish: Publish, scheduler: ClientFactory
) -> None:
    proposal = await propose([remote(people, 1)], [])
    await end(licences[0], "2026-10-05")

    refused = await publish(proposal)
    preview = await scheduler(Role.FRONT_DESK).post(f"/v1/proposals/{proposal['id']}:preview_notices")
    await end(licences[0], "2026-10-06")
    answer = await publish(proposal)

    assert [problem(refused), problem(preview)] == [NOT_LICENSED, NOT_LICENSED]
    [error] = refused.json()["errors"]
    assert error["detail"].startswith("2026-10-06T09:00:00-04:00: ")
    assert all(one not in refused.text for one in people.ids)
    assert answer.status_code == 200, answer.text


LOST = [
    ({"telehealth_consented_on": None}, {"telehealth-not-consented"}),
    ({"telehealth_consented_on": "2026-10-07"}, {"telehealth-not-consented"}),
    ({"telehealth_jurisdiction": "US-NJ"}, {"practitioner-not-licensed"}),
    ({"telehealth_jurisdiction": None}, {"jurisdiction-unknown"}),
    ({"modalities": ["on_site"]}, {"modality-not-planned"}),
    ({"planned_discharge": "2026-10-01"}, {"telehealth-not-consented", "jurisdiction-unknown"}),
]


@pytest.mark.usefixtures("licences")
@pytest.mark.parametrize(("changes", "codes"), LOST)
async def test_what_a_plan_has_lost_since_the_solve_refuses_its_changes_one_by_one(
    *, people: Week, replan: Any, propose: Propose, publish: Publish, scheduler: ClientFactory, changes: Json,
    codes: set[str],
) -> None:  # fmt: skip
    proposal = await propose([remote(people, 1), people.group(2, 8, 0, 1)], [])
    changes_of = f"/v1/proposals/{proposal['id']}/changes"
    listed = (await scheduler(Role.FRONT_DESK).get(changes_of)).json()["items"]
    lost = next(
        one for one in listed if one["patient_id"] == people.ids[1] and one["after"]["modality"] == "telehealth"
    )
    await replan(1, **changes)

    refused = await publish(proposal)
    preview = await scheduler(Role.FRONT_DESK).post(f"/v1/proposals/{proposal['id']}:preview_notices")

    told = refused.json()["refused_changes"]
    assert {(one["number"], one["start"]) for one in told} == {(lost["number"], "2026-10-06T09:00:00-04:00")}
    assert {one["code"] for one in told} == codes
    assert all(one["remedy"].endswith(", or reject the change") for one in told)
    assert refused.json()["errors"]
    assert all(one not in refused.text for one in people.ids)
    assert problem(preview) == problem(refused) == (409, "rules-broken", told[0]["code"])
    assert preview.json()["refused_changes"] == told


@pytest.mark.usefixtures("licences")
async def test_without_the_changes_that_were_refused_the_rest_is_published(
    *, people: Week, replan: Any, propose: Propose, publish: Publish, scheduler: ClientFactory, clinic: Clinic,
    new_patient: Make, booked: Booked
) -> None:  # fmt: skip
    people.ids.append((await at_home(clinic, new_patient))["id"])
    proposal = await propose([{**remote(people, 1), "members": people.ids}], [])
    await replan(1, telehealth_consented_on=None)
    [lost] = (await publish(proposal)).json()["refused_changes"]
    rejection = f"/v1/proposals/{proposal['id']}/changes/{lost['number']}:reject"
    decided = await scheduler(Role.FRONT_DESK).post(rejection, json={"reason": "patient_declines"})

    answer = await publish(proposal)

    assert decided.status_code == 200, decided.text
    assert answer.status_code == 200, answer.text
    assert (await booked()).keys() == {people.ids[0], people.ids[2]}


@pytest.mark.usefixtures("licences")
async def test_consent_written_down_since_the_solve_counts(
    *, people: Week, replan: Any, propose: Propose, publish: Publish
) -> None:
    proposal = await propose([remote(people, 1)], [])
    await replan(1, telehealth_consented_on=None)
    assert (await publish(proposal)).status_code == 409
    await replan(1, telehealth_consented_on="2026-10-06")

    assert (await publish(proposal)).status_code == 200


async def test_another_leader_of_what_is_booked_by_telehealth_is_asked_for_a_licence(
    *, people: Week, licences: list[Json], end: Any, propose: Propose, publish: Publish
) -> None:
    assert (await publish(await propose([remote(people, 1)], []))).status_code == 200
    other = {**remote(people, 1), "lead": people.clinic.therapist["id"]}
    proposal = await propose([other], [])
    await end(licences[1], "2026-10-05")

    refused = await publish(proposal, reason="staff_absence")

    assert problem(refused) == NOT_LICENSED
    assert {one["number"] for one in refused.json()["refused_changes"]} == {1, 2}


@pytest.mark.usefixtures("licences")
async def test_while_records_is_away_only_a_week_with_new_sessions_by_telehealth_waits(
    *, people: Week, propose: Propose, publish: Publish, scheduler_app: Any, tokens: Tokens
) -> None:
    by_telehealth, on_site = await propose([remote(people, 1)], []), await propose([people.group(1, 8, 0, 1)], [])
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    waits, goes = await publish(by_telehealth), await publish(on_site)
    await http.close()

    assert (waits.status_code, goes.status_code) == (503, 200)


@pytest.mark.usefixtures("licences")
async def test_a_week_planned_without_consent_is_no_proposal(
    clinic: Clinic, new_patient: Make, propose: Propose
) -> None:
    week = Week(clinic, [await at_home(clinic, new_patient, telehealth_consented_on=None) for _ in range(2)])

    with pytest.raises(TimetableRefusedError):
        await propose([remote(week, 1)], [])


async def test_what_is_booked_by_telehealth_stays_and_what_is_new_is_asked_about(
    *, people: Week, licences: list[Json], end: Any, propose: Propose, publish: Publish
) -> None:
    assert (await publish(await propose([remote(people, 1)], []))).status_code == 200
    more = await propose([remote(people, 1), remote(people, 2)], [])
    same = await propose([remote(people, 1), people.group(2, 8, 0, 1)], [])
    await end(licences[0], "2026-10-02")

    refused = await publish(more, reason="clinical")
    kept = await publish(same, reason="clinical")

    assert problem(refused) == NOT_LICENSED
    assert [error["detail"][:10] for error in refused.json()["errors"]] == ["2026-10-07"]
    assert kept.status_code == 200, kept.text


async def test_going_back_to_sessions_by_telehealth_asks_too(
    *,
    people: Week,
    licences: list[Json],
    end: Any,
    propose: Propose,
    publish: Publish,
    scheduler: ClientFactory,
    clinic: Clinic,
) -> None:
    assert (await publish(await propose([remote(people, 1)], []))).status_code == 200
    assert (await publish(await propose([people.group(1, 8, 0, 1)], []), reason="clinical")).status_code == 200
    await end(licences[0], "2026-10-02")
    path = f"/v1/sites/{clinic.site['id']}/timetables/{MONDAY}:revert"
    body = {"to_version": 1, "reason": "clinical"}

    refused = await scheduler(Role.FRONT_DESK).post(path, json=body, headers={"if-match": '"2"'})
    await end(licences[0], None)
    again = await scheduler(Role.FRONT_DESK).post(path, json=body, headers={"if-match": '"2"'})

    assert problem(refused) == NOT_LICENSED
    assert again.status_code == 200, again.text


@pytest.mark.usefixtures("licences")
async def test_a_prescriber_who_has_left_needs_no_licence_for_a_visit_by_telehealth(
    *,
    clinic: Clinic,
    new_patient: Make,
    new_practitioner: Make,
    new_licence: Make,
    propose: Propose,
    publish: Publish,
) -> None:
    prescriber: Json = {"role": "prescriber", "leads": [], "individual": []}
    await new_practitioner(clinic.site, **prescriber, starts_on="2026-08-03", ends_on=MONDAY)
    await new_licence(await new_practitioner(clinic.site, **prescriber))
    asked = [*plan_of(clinic.counsellor)["required_services"], {"service": "medication", "minutes_per_week": 30}]
    ann = await new_patient(clinic.site, plan_of(clinic.counsellor, **AT_HOME, required_services=asked))
    visit = {"patient": ann["id"], "service": "medication", "day": 1, "slot": 8, "modality": "telehealth"}

    answer = await publish(await propose([], [{**visit, "practitioner": None}]))

    assert answer.status_code == 200, answer.text
