"""What is true of assessments: which answers fit, what they come to, which of them are dangerous, and how it moves."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final, NamedTuple

from services.contracts.identifiers import PatientId
from services.contracts.problems import InvalidField
from services.contracts.records.assessments import (
    Assessment,
    AssessmentAnswer,
    AssessmentScore,
    EnteredScore,
    Instrument,
    InstrumentItem,
    InstrumentScore,
    LatestScore,
    MeasureCounts,
    SafetyFinding,
    SafetyStep,
    SafetyUrgency,
    TrendDirection,
    TrendPoint,
    TrendSeries,
)
from services.contracts.records.due_assessments import DueAssessment, MeasurementCadence

SMALLEST: Final = 11
"""Counts of 1 to 10 people are left out (CMS cell size suppression policy)."""

_ACUTE_STEPS: Final = frozenset(
    {SafetyStep.SAME_DAY_EVALUATION, SafetyStep.EMERGENCY_SERVICES, SafetyStep.ANSWER_WAS_A_MISTAKE}
)


def faults(
    instrument: Instrument, answers: Sequence[AssessmentAnswer], scores: Sequence[EnteredScore]
) -> tuple[InvalidField, ...]:
    """Say which answers are not the instrument's, and what would be right."""
    found = (*_unfit(instrument, answers), *_missing(instrument, answers), *_entered(instrument, scores))
    return tuple(InvalidField(location="body", pointer=pointer, detail=detail) for pointer, detail in found)


def _unfit(instrument: Instrument, answers: Sequence[AssessmentAnswer]) -> Iterator[tuple[str, str]]:
    items = {item.id: item for item in instrument.items}
    for index, answer in enumerate(answers):
        item = items.get(answer.item_id)
        if item is None:
            yield f"/answers/{index}/item_id", "must be an item of the instrument"
        elif answer.value is not None and not _takes(item, answer.value):
            allowed = ", ".join(str(option.value) for option in item.options) or f"{item.least} to {item.most}"
            yield f"/answers/{index}/value", f"must be one of {allowed}, or null where it was not answered"


def _takes(item: InstrumentItem, value: int) -> bool:
    if item.options:
        return any(option.value == value for option in item.options)
    return item.least <= value <= item.most


def _missing(instrument: Instrument, answers: Sequence[AssessmentAnswer]) -> Iterator[tuple[str, str]]:
    given = {answer.item_id: answer.value for answer in answers}
    absent = [item.id for item in instrument.items if item.id not in given and _is_asked(item, given)]
    if absent:
        yield "/answers", f"must contain {', '.join(absent)}: null where an item was asked and not answered"


def _is_asked(item: InstrumentItem, given: Mapping[str, int | None]) -> bool:
    if item.asked_if_any_of:
        return any(given.get(before) != 0 for before in item.asked_if_any_of)
    return not item.optional


def _entered(instrument: Instrument, scores: Sequence[EnteredScore]) -> Iterator[tuple[str, str]]:
    enterable = {score.id: score for score in instrument.scores if not score.items}
    for index, entered in enumerate(scores):
        score = enterable.get(entered.score_id)
        if score is None:
            yield f"/scores/{index}/score_id", "must be a score of an instrument that is filled in elsewhere"
        elif not score.least <= entered.value <= score.most:
            yield f"/scores/{index}/value", f"must lie between {score.least} and {score.most}"
    absent = sorted(enterable.keys() - {entered.score_id for entered in scores})
    if absent:
        yield "/scores", f"must contain {', '.join(absent)}"


def scored(
    instrument: Instrument, answers: Iterable[AssessmentAnswer], entered: Iterable[EnteredScore]
) -> list[AssessmentScore]:
    """Return what the answers come to; a score with an item that has no answer has no value, and is never guessed."""
    given = {answer.item_id: answer.value for answer in answers}
    known = {score.score_id: score.value for score in entered}
    return [_score(score, given, known) for score in instrument.scores]


def _score(score: InstrumentScore, given: Mapping[str, int | None], entered: Mapping[str, int]) -> AssessmentScore:
    values = [given.get(item) for item in score.items]
    answered = [value for value in values if value is not None]
    unanswered = [item for item in score.items if given.get(item) is None]
    value = entered.get(score.id) if not score.items else None if unanswered else sum(answered)
    return AssessmentScore(
        score_id=score.id,
        value=value,
        band=None if value is None else band_of(score, value),
        unanswered=unanswered,
    )


def band_of(score: InstrumentScore, value: int) -> str | None:
    """Return what a value is called, or None where the instrument has no cut-offs."""
    labels = [band.label for band in score.bands if band.least <= value]
    return labels[-1] if labels else None


@dataclass(frozen=True, slots=True)
class Danger:
    """What somebody must act on, how soon."""

    urgency: SafetyUrgency
    within: timedelta
    findings: tuple[SafetyFinding, ...]


def danger_of(
    instrument: Instrument, answers: Iterable[AssessmentAnswer], scores: Iterable[AssessmentScore]
) -> Danger | None:
    """Return what is dangerous in the answers, or None.

    An item that was asked and not answered counts as dangerous, and never as a no.
    """
    given = {answer.item_id: answer.value for answer in answers}
    given |= {score.score_id: score.value for score in scores if score.score_id not in given}
    fired = [
        (rule, value)
        for rule in instrument.safety
        if rule.subject in given and ((value := given[rule.subject]) is None or value >= rule.at_least)
    ]
    if not fired:
        return None
    is_acute = any(rule.urgency is SafetyUrgency.ACUTE for rule, _ in fired)
    findings = {rule.subject: SafetyFinding(subject=rule.subject, value=value) for rule, value in fired}
    return Danger(
        urgency=SafetyUrgency.ACUTE if is_acute else SafetyUrgency.PROMPT,
        within=timedelta(minutes=min(rule.within_minutes for rule, _ in fired)),
        findings=tuple(findings.values()),
    )


def is_news(danger: Danger, before: Iterable[SafetyFinding]) -> bool:
    """Whether a danger says something that the tasks of earlier versions did not."""
    return not set(danger.findings) <= set(before)


def suffices(urgency: SafetyUrgency, steps: frozenset[SafetyStep]) -> bool:
    """Whether these steps answer a danger: an acute one takes an evaluation the same day, or emergency services."""
    return urgency is not SafetyUrgency.ACUTE or bool(steps & _ACUTE_STEPS)


class Measured(NamedTuple):
    """One value of one score of one patient."""

    instrument_id: str
    edition: str
    score_id: str
    point: TrendPoint

    @property
    def series(self) -> tuple[str, str, str]:
        """Which series it belongs to; editions of an instrument are never mixed."""
        return self.instrument_id, self.edition, self.score_id


def measured(assessments: Iterable[Assessment]) -> list[Measured]:
    """Return every value in completed assessments."""
    return [
        Measured(
            one.instrument_id,
            one.edition,
            score.score_id,
            TrendPoint(assessment_id=one.id, administered_at=one.administered_at, value=score.value, band=score.band),
        )
        for one in assessments
        for score in one.scores
        if score.value is not None
    ]


def trends(values: Iterable[Measured], instruments: Mapping[str, Instrument]) -> list[TrendSeries]:
    """Return each score's values in the order of time, and whether they changed for better or worse."""
    ordered = sorted(values, key=lambda one: (one.series, one.point.administered_at, one.point.assessment_id))
    found = []
    for (instrument_id, edition, score_id), same in groupby(ordered, key=lambda one: one.series):
        rule = _rule(instruments, instrument_id, score_id)
        if rule is None:
            continue
        points = [one.point for one in same]
        change = points[-1].value - points[0].value
        found.append(
            TrendSeries(
                instrument_id=instrument_id,
                edition=edition,
                score_id=score_id,
                higher_is_better=rule.higher_is_better,
                points=points,
                change=change,
                direction=_direction(rule, change) if len(points) > 1 else None,
            )
        )
    return found


def latest_of(series: TrendSeries) -> LatestScore:
    """Return a series by its newest value."""
    return LatestScore(
        instrument_id=series.instrument_id,
        edition=series.edition,
        score_id=series.score_id,
        higher_is_better=series.higher_is_better,
        latest=series.points[-1],
        times=len(series.points),
        change=series.change,
        direction=series.direction,
    )


def _rule(instruments: Mapping[str, Instrument], instrument_id: str, score_id: str) -> InstrumentScore | None:
    instrument = instruments.get(instrument_id)
    scores = [] if instrument is None else instrument.scores
    return next((score for score in scores if score.id == score_id), None)


def _direction(rule: InstrumentScore, change: int) -> TrendDirection:
    if abs(change) < rule.meaningful_change:
        return TrendDirection.SAME
    return TrendDirection.BETTER if (change > 0) is rule.higher_is_better else TrendDirection.WORSE


def counted(patients: Iterable[Sequence[TrendSeries]]) -> list[MeasureCounts]:
    """Count patients by how their scores moved; whatever could tell of fewer than eleven people is left out."""
    moved: dict[tuple[str, str, str], list[TrendDirection | None]] = {}
    for series in patients:
        for one in series:
            moved.setdefault((one.instrument_id, one.edition, one.score_id), []).append(one.direction)
    return [_counts(key, directions) for key, directions in sorted(moved.items())]


def _counts(key: tuple[str, str, str], directions: Sequence[TrendDirection | None]) -> MeasureCounts:
    parts = [sum(1 for one in directions if one is kind) for kind in (None, *TrendDirection)]
    # One part that is left out would be the difference of the others: all of them, or none.
    is_safe = all(part == 0 or part >= SMALLEST for part in parts)
    once, better, same, worse = [part if is_safe else None for part in parts]
    return MeasureCounts(
        instrument_id=key[0],
        edition=key[1],
        score_id=key[2],
        patients=len(directions) if len(directions) >= SMALLEST else None,
        once=once,
        better=better,
        same=same,
        worse=worse,
    )


def due_at(danger: Danger, now: datetime) -> datetime:
    """Return by when somebody must have acted."""
    return now + danger.within


def due_measure(
    patient_id: PatientId, cadence: MeasurementCadence, days: tuple[date, date, date | None], today: date
) -> DueAssessment:
    """Return when a patient is to answer an instrument next: when treatment begins, and so often from then on.

    `days` are those of the admission, of the first session, and on which it was answered last. What was answered
    between admission and the first session counts, but nothing is due before that; what was answered in an earlier stay
    does not count.
    """
    admitted_on, began, answered = days
    last_on = answered if answered is not None and answered >= admitted_on else None
    due_on = began if last_on is None else max(began, last_on + timedelta(days=cadence.every_days))
    return DueAssessment(
        patient_id=patient_id,
        instrument_id=cadence.instrument_id,
        last_on=last_on,
        due_on=due_on,
        is_overdue=due_on < today,
    )
