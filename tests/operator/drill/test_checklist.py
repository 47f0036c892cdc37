"""The runner of the checklist: whatever a check does, it ends with a verdict, and none is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest

from services.operator.drill.checklist import command, login, refresh
from services.operator.drill.checklist.command import Checklist, reported
from services.operator.drill.checklist.probes.calling import UNHEARD
from services.operator.drill.checklist.verdicts import (
    CHECKS,
    LAST,
    Check,
    CheckFailedError,
    Made,
    NotApplicableError,
    check,
    require,
    same,
)
from services.operator.drill.checklist.world import Moment, World
from services.operator.stack import Addresses

NOWHERE = Addresses("http://127.0.0.1:9", "", "", {}, Path("/nowhere/secrets"), timedelta())


async def passes(_world: World) -> None:
    same(1, 1, "one")


async def passes_with_a_remark(_world: World) -> str:
    return "as far as can be seen"


async def fails(_world: World) -> None:
    require([], "nothing is there")


async def is_no_matter(_world: World) -> None:
    raise NotApplicableError("there is no such thing")


async def meets_another_shape(_world: World) -> None:
    dict[str, str]()["access_token"]


async def meets_nobody(world: World) -> None:
    await world.caller().get("/livez")


async def waits_and_passes(world: World) -> None:
    await world.until(Moment.A_CODE_IS_OLD)
    same(world.moment, Moment.A_CODE_IS_OLD, "the moment")
    await world.until(Moment.A_FAMILY_IS_OVER)


async def waits_and_fails(world: World) -> None:
    await world.until(Moment.A_FAMILY_IS_OLD)
    require(0, "too late")


async def never_ends(_world: World) -> None:
    await asyncio.Event().wait()


Judge = Callable[..., Awaitable[dict[int, str]]]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Make these checks, through all moments, on a stack that nobody is behind."""

    async def make(*made: Made) -> dict[int, str]:
        checks = {number: Check(number, "some", "a check", one) for number, one in enumerate(made, 1)}
        monkeypatch.setattr(command, "CHECKS", checks)
        checklist = Checklist(checks)
        for moment in Moment:
            await checklist.go_on(NOWHERE, moment)
        await checklist.close()
        return {number: checklist.verdicts[number]["result"] for number in checks}

    return make


async def test_every_check_gets_a_verdict(judge: Judge) -> None:
    found = await judge(
        passes, passes_with_a_remark, fails, is_no_matter, meets_another_shape, meets_nobody, waits_and_passes,
        waits_and_fails,
    )  # fmt: skip

    assert found == {1: "pass", 2: "pass", 3: "fail", 4: "not applicable", 5: "fail", 6: "fail", 7: "pass", 8: "fail"}


async def test_a_check_that_never_ends_fails_and_the_next_is_made(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_LONGEST_SECONDS", 0.05)

    assert await judge(never_ends, fails, passes) == {1: "fail", 2: "fail", 3: "pass"}


async def test_what_failed_while_nobody_answered_is_tried_again_and_a_plain_failure_is_not(judge: Judge) -> None:
    tried = {"unheard": 0, "plain": 0, "always": 0}

    async def unheard_once(_world: World) -> None:
        tried["unheard"] += 1
        if tried["unheard"] == 1:
            UNHEARD.get().append(503)
            require(0, "shed")

    async def plain(_world: World) -> None:
        tried["plain"] += 1
        require(0, "wrong")

    async def always(_world: World) -> None:
        tried["always"] += 1
        UNHEARD.get().append(504)
        require(0, "wrong, and busy")

    assert await judge(unheard_once, plain, always) == {1: "pass", 2: "fail", 3: "fail"}
    assert tried == {"unheard": 2, "plain": 1, "always": 3}


def test_what_fails_is_named_and_counted() -> None:
    report = reported({3: {"result": "fail"}, 1: {"result": "pass"}, 2: {"result": "not applicable"}})

    assert (report["passed"], report["failed"], report["not_applicable"]) == (1, 1, 1)
    assert (report["failing"], list(report["checks"])) == ([3], ["1", "2", "3"])


def test_each_check_says_what_it_is_about_and_two_never_share_a_number() -> None:
    assert {one.section for one in CHECKS.values()} == {
        module.__name__.rpartition(".")[2] for module in command.SECTIONS
    }
    assert len({one.title for one in CHECKS.values()}) == len(CHECKS)
    assert sorted(CHECKS) == list(range(1, LAST + 1))
    with pytest.raises(ValueError, match="twice"):
        check(1, "again")(passes)


def times(rounds: int, slower_by: float) -> dict[str, list[float]]:
    """Times of two kinds of requests, of which the second is slower by so much in seven rounds of ten."""
    usual = [0.020 + 0.001 * (number % 7) for number in range(rounds)]
    slower = [one + (slower_by if number % 10 < 7 else -slower_by) for number, one in enumerate(usual)]
    return {"a wrong password": usual, "an unknown address": slower}


def test_a_kind_that_is_always_slower_is_told_by_its_time_and_by_chance_none_is() -> None:
    known = [0.020 + 0.001 * (number % 7) for number in range(16)]

    login._check_times({"a wrong password": known, "an unknown address": known})
    login._check_times(times(16, 0.003))
    with pytest.raises(CheckFailedError, match=r"an unknown address takes 8\.0 ms longer"):
        login._check_times({"a wrong password": known, "an unknown address": [one + 0.008 for one in known]})


def test_of_hundreds_of_rounds_two_milliseconds_between_the_medians_are_too_many() -> None:
    login._check_times(times(200, 0.0015))
    with pytest.raises(CheckFailedError, match=r"an unknown address takes 3\.0 ms longer"):
        login._check_times(times(200, 0.003))


@pytest.mark.parametrize(("seconds", "passes"), [([0.4], True), ([2.6, 0.4], True), ([2.6, 2.1], False)])
async def test_a_token_that_opens_for_longer_than_two_seconds_twice_fails_its_check(
    monkeypatch: pytest.MonkeyPatch, seconds: list[float], *, passes: bool
) -> None:
    @asynccontextmanager
    async def elsewhere(_world: World) -> AsyncIterator[str]:
        yield "http://127.0.0.1:9"

    taken = iter(seconds)

    async def seconds_taken(_world: World, _url: str) -> float:
        return next(taken)

    monkeypatch.setattr(refresh, "second_gateway", elsewhere)
    monkeypatch.setattr(refresh, "_seconds_taken", seconds_taken)

    with nullcontext() if passes else pytest.raises(CheckFailedError, match="twice for longer than two"):
        await refresh.check_50(World(NOWHERE))
