"""What is true of medication: when the next dose is due, and on how many days one lasted."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final

from services.contracts.records.medications import (
    Dose,
    DoseOutcome,
    MedicationEnd,
    MedicationEndReason,
    MedicationRequest,
    Regimen,
    VisitCadence,
)
from services.records.medications.intervals import INTERVALS

_DAY: Final = timedelta(days=1)
_FOR_PRINT: Final = 1


def is_refused(reason: MedicationEndReason) -> bool:
    """Whether a medicine is to end because the programme demands it, which it may not."""
    return reason is MedicationEndReason.PROGRAMME_CONDITION


def is_taken(last_day: date | None, today: date) -> bool:
    """Whether a medicine is still taken."""
    return last_day is None or today <= last_day


def was_prescribed(end: MedicationEnd | None) -> bool:
    """Whether a medicine was ever prescribed; what was entered in error never was."""
    return end is None or end.reason is not MedicationEndReason.ENTERED_IN_ERROR


def is_prescribed(said: MedicationRequest, end: MedicationEnd | None, day: date) -> bool:
    """Whether a medicine was prescribed on a day."""
    return was_prescribed(end) and said.started_on <= day and is_taken(None if end is None else end.last_day, day)


def standing(doses: Sequence[Dose]) -> list[Dose]:
    """Return one dose a day in the order of days: the last that was recorded of a day stands for it."""
    return sorted({dose.day: dose for dose in doses}.values(), key=lambda dose: dose.day)


def next_due(regimen: Regimen, started_on: date, last_day: date | None, doses: Sequence[Dose]) -> date | None:
    """Return when the next dose is due: the first on the first day, each next when the one before has worn off."""
    interval = INTERVALS.get(regimen)
    if interval is None:
        return None
    given = [dose.day for dose in standing(doses) if dose.outcome is DoseOutcome.GIVEN]
    due = max(given) + timedelta(interval.days) if given else started_on
    return None if last_day is not None and due > last_day else due


def next_visit(
    said: MedicationRequest, last_day: date | None, last_visit: date | None, cadences: Iterable[VisitCadence]
) -> tuple[date, VisitCadence] | None:
    """Return when the prescriber is to be seen next, and by which cadence: that of the day of the last visit.

    A visit from before the medicine was begun is none of it: the first is due one interval after the first day.
    """
    since = max(said.started_on, last_visit or said.started_on)
    begun = (since - said.started_on).days
    own = [one for one in cadences if one.regimen is said.regimen and one.from_day <= begun]
    if not own:
        return None
    cadence = max(own, key=lambda one: (one.from_day, one.effective_from))
    due = since + timedelta(days=cadence.every_days)
    return None if last_day is not None and due > last_day else (due, cadence)


def covered_percent(regimen: Regimen, last_day: date | None, doses: Sequence[Dose], today: date) -> float | None:
    """Return the share of days from the first dose given until today, or the last day, on which a dose lasted."""
    interval = INTERVALS.get(regimen)
    given = [dose.day for dose in standing(doses) if dose.outcome is DoseOutcome.GIVEN]
    if interval is None or not given:
        return None
    until = min(today, last_day or today)
    if until < given[0]:
        return None
    covered = {day + ahead * _DAY for day in given for ahead in range(interval.days) if day + ahead * _DAY <= until}
    return round(100 * len(covered) / ((until - given[0]).days + 1), _FOR_PRINT)
