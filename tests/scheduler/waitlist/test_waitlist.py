"""The front desk lets people wait, and reads who is asked first and why."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.chassis.http import HttpClient
from services.clients.records import RecordsClient
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.scheduler.conftest import Json, Make, Treating, windows, without_instance
from tests.support.tokens import Tokens

Wait = Callable[..., Awaitable[httpx2.Response]]


@pytest.fixture
async def site(new_site: Make) -> Json:
    return await new_site()


@pytest.fixture
def wait(scheduler: ClientFactory, site: Json) -> Wait:
    async def send(patient: Json, *, role: Role = Role.FRONT_DESK, at: Json | None = None, **more: Any) -> Any:
        path = f"/v1/sites/{(at or site)['id']}/waitlist_entries"
        return await scheduler(role).post(path, json={"patient_id": patient["id"], **more})

    return send


@pytest.fixture
def rank(scheduler: ClientFactory, site: Json) -> Callable[..., Awaitable[Json]]:
    async def read(**query: str) -> Json:
        answer = await scheduler(Role.FRONT_DESK).get(f"/v1/sites/{site['id']}/waitlist_rank", params=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    return read


def problem(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def test_a_patient_waits_from_today_on(wait: Wait, new_patient: Make, site: Json, treating: Treating) -> None:
    patient = await new_patient(site)

    answer = await wait(patient, service="process_group", windows=windows("17:00", "21:00", "MO"))

    entry = answer.json()
    assert answer.status_code == 201
    assert (answer.headers["etag"], answer.headers["location"]) == ('"1"', f"/v1/waitlist_entries/{entry['id']}")
    assert (entry["since"], entry["status"], entry["version"], entry["reason"]) == ("2026-10-02", "waiting", 1, None)
    counsellor = await treating(Role.COUNSELLOR, patient)
    read = await counsellor.get(f"/v1/waitlist_entries/{entry['id']}")
    assert (read.json(), read.headers["etag"]) == (entry, '"1"')
    listed = await counsellor.get(f"/v1/sites/{site['id']}/waitlist_entries")
    assert listed.json() == {"items": [entry], "next_page_token": None}


async def test_nobody_waits_twice_for_the_same(wait: Wait, new_patient: Make, site: Json) -> None:
    patient = await new_patient(site)

    answers = [await wait(patient, service=service) for service in (None, "family", None, "family")]

    assert [answer.status_code for answer in answers] == [201, 201, 409, 409]
    assert problem(answers[2]) == (409, "already-exists")


async def test_who_comes_first_is_who_the_rules_prefer_then_who_has_waited_longest(
    wait: Wait, new_patient: Make, site: Json, rank: Callable[..., Awaitable[Json]]
) -> None:
    people: dict[str, Json] = {
        "long": {"since": "2025-10-02"},
        "new": {},
        "injects": {"priority_facts": ["injects_drugs"]},
        "pregnant": {"priority_facts": ["pregnant"]},
        "both": {"priority_facts": ["pregnant", "injects_drugs"], "since": "2026-10-01"},
        "narrow": {"windows": windows("17:00", "21:00", "MO", "TU")},
        "steps_down": {"priority_facts": ["steps_down"]},
    }
    names = {}
    for name, facts in people.items():
        patient = await new_patient(site)
        names[patient["id"]] = name
        assert (await wait(patient, **facts)).status_code == 201

    found = await rank()

    order = [names[item["entry"]["patient_id"]] for item in found["items"]]
    assert order == ["both", "pregnant", "injects", "long", "steps_down", "narrow", "new"]
    assert [item["rank"] for item in found["items"]] == [1, 2, 3, 4, 5, 6, 7]
    assert (found["waiting"], found["day"]) == (7, "2026-10-02")
    first = found["items"][0]
    assert first["score"] == sum(reason["points"] for reason in first["reasons"])
    assert [reason["code"] for reason in first["reasons"]] == ["pregnant-injects-drugs", "days-waited"]
    assert "45 CFR 96.131" in first["reasons"][0]["citation"]
    assert [item["admit_by"] for item in found["items"][:3]] == ["2026-10-15", None, "2026-10-16"]


async def test_a_rank_for_one_service_leaves_out_who_waits_for_another(
    wait: Wait, new_patient: Make, site: Json, rank: Callable[..., Awaitable[Json]]
) -> None:
    for service in ("family", "process_group", None):
        await wait(await new_patient(site), service=service)

    found = await rank(service="process_group")

    assert [item["entry"]["service"] for item in found["items"]] == ["process_group", None]


async def test_what_is_known_is_replaced_on_the_version_that_was_read(
    wait: Wait, new_patient: Make, site: Json, scheduler: ClientFactory
) -> None:
    entry = (await wait(await new_patient(site), since="2026-09-01")).json()
    path, client = f"/v1/waitlist_entries/{entry['id']}", scheduler(Role.FRONT_DESK)
    body = {"windows": windows("08:00", "12:00", "SA"), "priority_facts": ["steps_down"]}

    changed = await client.put(path, json=body, headers={"if-match": '"1"'})
    stale = await client.put(path, json=body, headers={"if-match": '"1"'})
    bare = await client.put(path, json=body)

    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (changed.json()["since"], changed.json()["priority_facts"]) == ("2026-09-01", ["steps_down"])
    assert [problem(stale), problem(bare)] == [(412, "stale-version"), (428, "version-required")]


async def test_who_is_placed_or_removed_waits_no_longer_and_may_wait_again(
    wait: Wait, new_patient: Make, site: Json, scheduler: ClientFactory, rank: Callable[..., Awaitable[Json]]
) -> None:
    ann, ben = await new_patient(site), await new_patient(site)
    one, two = (await wait(ann)).json(), (await wait(ben)).json()
    client = scheduler(Role.FRONT_DESK)

    placed = await client.post(f"/v1/waitlist_entries/{one['id']}:place")
    removed = await client.post(f"/v1/waitlist_entries/{two['id']}:remove", json={"reason": "unreachable"})

    assert [placed.json()["status"], placed.json()["reason"]] == ["placed", None]
    assert [removed.json()["status"], removed.json()["reason"]] == ["removed", "unreachable"]
    assert (await rank())["items"] == []
    for answer in (
        await client.post(f"/v1/waitlist_entries/{one['id']}:place"),
        await client.post(f"/v1/waitlist_entries/{one['id']}:remove", json={"reason": "declined"}),
        await client.put(
            f"/v1/waitlist_entries/{one['id']}",
            json={"windows": [], "priority_facts": []},
            headers={"if-match": '"2"'},
        ),
    ):
        assert (problem(answer), answer.json()["code"]) == ((409, "conflict"), "entry-closed")
    assert (await wait(ann)).status_code == 201
    listed = await client.get(f"/v1/sites/{site['id']}/waitlist_entries", params={"status": "removed"})
    assert [item["id"] for item in listed.json()["items"]] == [two["id"]]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"patient_id": "4711-secret"}, "/patient_id"),
        ({"since": "2026-10-03"}, "/since"),
        ({"since": "1999-01-01"}, "/since"),
        ({"priority_facts": ["4711-secret"]}, "/priority_facts/0"),
        ({"service": "4711-secret"}, "/service"),
        ({"windows": [{"weekday": "MO", "start": "12:00", "end": "11:00"}]}, "/windows/0"),
        ({"note": "4711-secret"}, "/note"),
    ],
)
async def test_a_wrong_entry_is_refused_by_name_without_its_value(
    wait: Wait, new_patient: Make, site: Json, body: Json, pointer: str
) -> None:
    answer = (
        await wait(await new_patient(site), **body) if "patient_id" not in body else await wait({"id": "4711-secret"})
    )

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert "4711-secret" not in answer.text


@pytest.mark.parametrize("role", [Role.PATIENT, Role.FAMILY, Role.BILLING])
async def test_the_waitlist_is_for_staff(
    wait: Wait, new_patient: Make, site: Json, scheduler: ClientFactory, role: Role
) -> None:
    entry = (await wait(await new_patient(site))).json()
    client = scheduler(role)

    answers = [
        await wait(await new_patient(site), role=role),
        await client.get(f"/v1/sites/{site['id']}/waitlist_entries"),
        await client.get(f"/v1/sites/{site['id']}/waitlist_rank"),
        await client.get(f"/v1/waitlist_entries/{entry['id']}"),
        await client.post(f"/v1/waitlist_entries/{entry['id']}:place"),
    ]

    assert {answer.status_code for answer in answers} == {403}


async def test_what_is_another_organization_s_is_not_there(
    wait: Wait, new_patient: Make, site: Json, scheduler: ClientFactory
) -> None:
    patient = await new_patient(site)
    entry = (await wait(patient)).json()
    stranger = scheduler(Role.FRONT_DESK, organization=uuid4())

    answers = [
        await stranger.get(f"/v1/waitlist_entries/{entry['id']}"),
        await stranger.get(f"/v1/waitlist_entries/{uuid4()}"),
        await stranger.post(f"/v1/waitlist_entries/{entry['id']}:place"),
        await stranger.post(f"/v1/waitlist_entries/{entry['id']}:remove", json={"reason": "declined"}),
        await stranger.get(f"/v1/sites/{site['id']}/waitlist_rank"),
        await stranger.post(f"/v1/sites/{site['id']}/waitlist_entries", json={"patient_id": patient["id"]}),
        await wait({"id": str(uuid4())}),
        await wait(patient, at={"id": str(uuid4())}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.json()["detail"] for answer in answers}) == 1


async def test_while_records_is_away_nobody_is_put_on_the_list(
    wait: Wait, new_patient: Make, site: Json, scheduler_app: Any, tokens: Tokens
) -> None:
    patient = await new_patient(site)
    http = HttpClient()
    scheduler_app.state.records = RecordsClient(http, "http://127.0.0.1:1", tokens)

    answer = await wait(patient)
    await http.close()

    assert problem(answer) == (503, "upstream-unavailable")


@pytest.mark.parametrize("role", [Role.COUNSELLOR, Role.NURSE, Role.PRESCRIBER])
async def test_what_puts_somebody_before_others_is_told_to_who_treats_them(
    *, wait: Wait, new_patient: Make, site: Json, scheduler: ClientFactory, treating: Treating, role: Role
) -> None:
    first, mine = await new_patient(site), await new_patient(site)
    other_entry = (await wait(first, priority_facts=["pregnant", "injects_drugs"])).json()
    entry = (await wait(mine, priority_facts=["steps_down"])).json()
    client, here = await treating(role, mine), f"/v1/sites/{site['id']}"

    listed = (await client.get(f"{here}/waitlist_entries")).json()["items"]
    rank = (await client.get(f"{here}/waitlist_rank")).json()
    unseen = await client.get(f"/v1/waitlist_entries/{other_entry['id']}")
    nobody = await client.get(f"/v1/waitlist_entries/{uuid4()}")

    assert listed == [entry]
    assert [(one["rank"], one["entry"]["id"]) for one in rank["items"]] == [(2, entry["id"])]
    assert rank["waiting"] == 2
    assert (await client.get(f"/v1/waitlist_entries/{entry['id']}")).json() == entry
    assert unseen.status_code == nobody.status_code == 404
    assert without_instance(unseen) == without_instance(nobody)
    assert (await scheduler(role).get(f"{here}/waitlist_rank")).json()["items"] == []


async def test_who_does_not_treat_somebody_does_not_change_how_they_wait(
    wait: Wait, new_patient: Make, site: Json, scheduler: ClientFactory
) -> None:
    patient = await new_patient(site)
    entry = (await wait(patient)).json()
    path, client = f"/v1/waitlist_entries/{entry['id']}", scheduler(Role.COUNSELLOR)

    answers = [
        await client.put(path, json={"windows": [], "priority_facts": []}, headers={"if-match": '"1"'}),
        await client.post(f"{path}:place"),
        await client.post(f"{path}:remove", json={"reason": "declined"}),
        await wait(patient, role=Role.COUNSELLOR),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert (await scheduler(Role.FRONT_DESK).get(path)).json() == entry
