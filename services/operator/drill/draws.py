"""`eventide drill draws`: nobody can foretell a test day, and whoever alters one afterwards is found.

Four statistics of thousands of drawn days, each held against a generator that is known to be bad, so that a statistic
that would find nothing is itself found; then the evidence of every programme is verified, altered, and to be refused.
"""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from random import Random
from time import perf_counter
from typing import Any, Final
from uuid import UUID

from services.contracts.identifiers import DrawProgrammeId
from services.contracts.records.draw_programmes import DrawEvidence, DrawTerms, Hazard
from services.contracts.vocabulary import Weekday
from services.operator.drill.drawing import (
    AUC_DEVIATIONS,
    BAD_GENERATORS,
    CHI_SQUARE_LIMIT,
    WEEK,
    Day,
    History,
    foresight,
    lag_chi_square,
    longest_gap,
    weekday_chi_square,
)
from services.records.draw_programmes.commitments import Schedule, commitment, document, key_chain
from services.records.draw_programmes.predictability import predictability
from services.records.draw_programmes.rules import draws
from services.records.draw_programmes.verifier import verify

_MONDAY: Final = date(2026, 10, 5)
_WEEKS: Final = 52
_SESSIONS_A_WEEK: Final = 3
_TERMS: Final = DrawTerms(
    call_days=frozenset(Weekday),
    hazard=Hazard(tests=2, opportunities=WEEK),
    cap_days=14,
    starts_on=_MONDAY,
    ends_on=_MONDAY + timedelta(weeks=_WEEKS) - timedelta(days=1),
    zone="UTC",
)
_CAP: Final = 14
_FORETOLD: Final = ("twice_in_each_week", "on_session_days")
"""Controls of the statistic of the next day."""
_HAZARD: Final = _TERMS.hazard.tests / _TERMS.hazard.opportunities


@dataclass(frozen=True, slots=True)
class Judged:
    """One statistic of our draws, its limit, and what a bad generator makes of it: that one must lie beyond."""

    figure: float
    limit: float
    control: str
    control_figure: float

    @property
    def holds(self) -> bool:
        """Whether ours lies within the limit and the bad one beyond it."""
        return self.figure <= self.limit < self.control_figure


def run(arguments: argparse.Namespace) -> int:
    """Draw, judge, verify; the status is 1 where a pattern is found, an alteration is not, or a control fails."""
    report = drill(arguments.n, arguments.seed)
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<20} {of}" for name, of in report.items()))
    return 0 if report["holds"] else 1


def drill(programmes: int, seed: int) -> dict[str, Any]:
    """Draw a year for so many programmes and judge them, with every control; the same seed gives the same report."""
    started = perf_counter()
    random = Random(seed)  # noqa: S311 - sessions, controls and alterations; the draws have keys
    evidence = [_evidence(seed, number) for number in range(programmes)]
    calendars = [_calendar(random) for _ in evidence]
    ours = [
        [
            Day(weekday, has_session, one.is_drawn, one.is_forced)
            for (weekday, has_session), one in zip(calendar, of.draws, strict=True)
        ]
        for calendar, of in zip(calendars, evidence, strict=True)
    ]
    bad = {name: _histories(name, random, calendars) for name in BAD_GENERATORS}
    judged = _judge(ours, bad)
    altered_found = sum(bool(verify(_altered(of, random), of.commitment)) for of in evidence)
    verified = sum(not verify(of, of.commitment) for of in evidence)
    tests = sum(day.is_drawn for history in ours for day in history)
    holds = all(one.holds for one in judged.values()) and verified == altered_found == programmes
    return {
        "programmes": programmes,
        "days": sum(len(history) for history in ours),
        "tests": tests,
        **{name: {**asdict(one), "holds": one.holds} for name, one in judged.items()},
        "next_day_auc": {"ours": _auc(ours), **{name: _auc(bad[name]) for name in _FORETOLD}},
        "forced_percent": round(100 * sum(day.is_forced for history in ours for day in history) / tests, 2),
        "forced_percent_printed": predictability(_TERMS).forced_percent,
        "verified": verified,
        "altered": programmes,
        "altered_found": altered_found,
        "holds": holds,
        "seconds": round(perf_counter() - started, 2),
    }


def _judge(ours: Sequence[History], bad: Mapping[str, Sequence[History]]) -> dict[str, Judged]:
    foreseen, blocks = foresight(ours), foresight(bad["twice_in_each_week"])
    sessions = foresight(bad["on_session_days"])
    return {
        "weekdays_chi_square": _judged(
            weekday_chi_square, CHI_SQUARE_LIMIT, ours, "favours_weekdays", bad["favours_weekdays"]
        ),
        "lags_chi_square": _judged(
            lag_chi_square, CHI_SQUARE_LIMIT, ours, "rests_after_a_test", bad["rests_after_a_test"]
        ),
        "next_day_auc_deviations": Judged(
            round(foreseen.deviations, 2), AUC_DEVIATIONS, "twice_in_each_week", round(blocks.deviations, 2)
        ),
        "next_day_auc_deviations_with_sessions": Judged(
            round(foreseen.deviations, 2), AUC_DEVIATIONS, "on_session_days", round(sessions.deviations, 2)
        ),
        "longest_gap_days": Judged(longest_gap(ours), _CAP, "without_a_cap", longest_gap(bad["without_a_cap"])),
    }


def _auc(histories: Sequence[History]) -> float:
    return round(foresight(histories).auc, 4)


def _judged(statistic: Any, limit: float, ours: Sequence[History], control: str, bad: Sequence[History]) -> Judged:
    return Judged(round(statistic(ours, _HAZARD), 2), limit, control, round(statistic(bad, _HAZARD), 2))


def _evidence(seed: int, number: int) -> DrawEvidence:
    schedule = Schedule(DrawProgrammeId(UUID(int=number)), 1, _TERMS)
    keys = key_chain(schedule, hashlib.sha256(f"{seed}|{number}".encode()).digest())
    text = document(schedule, keys[0])
    return DrawEvidence(
        programme_id=schedule.programme_id,
        version=1,
        document=text,
        commitment=commitment(text),
        revealed_day=_TERMS.ends_on,
        revealed_key=keys[-1].hex(),
        draws=list(draws(schedule, keys, _TERMS.ends_on)),
    )


def _altered(evidence: DrawEvidence, random: Random) -> DrawEvidence:
    place = random.randrange(len(evidence.draws))
    other = evidence.draws[place].model_copy(update={"is_drawn": not evidence.draws[place].is_drawn})
    return evidence.model_copy(update={"draws": [*evidence.draws[:place], other, *evidence.draws[place + 1 :]]})


def _calendar(random: Random) -> list[tuple[int, bool]]:
    sessions = set(random.sample(range(WEEK), _SESSIONS_A_WEEK))
    return [(weekday, weekday in sessions) for _ in range(_WEEKS) for weekday in range(WEEK)]


def _histories(name: str, random: Random, calendars: Sequence[Sequence[tuple[int, bool]]]) -> list[History]:
    return [
        [
            Day(weekday, has_session, is_drawn, is_forced=False)
            for (weekday, has_session), is_drawn in zip(calendar, BAD_GENERATORS[name](random, calendar), strict=True)
        ]
        for calendar in calendars
    ]
