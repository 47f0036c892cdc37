"""Wall times of a recurrence rule (RFC 5545 3.3.10), bounded by the work they cost.

Rules whose periods all have the same length and content, as nearly all school and work calendars
have, are an arithmetic progression and cost nothing but their occurrences, however long ago they
started. The others are walked period by period from the edge of the window; only a COUNT has to
be walked from the start.
"""

from bisect import bisect_left
from collections.abc import Sequence

from services.scheduler.commitments.ical.limits import Budget
from services.scheduler.commitments.ical.periods import (
    SECONDS,
    anchor_of,
    blocks,
    choose,
    times_of,
    week_days_of,
)
from services.scheduler.commitments.ical.recurrence import Frequency, RecurrenceRule
from services.scheduler.commitments.ical.values import DAY

# What walking a period costs, in candidate starts.
_BLOCK = 8


def expand(rule: RecurrenceRule, start: int, first: int, last: int, budget: Budget) -> list[int]:
    """Return the wall times of a rule from `first` to `last`, both included, in order.

    A start that the rule does not name is not among them. UNTIL is left to the caller, because
    it may be an instant.

    Raises:
        RecurrenceBombError: If the budget does not reach.
    """
    first = max(first, start)
    if last < first:
        return []
    if _is_regular(rule):
        return _progression(rule, start, first, last, budget)
    return _walk(rule, start, first, last, budget)


def _is_regular(rule: RecurrenceRule) -> bool:
    """Say whether all periods of the rule have the same length and content."""
    frequency = rule.frequency
    limiting: list[Sequence[object]] = [rule.by_month, rule.by_month_day, rule.by_year_day]
    if frequency < Frequency.WEEKLY:
        limiting.append(rule.by_day)
    if frequency < Frequency.DAILY:
        limiting.append(rule.by_hour)
    if frequency < Frequency.HOURLY:
        limiting.append(rule.by_minute)
    if frequency < Frequency.MINUTELY:
        limiting.append(rule.by_second)
    return frequency <= Frequency.WEEKLY and not any(limiting)


def _progression(rule: RecurrenceRule, start: int, first: int, last: int, budget: Budget) -> list[int]:
    period = rule.interval * SECONDS[rule.frequency]
    anchor = anchor_of(rule, start)
    offsets = _offsets(rule, start, budget)
    if not offsets:
        return []
    if rule.count is not None:
        skipped = bisect_left(offsets, start - anchor)
        periods, position = divmod(skipped + rule.count - 1, len(offsets))
        last = min(last, anchor + periods * period + offsets[position])
    bases = range(anchor + (first - anchor) // period * period, last + 1, period)
    budget.take(len(bases) * len(offsets))
    return [wall for base in bases for offset in offsets if first <= (wall := base + offset) <= last]


def _offsets(rule: RecurrenceRule, start: int, budget: Budget) -> list[int]:
    """Return where the occurrences lie within a period, in order."""
    offsets = times_of(rule, start, budget)
    if rule.frequency is Frequency.WEEKLY:
        offsets = [day * DAY + time for day in week_days_of(rule, start) for time in offsets]
    return [offsets[n] for n in choose(len(offsets), rule.by_set_position)]


def _walk(rule: RecurrenceRule, start: int, first: int, last: int, budget: Budget) -> list[int]:
    """Walk the periods of a rule whose periods differ."""
    # Below a day, BYSETPOS has chosen within each hour, minute or second already.
    positions = rule.by_set_position if rule.frequency >= Frequency.DAILY else ()
    left = rule.count
    found: list[int] = []
    for days, times in blocks(rule, start, first if left is None else start, last, budget):
        size = len(times)
        chosen = choose(len(days) * size, positions)
        budget.spend(_BLOCK + len(chosen))
        walls = [days[n // size] * DAY + times[n % size] for n in chosen]
        walls = [wall for wall in walls if wall >= start][:left]
        within = [wall for wall in walls if first <= wall <= last]
        budget.take(len(within))
        found += within
        if left is not None:
            left -= len(walls)
            if left == 0:
                break
    return found
