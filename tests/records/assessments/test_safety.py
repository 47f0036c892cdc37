"""A dangerous answer: somebody acts on it before the assessment can be closed, taken back or amended away."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.records.assessments.conftest import Assess, Json, act, amendment
from tests.records.conftest import PatientFactory


async def answer(client: httpx2.AsyncClient, task: Json, *steps: str, **changes: Any) -> httpx2.Response:
    told = {"told_account_id": str(uuid4()), "told_at": task["created_at"], "steps": list(steps) or ["safety_plan"]}
    return await client.post(f"/v1/safety_tasks/{task['id']}:answer", json={**told, **changes})


async def test_a_positive_ninth_item_keeps_the_assessment_open_until_somebody_has_acted(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    written = await assess(await new_patient(), "phq-9", 0, i9=1)
    (task,) = written["safety_tasks"]

    refused = await act(director, written, "complete")
    answered = await answer(director, task, "safety_assessment", "crisis_line_given", note="Called the supervisor.")
    closed = await act(director, written, "complete")

    assert (refused.status_code, refused.json()["code"]) == (409, "safety-task-open")
    assert task["findings"] == [{"subject": "9", "value": 1}]
    assert answered.json()["answer"]["steps"] == ["crisis_line_given", "safety_assessment"]
    assert closed.json()["status"] == "completed"
    assert closed.json()["safety_tasks"] == [answered.json()]


async def test_the_open_tasks_of_a_site_are_listed_until_they_are_answered(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    patient, other = await new_patient(), await new_patient(site_id=str(uuid4()))
    prompt = (await assess(patient, "phq-9", 0, i9=2))["safety_tasks"][0]
    acute = (await assess(patient, "asq", 1, i5=1))["safety_tasks"][0]
    await assess(other, "phq-9", 0, i9=1)
    path = f"/v1/sites/{patient['site_id']}/safety_tasks"

    listed = (await director.get(path)).json()["items"]
    await answer(director, acute, "emergency_services")
    after = (await director.get(path)).json()["items"]

    assert [task["id"] for task in listed] == [acute["id"], prompt["id"]]
    assert [task["id"] for task in after] == [prompt["id"]]


async def test_an_item_that_nobody_answered_is_not_taken_for_a_no(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    written = await assess(await new_patient(), "phq-9", 0, i9=None)

    assert [task["findings"] for task in written["safety_tasks"]] == [[{"subject": "9", "value": None}]]
    assert written["scores"][0] == {"score_id": "total", "value": None, "band": None, "unanswered": ["9"]}
    assert (await act(director, written, "complete")).json()["code"] == "safety-task-open"


async def test_the_fifth_question_is_asked_where_one_of_the_first_four_is_not_a_no(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    patient = await new_patient()
    one = await assess(patient, "asq", 0)

    amended = await act(director, one, "amend", amendment("asq", 0, i2=1))
    acute = await act(director, one, "amend", amendment("asq", 0, i2=1, i5=1))

    assert [field["pointer"] for field in amended.json()["errors"]] == ["/answers"]
    assert [task["urgency"] for task in acute.json()["safety_tasks"]] == ["acute"]


async def test_an_acute_danger_takes_an_evaluation_the_same_day(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    task = (await assess(await new_patient(), "asq", 1, i5=1))["safety_tasks"][0]

    refused = await answer(director, task, "crisis_line_given")
    accepted = await answer(director, task, "crisis_line_given", "same_day_evaluation")

    assert (refused.status_code, refused.json()["code"]) == (422, "acute")
    assert [field["pointer"] for field in refused.json()["errors"]] == ["/steps"]
    assert accepted.status_code == 200


@pytest.mark.parametrize("at", ["2026-09-30T12:00:00Z", "2027-01-01T00:00:00Z"])
async def test_nobody_was_told_before_it_was_known_nor_in_the_future(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess, at: str
) -> None:
    task = (await assess(await new_patient(), "phq-9", 0, i9=1))["safety_tasks"][0]

    refused = await answer(director, task, told_at=at)

    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/told_at")


async def test_a_task_is_answered_once(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    task = (await assess(await new_patient(), "phq-9", 0, i9=1))["safety_tasks"][0]

    assert (await answer(director, task)).status_code == 200
    assert (await answer(director, task)).json()["code"] == "over-already"


async def test_a_dangerous_answer_is_not_amended_nor_taken_away_without_an_answer(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    written = await assess(await new_patient(), "phq-9", 0, i9=3)

    amended = await act(director, written, "amend", amendment("phq-9", 0, i9=0))
    refused = [await act(director, amended.json(), verb) for verb in ("complete", "retract")]
    await answer(director, written["safety_tasks"][0], "answer_was_a_mistake")
    closed = await act(director, amended.json(), "complete")

    assert [one.json()["code"] for one in refused] == ["safety-task-open"] * 2
    assert (closed.status_code, closed.json()["scores"][0]["value"]) == (200, 0)


async def test_an_amendment_that_is_dangerous_opens_the_assessment_again(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    closed = await assess(await new_patient(), "phq-9", 0, complete=True)

    amended = (await act(director, closed, "amend", amendment("phq-9", 0, i9=1))).json()
    refused = await act(director, amended, "complete")
    await answer(director, amended["safety_tasks"][0])
    again = await act(director, amended, "complete")

    assert (amended["status"], refused.json()["code"]) == ("in-progress", "safety-task-open")
    assert again.json()["status"] == "amended"


async def test_what_was_acted_on_already_is_no_news(
    director: httpx2.AsyncClient, new_patient: PatientFactory, assess: Assess
) -> None:
    written = await assess(await new_patient(), "phq-9", 0, i9=1)
    await answer(director, written["safety_tasks"][0])
    closed = (await act(director, written, "complete")).json()

    same = (await act(director, closed, "amend", amendment("phq-9", 1, i9=1))).json()
    worse = (await act(director, same, "amend", amendment("phq-9", 1, i9=2))).json()

    assert (same["status"], len(same["safety_tasks"])) == ("amended", 1)
    assert (worse["status"], len(worse["safety_tasks"])) == ("in-progress", 2)
