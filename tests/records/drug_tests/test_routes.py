"""A drug test through its routes, from the drawn day to the talk with the patient."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest

from services.chassis.database import Database
from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Role
from tests.conftest import ClientFactory
from tests.records.conftest import JoinTeam, PatientFactory
from tests.records.draw_programmes.conftest import At, Json, NewProgramme

Walk = Callable[..., Awaitable[Json]]
EVENING = "T22:00:00Z"


def hours_after(day: str, hours: float) -> str:
    return (datetime.fromisoformat(f"{day}T12:00:00+00:00") + timedelta(hours=hours)).isoformat()


def custody(day: str, **changes: Any) -> Json:
    return {
        "kind": "collected",
        "specimen": "urine",
        "identifiers": ["photo_identity", "birth_date"],
        "collector_id": str(UUID(int=1)),
        "witness_id": str(UUID(int=2)),
        "seal_number": "Canary-Seal",
        "collected_at": hours_after(day, 2),
        "sealed_at": hours_after(day, 2.1),
        "hand_offs": [{"handed_to": "Canary Courier", "at": hours_after(day, 3)}],
        **changes,
    }


ASSESSED: Json = {"kind": "assessed", "creatinine_mg_per_dl": 90, "looks_normal": True}
COCAINE: Json = {
    "kind": "presumptive",
    "method": "point_of_care",
    "results": [{"substance": "cocaine", "is_detected": True}, {"substance": "methadone", "is_detected": True}],
}
NOTHING_ELSE: Json = {"kind": "reconciled"}
METHADONE_PRESCRIBED: Json = {
    "kind": "reconciled",
    "sources": ["prescriber"],
    "prescriptions": [{"medication": "Methadone", "explains": ["methadone"], "source": "prescriber"}],
}
CONFIRMED: Json = {
    "kind": "definitive",
    "because": "disputed",
    "laboratory": "Harbour Lab",
    "results": [{"substance": "cocaine", "is_detected": True}],
}
REVIEWED: Json = {"kind": "reviewed", "response": "explains", "plan_is_to_change": True}
BY_WHO_TREATS = {"reconciled": "reconcile", "reviewed": "review"}
DISPENSED: Json = {
    "regimen": "methadone_elsewhere",
    "name": "Methadone oral solution",
    "prescriber": "Harbour OTP",
    "explains": ["methadone"],
    "started_on": "2026-09-01",
}


@pytest.fixture
async def drawn(new_patient: PatientFactory, new_programme: NewProgramme, at: At) -> Json:
    """Return the first day that a patient's programme has drawn."""
    programme = await new_programme(await new_patient())
    path = f"/v1/draw_programmes/{programme['id']}/versions/1/evidence"
    draws = (await at("2027-03-01T12:00:00Z").get(path)).json()["draws"]
    day = next(one["day"] for one in draws if one["is_drawn"])
    spared = next(one["day"] for one in draws if not one["is_drawn"])
    return {"patient_id": programme["patient_id"], "programme_id": programme["id"], "day": day, "spared": spared}


async def take_up(client: httpx2.AsyncClient, drawn: Json, **changes: Any) -> httpx2.Response:
    body = {"programme_id": drawn["programme_id"], "version": 1, "day": drawn["day"], **changes}
    return await client.post(f"/v1/patients/{drawn['patient_id']}/drug_tests", json=body)


async def record(client: httpx2.AsyncClient, test: Json, step: Json) -> httpx2.Response:
    """Record a step on the route that is for its kind."""
    headers, path = {"if-match": f'"{test["version"]}"'}, f"/v1/drug_tests/{test['id']}"
    if step["kind"] not in BY_WHO_TREATS:
        return await client.post(f"{path}/steps", json=step, headers=headers)
    said = {name: value for name, value in step.items() if name != "kind"}
    return await client.post(f"{path}:{BY_WHO_TREATS[step['kind']]}", json=said, headers=headers)


@pytest.fixture
def walk(at: At, drawn: Json) -> Walk:
    """Take the drawn day up and record steps, each so many hours after noon in UTC."""

    async def through(*steps: tuple[float, Json]) -> Json:
        taken = await take_up(at(hours_after(drawn["day"], 0)), drawn)
        assert taken.status_code == 201, taken.text
        test: Json = taken.json()
        for hours, step in steps:
            answer = await record(at(hours_after(drawn["day"], hours)), test, step)
            assert answer.status_code == 200, (step, answer.text)
            test = answer.json()
        return test

    return through


NOTIFIED: tuple[float, Json] = (0, {"kind": "notified", "channel": "call_in"})
REPORTED: tuple[float, Json] = (1, {"kind": "reported"})


async def test_a_test_from_the_draw_to_the_talk(walk: Walk, drawn: Json, director: httpx2.AsyncClient) -> None:
    day = drawn["day"]
    test = await walk(
        NOTIFIED,
        REPORTED,
        (4, custody(day)),
        (4, {"kind": "handed_off", "hand_off": {"handed_to": "Laboratory", "at": hours_after(day, 3.5)}}),
        (5, ASSESSED),
        (6, COCAINE),
        (30, CONFIRMED),
        (31, METHADONE_PRESCRIBED),
        (32, REVIEWED),
    )

    assert (test["status"], test["finding"], test["specimen_flags"]) == ("reviewed", "unexpected", [])
    assert test["readings"] == [
        {"substance": "cocaine", "is_detected": True, "is_confirmed": True, "is_expected": False, "prescribed": []},
        {
            "substance": "methadone",
            "is_detected": True,
            "is_confirmed": False,
            "is_expected": True,
            "prescribed": ["Methadone"],
        },
    ]
    assert [step["status"] for step in test["steps"]] == [
        "notified", "reported", "collected", "collected", "assessed", "presumptive", "definitive", "reconciled",
        "reviewed",
    ]  # fmt: skip
    assert datetime.fromisoformat(test["due_at"]) == datetime.fromisoformat(hours_after(day, 8))
    assert (await director.get(f"/v1/drug_tests/{test['id']}")).json() == test
    assert (await director.get(f"/v1/patients/{drawn['patient_id']}/drug_tests")).json()["items"] == [test]


async def test_a_presumptive_positive_is_unconfirmed_and_not_yet_unexpected(walk: Walk, drawn: Json) -> None:
    before = await walk(NOTIFIED, REPORTED, (4, custody(drawn["day"])), (5, ASSESSED), (6, COCAINE))

    assert before["finding"] == "unreconciled"
    assert {(one["is_confirmed"], one["is_expected"]) for one in before["readings"]} == {(False, None)}


async def screened(walk: Walk, drawn: Json) -> Json:
    return await walk(NOTIFIED, REPORTED, (4, custody(drawn["day"])), (5, ASSESSED), (6, COCAINE))


async def listed_as(client: httpx2.AsyncClient, drawn: Json, **changes: Any) -> Json:
    answer = await client.post(f"/v1/patients/{drawn['patient_id']}/medications", json={**DISPENSED, **changes})
    assert answer.status_code == 201, answer.text
    medicine: Json = answer.json()
    return medicine


async def test_what_is_on_the_medication_list_explains_a_result_though_nobody_names_it(
    walk: Walk, at: At, drawn: Json, director: httpx2.AsyncClient
) -> None:
    await listed_as(director, drawn)
    test = await screened(walk, drawn)

    reconciled = (await record(at(hours_after(drawn["day"], 7)), test, NOTHING_ELSE)).json()

    readings = {one["substance"]: one for one in reconciled["readings"]}
    assert (readings["methadone"]["is_expected"], readings["cocaine"]["is_expected"]) == (True, False)
    assert readings["methadone"]["prescribed"] == ["Methadone oral solution"]
    details = reconciled["steps"][-1]["details"]
    assert (details["sources"], [one["source"] for one in details["prescriptions"]]) == (
        ["medication_list"], ["medication_list"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "ended"),
    [
        ({"started_on": "2027-03-01"}, None),
        ({}, {"last_day": "2026-09-30", "reason": "patient_choice"}),
        ({}, {"last_day": "2026-12-31", "reason": "entered_in_error"}),
        ({"explains": []}, None),
    ],
)
async def test_what_was_not_prescribed_on_the_day_of_the_test_explains_nothing(
    *, walk: Walk, at: At, drawn: Json, director: httpx2.AsyncClient, change: Json, ended: Json | None
) -> None:
    medicine = await listed_as(director, drawn, **change)
    if ended is not None:
        answer = await director.post(f"/v1/medications/{medicine['id']}:end", json=ended)
        assert answer.status_code == 200, answer.text
    test = await screened(walk, drawn)

    reconciled = (await record(at(hours_after(drawn["day"], 7)), test, NOTHING_ELSE)).json()

    assert [(one["is_expected"], one["prescribed"]) for one in reconciled["readings"]] == [(False, [])] * 2


async def test_a_medicine_that_is_not_known_to_be_taken_daily_need_not_be_found(
    walk: Walk, at: At, drawn: Json, director: httpx2.AsyncClient
) -> None:
    await listed_as(director, drawn, regimen="other", explains=["oxycodone"])
    await listed_as(director, drawn, regimen="buprenorphine_daily", name="Buprenorphine", explains=["buprenorphine"])
    nothing = [{"substance": one, "is_detected": False} for one in ("oxycodone", "buprenorphine")]
    screen = {**COCAINE, "results": nothing}
    test = await walk(NOTIFIED, REPORTED, (4, custody(drawn["day"])), (5, ASSESSED), (6, screen))

    reconciled = (await record(at(hours_after(drawn["day"], 7)), test, NOTHING_ELSE)).json()

    assert {one["substance"]: one["is_expected"] for one in reconciled["readings"]} == {
        "oxycodone": True,
        "buprenorphine": False,
    }


async def test_a_laboratory_measures_and_neither_reconciles_nor_reviews_nor_sees_prescriptions(
    *, walk: Walk, at: At, drawn: Json, join_team: JoinTeam, director: httpx2.AsyncClient
) -> None:
    await listed_as(director, drawn, name="Canary medicine")
    laboratory, later = uuid4(), hours_after(drawn["day"], 7)
    await join_team({"id": drawn["patient_id"]}, laboratory)
    test = await screened(walk, drawn)
    lab = at(later, Role.LAB, account=laboratory)
    path, headers = f"/v1/drug_tests/{test['id']}", {"if-match": f'"{test["version"]}"'}

    as_steps = [(await lab.post(f"{path}/steps", json=one, headers=headers)).status_code
                for one in (METHADONE_PRESCRIBED, REVIEWED)]  # fmt: skip
    refused = [(await record(lab, test, one)).status_code for one in (NOTHING_ELSE, REVIEWED)]
    known = (await record(at(later), test, NOTHING_ELSE)).json()
    seen = [await lab.get(path), await lab.get(f"/v1/patients/{drawn['patient_id']}/drug_tests")]

    assert (as_steps, refused) == ([422, 422], [403, 403])
    assert known["finding"] == "unexpected_unconfirmed"
    assert [one.status_code for one in seen] == [200, 200]
    assert not [one for one in seen if "Canary medicine" in one.text or "unexpected" in one.text]
    told = seen[0].json()
    assert (told["finding"], {one["is_expected"] for one in told["readings"]}) == ("not_told", {None})
    assert (told["steps"][-1]["status"], told["steps"][-1]["details"]) == ("reconciled", None)


async def test_a_result_is_reconciled_before_it_is_reviewed(walk: Walk, at: At, drawn: Json) -> None:
    test = await screened(walk, drawn)

    early = await record(at(hours_after(drawn["day"], 7)), test, REVIEWED)

    assert (early.status_code, early.json()["code"]) == (409, "step-out-of-turn")
    assert "reconciled" in early.json()["detail"]


async def test_what_the_patient_disputes_in_the_review_is_confirmed_and_reviewed_again(walk: Walk, drawn: Json) -> None:
    """Before, a review closed the test: the laboratory's answer to what was disputed in it was out of turn."""
    day = drawn["day"]
    test = await walk(
        NOTIFIED,
        REPORTED,
        (4, custody(day)),
        (5, ASSESSED),
        (6, COCAINE),
        (7, METHADONE_PRESCRIBED),
        (8, REVIEWED | {"response": "disputes", "plan_is_to_change": False}),
        (9, {"kind": "handed_off", "hand_off": {"handed_to": "Harbour Lab", "at": hours_after(day, 9)}}),
        (80, CONFIRMED | {"results": [{"substance": "cocaine", "is_detected": False}]}),
        (81, METHADONE_PRESCRIBED),
        (82, REVIEWED | {"response": "agrees", "plan_is_to_change": False}),
    )

    assert (test["status"], test["finding"]) == ("reviewed", "as_expected")
    assert [step["status"] for step in test["steps"]][-5:] == [
        "reviewed", "reviewed", "definitive", "reconciled", "reviewed",
    ]  # fmt: skip


async def test_a_specimen_that_was_handed_on_after_the_review_awaits_its_confirmation(
    walk: Walk, at: At, drawn: Json, site_id: UUID
) -> None:
    """Before, what the patient disputed and was sent to the laboratory was in no list."""
    reviewed = await walk(
        NOTIFIED, REPORTED, (4, custody(drawn["day"])), (5, ASSESSED), (6, COCAINE), (7, NOTHING_ELSE), (8, REVIEWED)
    )
    later = at(hours_after(drawn["day"], 9))

    async def told() -> list[tuple[str, str]]:
        items = (await later.get(f"/v1/sites/{site_id}/unsettled_drug_tests")).json()["items"]
        return [(one["id"], one["awaits"]) for one in items]

    settled = await told()
    hand_off = {"handed_to": "Harbour Lab", "at": hours_after(drawn["day"], 9)}
    handed = (await record(later, reviewed, {"kind": "handed_off", "hand_off": hand_off})).json()
    waiting = await told()
    await record(later, handed, CONFIRMED)

    assert (settled, waiting) == ([], [(reviewed["id"], "confirmation")])
    assert await told() == [(reviewed["id"], "reconciliation")]


async def test_what_the_patient_disputes_awaits_its_confirmation_before_anybody_hands_it_on(
    walk: Walk, at: At, drawn: Json, site_id: UUID
) -> None:
    """Before, a dispute was in no list until somebody thought of the laboratory."""
    disputed = REVIEWED | {"response": "disputes"}
    test = await walk(
        NOTIFIED, REPORTED, (4, custody(drawn["day"])), (5, ASSESSED), (6, COCAINE), (7, NOTHING_ELSE), (8, disputed)
    )
    later = at(hours_after(drawn["day"], 9))

    async def told() -> list[tuple[str, str]]:
        items = (await later.get(f"/v1/sites/{site_id}/unsettled_drug_tests")).json()["items"]
        return [(one["id"], one["awaits"]) for one in items]

    waiting = await told()
    settled = await record(later, test, REVIEWED | {"response": "agrees"})

    assert settled.status_code == 200, settled.text
    assert (waiting, await told()) == ([(test["id"], "confirmation")], [])


async def test_a_dispute_over_a_missed_test_awaits_no_laboratory(
    walk: Walk, at: At, drawn: Json, site_id: UUID
) -> None:
    await walk(NOTIFIED, (9, {"kind": "no_show"}), (10, REVIEWED | {"response": "disputes"}))

    listed = await at(hours_after(drawn["day"], 11)).get(f"/v1/sites/{site_id}/unsettled_drug_tests")

    assert listed.json()["items"] == []


async def test_what_came_after_a_review_is_open_until_it_was_reviewed_too(
    walk: Walk, at: At, drawn: Json, site_id: UUID
) -> None:
    reviewed = await walk(
        NOTIFIED, REPORTED, (4, custody(drawn["day"])), (5, ASSESSED), (6, COCAINE), (7, NOTHING_ELSE), (8, REVIEWED)
    )

    answer = await record(at(hours_after(drawn["day"], 80)), reviewed, CONFIRMED)

    assert (answer.status_code, answer.json()["finding"]) == (200, "unreconciled")
    waiting = await at(hours_after(drawn["day"], 81)).get(f"/v1/sites/{site_id}/unsettled_drug_tests")
    assert [(one["id"], one["awaits"]) for one in waiting.json()["items"]] == [(reviewed["id"], "reconciliation")]


@pytest.mark.parametrize("step", [CONFIRMED, {"kind": "handed_off"}])
async def test_a_missed_test_that_was_reviewed_gets_no_result(walk: Walk, at: At, drawn: Json, step: Json) -> None:
    test = await walk(NOTIFIED, (9, {"kind": "no_show"}), (10, REVIEWED))
    if step["kind"] == "handed_off":
        step = {**step, "hand_off": {"handed_to": "Laboratory", "at": hours_after(drawn["day"], 10)}}

    answer = await record(at(hours_after(drawn["day"], 11)), test, step)

    assert (answer.status_code, answer.json()["code"]) == (422, "no-specimen")


async def test_a_site_s_tests_wait_for_reconciliation_and_then_for_review(
    *, walk: Walk, at: At, drawn: Json, site_id: UUID, records: ClientFactory
) -> None:
    test = await screened(walk, drawn)
    path, later = f"/v1/sites/{site_id}/unsettled_drug_tests", at(hours_after(drawn["day"], 8))
    first = (await later.get(path)).json()["items"]
    reconciled = (await record(at(hours_after(drawn["day"], 7)), test, NOTHING_ELSE)).json()
    second = (await later.get(path)).json()["items"]
    await record(later, reconciled, REVIEWED)

    assert first == [
        {
            **{name: test[name] for name in ("id", "patient_id", "day", "status", "version")},
            "awaits": "reconciliation",
            "since": test["steps"][-1]["recorded_at"],
        }
    ]
    assert [(one["status"], one["awaits"]) for one in second] == [("reconciled", "review")]
    assert (await later.get(path)).json()["items"] == []
    assert (await later.get(f"/v1/sites/{uuid4()}/unsettled_drug_tests")).json()["items"] == []
    of_no_team = await records(Role.COUNSELLOR).get(path)
    assert (of_no_team.status_code, of_no_team.json()["items"]) == (200, [])
    assert (await records(Role.LAB).get(path)).status_code == 403


@pytest.mark.parametrize(
    ("steps", "quiet", "waiting"),
    [
        # The notice gives eight hours.
        ([NOTIFIED], 7.9, 8.1),
        # Noon in UTC is of the same day, the next noon of the next.
        ([], 11.9, 24),
    ],
)
async def test_a_test_of_which_nobody_says_what_became_of_it_is_told_of(
    *, walk: Walk, at: At, drawn: Json, site_id: UUID, steps: list[tuple[float, Json]], quiet: float, waiting: float
) -> None:
    """Before, a no-show that nobody recorded, and a day that was taken up and given no notice, were in no list."""
    test = await walk(*steps)

    async def told(hours: float) -> list[Json]:
        answer = await at(hours_after(drawn["day"], hours)).get(f"/v1/sites/{site_id}/unsettled_drug_tests")
        assert answer.status_code == 200, answer.text
        items: list[Json] = answer.json()["items"]
        return items

    assert await told(quiet) == []
    (one,) = await told(waiting)
    assert (one["id"], one["awaits"], one["status"]) == (test["id"], "outcome", test["status"])
    assert one["since"] == (test["steps"][-1]["recorded_at"] if steps else test["created_at"])


async def test_who_is_drawn_is_listed_with_the_test_that_took_the_day_up(at: At, drawn: Json, site_id: UUID) -> None:
    """Before, the list did not say whether anybody had acted on it."""
    client = at(hours_after(drawn["day"], 0))
    path = f"/v1/sites/{site_id}/drawn?day={drawn['day']}"

    before = (await client.get(path)).json()["items"]
    taken = (await take_up(client, drawn)).json()
    after = (await client.get(path)).json()["items"]

    assert [(one["patient_id"], one["test_id"]) for one in before] == [(drawn["patient_id"], None)]
    assert after == [before[0] | {"test_id": taken["id"]}]
    assert (await client.get(f"/v1/sites/{site_id}/drawn?day={drawn['spared']}")).json()["items"] == []


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        ([NOTIFIED, (9, {"kind": "no_show"})], "no_show"),
        ([NOTIFIED, (1, {"kind": "refused"})], "refused"),
        ([NOTIFIED, REPORTED, (2, {"kind": "unable", "waited_minutes": 180})], "unable"),
        ([NOTIFIED, (9, {"kind": "no_show"}), (10, {"kind": "reported"})], "late"),
    ],
)
async def test_a_missed_test_is_not_a_positive(walk: Walk, steps: list[tuple[float, Json]], status: str) -> None:
    test = await walk(*steps)

    assert (test["status"], test["finding"], test["readings"]) == (status, "no_result", [])


async def test_who_could_not_may_give_another_specimen(walk: Walk, drawn: Json) -> None:
    unable = (2, {"kind": "unable", "waited_minutes": 120})
    oral = custody(drawn["day"], specimen="oral_fluid", collected_at=hours_after(drawn["day"], 2.05))

    assert (await walk(NOTIFIED, REPORTED, unable, (4, oral)))["status"] == "collected"


async def test_a_lead_excuses_and_is_named_as_who_approved(
    walk: Walk, at: At, drawn: Json, join_team: JoinTeam
) -> None:
    test = await walk(NOTIFIED, (9, {"kind": "no_show"}))
    nurse, supervisor = uuid4(), uuid4()
    await join_team({"id": drawn["patient_id"]}, nurse)
    path, headers = f"/v1/drug_tests/{test['id']}:excuse", {"if-match": f'"{test["version"]}"'}
    later = hours_after(drawn["day"], 20)

    by_nurse = await at(later, Role.NURSE, account=nurse).post(path, json={"reason": "hospital"}, headers=headers)
    excused = await at(later, Role.SUPERVISOR, account=supervisor).post(
        path, json={"reason": "hospital"}, headers=headers
    )
    as_step = await record(at(later), excused.json(), {"kind": "excused", "reason": "illness"})

    assert (by_nurse.status_code, excused.status_code, as_step.status_code) == (403, 200, 422)
    assert excused.json()["steps"][-1]["recorded_by"] == str(supervisor)
    assert (excused.json()["status"], excused.json()["finding"]) == ("excused", "no_result")


async def test_a_day_is_taken_up_once_and_only_when_it_was_drawn_and_released(at: At, drawn: Json) -> None:
    day = drawn["day"]
    evening_before = (datetime.fromisoformat(day) - timedelta(days=1)).date().isoformat() + EVENING
    noon = at(hours_after(day, 0))

    refused = {
        "not drawn": await take_up(at("2027-03-01T12:00:00Z"), drawn, day=drawn["spared"]),
        "not released": await take_up(at(evening_before), drawn),
        "not in the programme": await take_up(noon, drawn, day="2026-10-04"),
    }
    unknown = await take_up(noon, drawn, programme_id=str(uuid4()))
    first, second = await take_up(noon, drawn), await take_up(noon, drawn)

    bodies = {name: {**answer.json(), "instance": ""} for name, answer in refused.items()}
    assert all(body == bodies["not drawn"] for body in bodies.values())
    assert bodies["not drawn"]["code"] == "not-drawn"
    assert [answer.status_code for answer in (unknown, first, second)] == [404, 201, 409]


async def test_another_patient_s_draw_is_not_taken_up(at: At, drawn: Json, new_patient: PatientFactory) -> None:
    other = await new_patient()

    answer = await take_up(at(hours_after(drawn["day"], 0)), {**drawn, "patient_id": other["id"]})

    assert answer.status_code == 404


async def test_steps_out_of_turn_out_of_time_or_on_an_old_version_are_refused(walk: Walk, at: At, drawn: Json) -> None:
    test = await walk(NOTIFIED)
    day = drawn["day"]
    noon = at(hours_after(day, 0.5))
    early = custody(day, collected_at=hours_after(day, -200))

    out_of_turn = await record(noon, test, ASSESSED)
    too_soon = await record(noon, test, {"kind": "no_show"})
    stale = await record(noon, {**test, "version": 1}, {"kind": "reported"})
    unversioned = await noon.post(f"/v1/drug_tests/{test['id']}/steps", json={"kind": "reported"})
    reported = (await record(noon, test, {"kind": "reported"})).json()
    before_it_began = await record(at(hours_after(day, 5)), reported, early)
    ahead = await record(noon, reported, custody(day))

    assert (out_of_turn.status_code, out_of_turn.json()["code"]) == (409, "step-out-of-turn")
    assert "reported" in out_of_turn.json()["detail"]
    assert (too_soon.status_code, too_soon.json()["code"]) == (422, "not-due")
    assert [answer.status_code for answer in (stale, unversioned, before_it_began, ahead)] == [412, 428, 422, 422]


async def test_a_substituted_specimen_has_no_result_and_is_reviewed(walk: Walk, at: At, drawn: Json) -> None:
    measured = ASSESSED | {"creatinine_mg_per_dl": 1, "specific_gravity": 1.02}
    test = await walk(NOTIFIED, REPORTED, (4, custody(drawn["day"])), (5, measured))
    later = at(hours_after(drawn["day"], 6))

    screened, reviewed = await record(later, test, COCAINE), await record(later, test, REVIEWED)

    assert test["specimen_flags"] == ["substituted"]
    assert (screened.status_code, screened.json()["code"]) == (422, "substituted")
    assert (reviewed.json()["status"], reviewed.json()["finding"]) == ("reviewed", "no_result")


async def test_what_was_recorded_is_sealed_and_stays(
    walk: Walk, drawn: Json, records_database: Database, organization_id: UUID
) -> None:
    await walk(NOTIFIED, REPORTED, (4, custody(drawn["day"])), (5, ASSESSED), (6, COCAINE))

    async with records_database.read(OrganizationId(organization_id)) as read:
        rows = await read.connection.fetch("select drug_test_steps::text as row from drug_test_steps")

    stored = " ".join(row["row"] for row in rows)
    assert len(rows) == 5
    for secret in ("Canary", "cocaine", "point_of_care"):
        assert secret.encode().hex() not in stored
        assert secret not in stored


async def test_a_stranger_cannot_tell_a_test_from_none(walk: Walk, stranger: httpx2.AsyncClient, drawn: Json) -> None:
    test = await walk(NOTIFIED)
    bodies = []
    for patient_id, test_id in ((drawn["patient_id"], test["id"]), (uuid4(), uuid4())):
        one = {"id": test_id, "version": 2}
        answers = [
            await stranger.get(f"/v1/drug_tests/{test_id}"),
            await stranger.get(f"/v1/patients/{patient_id}/drug_tests"),
            await record(stranger, one, {"kind": "reported"}),
            await take_up(stranger, {**drawn, "patient_id": patient_id}),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        bodies.append([{**answer.json(), "instance": ""} for answer in answers])

    assert bodies[0] == bodies[1]


async def test_who_may_see_a_test(walk: Walk, records: ClientFactory, join_team: JoinTeam, drawn: Json) -> None:
    test, lab = await walk(NOTIFIED), uuid4()
    await join_team({"id": drawn["patient_id"]}, lab)
    path = f"/v1/drug_tests/{test['id']}"

    seen = {
        "a laboratory that works for the patient": (await records(Role.LAB, account=lab).get(path)).status_code,
        "another laboratory": (await records(Role.LAB).get(path)).status_code,
        "the desk": (await records(Role.FRONT_DESK).get(path)).status_code,
        "billing": (await records(Role.BILLING).get(path)).status_code,
    }

    assert list(seen.values()) == [200, 404, 403, 403]


@pytest.mark.parametrize(
    "step",
    [
        {"kind": "unheard_of"},
        {"kind": "notified"},
        {**COCAINE, "results": []},
        {**COCAINE, "results": [COCAINE["results"][0]] * 2},
        {**METHADONE_PRESCRIBED, "sources": ["container"]},
        {**METHADONE_PRESCRIBED, "sources": ["prescriber", "medication_list"]},
        {**ASSESSED, "temperature_fahrenheit": 95},
    ],
)
async def test_a_step_that_says_too_little_or_twice_is_refused(walk: Walk, at: At, drawn: Json, step: Json) -> None:
    test = await walk(NOTIFIED)

    assert (await record(at(hours_after(drawn["day"], 1)), test, step)).status_code == 422
