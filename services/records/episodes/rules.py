"""What is true of episodes of care. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from services.contracts.problems import InvalidField
from services.contracts.records.episodes import (
    Clock,
    ClockMetBy,
    ClockStatus,
    Episode,
    EpisodeClock,
    EpisodeLevel,
    LevelChange,
    LevelDecision,
)
from services.records.episodes.runs import ClockRun
from services.records.placement_reviews.criteria import Edition

# The first zone to begin a day is 14 hours ahead of UTC; a day that has begun there is not refused anywhere.
_AHEAD: Final = timedelta(hours=14)
_TO_SUNDAY: Final = timedelta(days=6)
_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


def latest_day(now: datetime) -> date:
    """Return the latest day that has begun anywhere: a later one lies in the future for everybody."""
    return (now + _AHEAD).date()


def change_of(before: EpisodeLevel | None, decision: LevelDecision, edition: Edition) -> LevelChange | None:
    """Say what a change of level is, or None where it is none; levels of two editions are not compared."""
    if before is None:
        return LevelChange.ADMISSION
    if before.criteria_edition != decision.criteria_edition:
        return LevelChange.OTHER_EDITION
    if before.level == decision.level:
        return None
    is_higher = edition.rank(decision.level) > edition.rank(before.level)
    return LevelChange.STEP_UP if is_higher else LevelChange.STEP_DOWN


def held_on(episode: Episode, day: date) -> EpisodeLevel | None:
    """Return the level of care that holds on a day, or None before the first."""
    held = [one for one in episode.levels if one.from_on <= day]
    return held[-1] if held else None


def came_on(episode: Episode, starts: Iterable[datetime], day: date, zone: tzinfo) -> list[date]:
    """Return the days of an episode, until a day, on which the patient attended a session; each once, in order."""
    attended = {start.astimezone(zone).date() for start in starts}
    last = min(day, episode.discharged_on or day)
    return sorted(on for on in attended if episode.admitted_on <= on <= last)


def began_on(episode: Episode, starts: Iterable[datetime], day: date, zone: tzinfo) -> date | None:
    """Return on which day treatment had begun by a day: that of the first session, attended or written down."""
    recorded = episode.first_session_on
    came = came_on(episode, starts, day, zone)
    return min([*came[:1], *([recorded] if recorded is not None and recorded <= day else [])], default=None)


def current_of(episodes: Sequence[Episode]) -> list[Episode]:
    """Return the open ones of a patient's episodes, oldest first; where none is open, the one that was begun last."""
    return [one for one in episodes if one.discharged_on is None] or list(episodes[-1:])


def earliest_discharge(episode: Episode) -> date:
    """Return the first day on which an episode can have ended: not before what has happened in it."""
    happened = [one.from_on for one in episode.levels]
    return max([episode.admitted_on, episode.first_session_on or date.min, *happened])


def taper_faults(episode: Episode, weeks: list[date], edition: Edition | None) -> tuple[InvalidField, ...]:
    """Say what is wrong with taper weeks: they lie within the episode, and are no more than the level's edition allows.

    Where no level holds yet there is nothing that they would continue.
    """
    last = episode.discharged_on or date.max
    faults = [
        (f"/weeks/{index}", "must not lie outside of the episode")
        for index, week in enumerate(weeks)
        if week + _TO_SUNDAY < episode.admitted_on or week > last
    ]
    if edition is None and weeks:
        faults.append(("/weeks", "must be empty until a clinician decides on the level (change_episode_level)"))
    if edition is not None and edition.taper_weeks_most is not None and len(weeks) > edition.taper_weeks_most:
        faults.append(("/weeks", f"must be {edition.taper_weeks_most} at most ({edition.taper_citation})"))
    return tuple(InvalidField(location="body", pointer=pointer, detail=detail) for pointer, detail in faults)


def due_on(clock: Clock, starts_on: date) -> date:
    """Return the last day that meets a clock."""
    if not clock.working_days:
        return starts_on + timedelta(days=clock.days)
    due, left = starts_on, clock.days
    while left:
        due += _DAY
        left -= due.weekday() < _SATURDAY
    return due


def status_of(due: date, met_on: date | None, today: date) -> ClockStatus:
    """Say where a clock stands: met late is missed."""
    if met_on is not None:
        return ClockStatus.MET if met_on <= due else ClockStatus.MISSED
    return ClockStatus.MISSED if due < today else ClockStatus.RUNNING


def reading(clock: Clock, run: ClockRun, began: date | None, today: date) -> EpisodeClock:
    """Return what a clock says: the first session meets the clocks that ask for it, unless somebody said otherwise."""
    met_on = run.met_on or _met_by_first_session(clock, run, began)
    due = due_on(clock, run.starts_on)
    return EpisodeClock(
        id=run.id,
        episode_id=run.episode_id,
        patient_id=run.patient_id,
        code=run.code,
        title=clock.title,
        starts_on=run.starts_on,
        due_on=due,
        met_on=met_on,
        status=status_of(due, met_on, today),
        citation=clock.citation,
    )


def _met_by_first_session(clock: Clock, run: ClockRun, began: date | None) -> date | None:
    if clock.met_by is not ClockMetBy.FIRST_SESSION or began is None:
        return None
    return began if began >= run.starts_on else None
