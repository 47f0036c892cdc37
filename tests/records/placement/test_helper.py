"""The public helper: safety first, every rule published, never a level, nothing kept."""

import io
import re

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.telemetry import request_lines
from services.contracts.records.placement_helper import PlacementPicture, Points
from services.records.main import build
from services.records.placement_helper.reading import InvalidHelperError, helper, read_helper
from services.records.placement_helper.rules import are_known, picture
from tests.records.placement.conftest import SAFE, VERSION, Json
from tests.support.serving import call_in_process, nothing_to_open

HELPER = helper()
ANSWERS = st.fixed_dictionaries(
    {}, optional={q.code: st.sampled_from([option.code for option in q.options]) for q in HELPER.questions}
)


async def assess(anybody: httpx2.AsyncClient, **answers: str) -> Json:
    answer = await anybody.post("/v1/placement_helper:assess", json={"version": VERSION, "answers": answers})
    assert answer.status_code == 200, answer.text
    said: Json = answer.json()
    return said


async def test_what_speaks_for_and_against_is_said_with_the_answers_it_follows_from(
    anybody: httpx2.AsyncClient,
) -> None:
    said = await assess(anybody, **SAFE | {"home": "stable", "duties": "yes", "support": "no", "attend": "with_help"})

    assert (said["exits"], said["open_safety_questions"]) == ([], [])
    assert [one["code"] for one in said["toward"]] == ["home-stable", "duties"]
    assert said["away"][0]["because"] == [{"question": "support", "answer": "no"}]
    assert [one["code"] for one in said["ask"]] == ["could-come"]
    assert "confirm" in said["confirm"]


@pytest.mark.parametrize(
    ("answers", "code", "call"),
    [
        ({"now": "yes"}, "overdose", "911"),
        ({"harm": "yes"}, "self-harm", "988"),
        ({"withdrawal_now": "yes"}, "withdrawal-now", None),
        ({"withdrawal_before": "yes"}, "withdrawal-before", None),
        ({"daily_sedation": "yes"}, "daily-sedation", None),
        ({"pregnant": "maybe", "opioids": "yes"}, "pregnancy-opioids", None),
        ({"psychosis": "yes"}, "psychosis", "988"),
    ],
)
async def test_what_must_not_wait_is_all_that_is_said(
    anybody: httpx2.AsyncClient, answers: dict[str, str], code: str, call: str | None
) -> None:
    said = await assess(anybody, **SAFE | {"home": "stable", "support": "yes", "attend": "yes"} | answers)

    assert [(one["code"], one["call"]) for one in said["exits"]] == [(code, call)]
    assert (said["toward"], said["away"], said["ask"]) == ([], [], [])
    assert {reason["question"]: reason["answer"] for reason in said["exits"][0]["because"]} == answers


async def test_the_emergency_comes_before_the_crisis_and_both_are_said(anybody: httpx2.AsyncClient) -> None:
    said = await assess(anybody, harm="yes", now="yes")

    assert [one["call"] for one in said["exits"]] == ["911", "988"]


async def test_a_safety_question_left_out_is_not_a_no(anybody: httpx2.AsyncClient) -> None:
    said = await assess(anybody, home="stable")

    assert set(said["open_safety_questions"]) == set(SAFE)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"version": "2020-01-01", "answers": {}}, "/version"),
        ({"version": VERSION, "answers": {"home": "canary"}}, "/answers"),
        ({"version": VERSION, "answers": {"canary": "yes"}}, "/answers"),
    ],
)
async def test_answers_to_what_is_not_asked_are_refused_and_not_echoed(
    anybody: httpx2.AsyncClient, body: Json, pointer: str
) -> None:
    answer = await anybody.post("/v1/placement_helper:assess", json=body)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert "canary" not in answer.text


async def test_every_question_and_rule_is_published(anybody: httpx2.AsyncClient) -> None:
    published = (await anybody.get("/v1/placement_helper")).json()

    assert published == HELPER.model_dump(mode="json")


async def test_nothing_of_the_answers_is_logged_or_kept(capsys: pytest.CaptureFixture[str]) -> None:
    lines = io.BytesIO()
    request_lines.open("records", lines)
    try:
        # Without a process there is no database, no key and no clock: nothing that could keep anything.
        async with call_in_process(build(nothing_to_open)) as nowhere:
            said = await assess(nowhere, **SAFE | {"home": "unstable", "mental_health": "untreated"})
        request_lines.flush()
    finally:
        request_lines.open("", None)

    printed = capsys.readouterr()
    logged = lines.getvalue().decode() + printed.out + printed.err
    assert [one["code"] for one in said["away"]] == ["home-unstable", "mental-health-untreated"]
    assert "assess_placement" in logged
    assert not [word for word in ("unstable", "untreated", "mental_health") if word in logged]


@given(answers=ANSWERS)
def test_a_picture_is_what_the_published_rules_say_and_safety_excludes_all_else(answers: dict[str, str]) -> None:
    said = picture(HELPER, answers)

    published = [(one.code, one.when) for one in HELPER.exits] + [(one.code, one.when) for one in HELPER.rules]
    holds = {
        code
        for code, when in published
        if all(answers.get(condition.question) in condition.answers for condition in when)
    }
    exits = [one.code for one in HELPER.exits if one.code in holds]
    assert [one.code for one in said.exits] == exits
    for points, listed in ((Points.TOWARD, said.toward), (Points.AWAY, said.away), (Points.ASK, said.ask)):
        expected = [rule.code for rule in HELPER.rules if rule.points is points and rule.code in holds]
        assert [one.code for one in listed] == ([] if exits else expected)
    assert are_known(HELPER, answers)


@given(answers=ANSWERS)
def test_no_picture_names_a_level_of_care(answers: dict[str, str]) -> None:
    assert _names_no_level(picture(HELPER, answers))


def _names_no_level(said: PlacementPicture) -> bool:
    words = said.model_dump_json(exclude={"version"})
    return re.search(r"level|asam|\b[0-4]\.[0-9]\b|partial hospital|inpatient|IOP", words, re.IGNORECASE) is None


@pytest.mark.parametrize(
    "broken",
    [
        ('question = "home", answers = ["stable"]', 'question = "house", answers = ["stable"]'),
        ('question = "home", answers = ["stable"]', 'question = "home", answers = ["palace"]'),
        ('question = "home", answers = ["stable"]', 'question = "home", answers = []'),
        ('code = "home-unstable"', 'code = "home-stable"'),
    ],
)
def test_a_file_with_a_rule_that_nothing_can_fulfil_is_refused(broken: tuple[str, str]) -> None:
    text = HELPER_TEXT.replace(*broken)
    assert text != HELPER_TEXT

    with pytest.raises(InvalidHelperError):
        read_helper(text)


HELPER_TEXT = (
    'version = "1"\neffective_from = 2026-01-01\nintroduction = "Hello."\nconfirm = "Confirm."\n'
    'inquiry_consent = { version = "1", text = "Yes." }\nexits = []\n'
    '[[questions]]\ncode = "home"\ntext = "Home?"\nis_about_safety = false\n'
    'options = [{ code = "stable", text = "Yes" }, { code = "unstable", text = "No" }]\n'
    '[[rules]]\ncode = "home-stable"\nwhen = [{ question = "home", answers = ["stable"] }]\n'
    'points = "toward"\nsentence = "A home."\n'
    '[[rules]]\ncode = "home-unstable"\nwhen = [{ question = "home", answers = ["unstable"] }]\n'
    'points = "away"\nsentence = "No home."\n'
)


def test_the_text_that_is_broken_above_is_whole_before() -> None:
    assert [rule.code for rule in read_helper(HELPER_TEXT).rules] == ["home-stable", "home-unstable"]
