"""Kernels that plan everybody's week, by dynamic programming over days, and add up what the weeks use."""

from typing import Final, NamedTuple

import numpy as np

from services.scheduler.solver.compiled import entry, kernel
from services.scheduler.solver.duals.days import Scratch, Tariff, fill_day, price_options
from services.scheduler.solver.duals.shapes import (
    BITS,
    MEETING,
    NATURE,
    NURSE,
    POOL,
    POOL_VISIT,
    SLOTS,
    STAFFED_VISIT,
    STEP,
    Shapes,
)
from services.scheduler.solver.instance import DAYS, SLOTS_A_DAY
from services.scheduler.solver.prices import Array
from services.scheduler.solver.ragged import Ints

# Later than any day ends, whatever follows.
END: Final = 4 * SLOTS_A_DAY
# Columns of a session: the patient's option, modality, slot of the week, and the offer or who holds the visit.
OPTION, MODALITY, START, CHOSEN = range(4)


class Usage(NamedTuple):
    """What the weeks use: as `Prices`, in plain arrays."""

    seats: Array  # [offer, patient]
    staff: Array  # [practitioner, slot of the week]
    pools: Array  # [pool, slot of the week]
    values: Array  # [patient] what the week costs
    counts: Ints  # [patient] sessions of the week
    sessions: Ints  # [patient, session, column] the last of the week first


@entry
def plan_weeks(shapes: Shapes, tariff: Tariff, scratch: Scratch, usage: Usage) -> None:
    """Find the cheapest week of everybody who is free, and add what it uses."""
    for patient in range(len(shapes.kind)):
        if not shapes.is_free[patient]:
            usage.values[patient] = 0.0
            usage.counts[patient] = 0
            continue
        price_options(shapes, tariff, scratch, patient)
        _fill_days(shapes, scratch, patient)
        _fill_weeks(shapes, scratch, shapes.kind[patient])
        _use(shapes, scratch, usage, patient)


@kernel
def _fill_days(shapes: Shapes, scratch: Scratch, patient: int) -> None:
    patterns = shapes.pattern_count[shapes.kind[patient]]
    scratch.daily[:, :patterns] = np.inf
    for day in range(DAYS):
        for modality in range(len(shapes.trips)):
            if fill_day(shapes, scratch, patient, modality, day) == 0:
                continue
            for pattern in range(1, patterns):
                cost = scratch.done[pattern] + shapes.trips[modality]
                if cost < scratch.daily[day, pattern]:
                    scratch.daily[day, pattern] = cost
                    scratch.modality[day, pattern] = modality
        scratch.daily[day, 0] = 0.0


@kernel
def _fill_weeks(shapes: Shapes, scratch: Scratch, kind: int) -> None:
    levels, guard, bits = shapes.level_count[kind], shapes.guard[kind], shapes.level_bits[kind]
    patterns, reached = shapes.patterns[kind], scratch.levels
    for day in range(DAYS + 1):
        for nurse in range(2):
            for level in range(levels):
                scratch.after[day, nurse, level] = np.inf
    scratch.after[0, 0, 0] = 0.0
    for day in range(DAYS):
        before, count = scratch.after[day], 0
        for level in range(levels):
            if before[0, level] < np.inf or before[1, level] < np.inf:
                reached[count] = level
                count += 1
        for pattern in range(shapes.pattern_count[kind]):
            cost = scratch.daily[day, pattern]
            if cost == np.inf:
                continue
            step, added, nurse = patterns[pattern]
            after = scratch.after[day + 1, nurse]
            for number in range(count):
                level = reached[number]
                if (bits[level] + added) & guard:
                    continue
                value = before[0, level] if nurse else min(before[0, level], before[1, level])
                after[level + step] = min(after[level + step], value + cost)


@kernel
def _use(shapes: Shapes, scratch: Scratch, usage: Usage, patient: int) -> None:
    kind = shapes.kind[patient]
    best, level, nursed = np.inf, 0, 0
    for reached in range(shapes.level_count[kind]):
        for nurse in range(2):
            value = scratch.after[DAYS, nurse, reached] + shapes.unmet[patient, reached]
            if value < best:
                best, level, nursed = value, reached, nurse
    usage.values[patient] = best
    usage.counts[patient] = 0
    for day in range(DAYS - 1, -1, -1):
        pattern, before = _way_back(shapes, scratch, kind, day, level, nursed)
        if pattern > 0:
            _use_day(shapes, scratch, usage, patient, day, pattern)
        level -= shapes.patterns[kind, pattern, STEP]
        nursed = before


@kernel
def _way_back(shapes: Shapes, scratch: Scratch, kind: int, day: int, level: int, nursed: int) -> tuple[int, int]:
    """Find the day that led here, and whether a nurse was seen on the one before it."""
    best, found, rest = np.inf, 0, 0
    for pattern in range(shapes.pattern_count[kind]):
        row = shapes.patterns[kind, pattern]
        earlier = level - row[STEP]
        if row[NURSE] != nursed or earlier < 0:
            continue
        if shapes.level_bits[kind, earlier] + row[BITS] != shapes.level_bits[kind, level]:
            continue
        for nurse in range(2 - nursed):
            value = scratch.after[day, nurse, earlier] + scratch.daily[day, pattern]
            if value < best:
                best, found, rest = value, pattern, nurse
    return found, rest


@kernel
def _use_day(shapes: Shapes, scratch: Scratch, usage: Usage, patient: int, day: int, pattern: int) -> None:
    """Recover the sessions behind a day's pattern, the last one first."""
    modality = scratch.modality[day, pattern]
    starts = fill_day(shapes, scratch, patient, modality, day)
    until = END
    while pattern > 0:
        option, slot, pattern = _last_session(shapes, scratch, patient, modality, day, pattern, starts, until)
        _take(shapes, scratch, usage, patient, option, modality, day, slot)
        until = slot


@kernel
def _last_session(
    shapes: Shapes,
    scratch: Scratch,
    patient: int,
    modality: int,
    day: int,
    pattern: int,
    starts: int,
    until: int,
) -> tuple[int, int, int]:
    """Find the session that ended the day up to a slot: option, slot, and the pattern before it."""
    kind = shapes.kind[patient]
    best, found, when, rest = np.inf, 0, 0, 0
    for option in range(shapes.option_count[kind]):
        before = _before(shapes, kind, option, pattern)
        if before < 0:
            continue
        for number in range(starts):
            slot = scratch.starts[number]
            left = until - (slot + shapes.options[kind, option, SLOTS] + shapes.gap[0])
            value = scratch.ready[slot, before] + scratch.costs[option, modality, day, slot]
            if until < END:
                value += shapes.idle[0] * left
            if left >= 0 and (left <= shapes.longest_wait[0] or until == END) and value < best:
                best, found, when, rest = value, option, slot, before
    return found, when, rest


@kernel
def _before(shapes: Shapes, kind: int, option: int, pattern: int) -> int:
    for row in range(shapes.pairs_first[kind, option], shapes.pairs_first[kind, option + 1]):
        if shapes.pairs[kind, row, 1] == pattern:
            return int(shapes.pairs[kind, row, 0])
    return -1


@kernel
def _take(
    shapes: Shapes, scratch: Scratch, usage: Usage, patient: int, option: int, modality: int, day: int, slot: int
) -> None:
    row = shapes.options[shapes.kind[patient], option]
    chosen = scratch.chosen[option, modality, day, slot]
    first = day * SLOTS_A_DAY + slot
    last = first + row[SLOTS]
    session = usage.sessions[patient, usage.counts[patient]]
    session[OPTION], session[MODALITY], session[START], session[CHOSEN] = option, modality, first, chosen
    usage.counts[patient] += 1
    if row[NATURE] == MEETING:
        usage.seats[chosen, patient] += 1
        return
    if row[NATURE] == POOL_VISIT or modality == 0:
        usage.pools[row[POOL], first:last] += 1
    if row[NATURE] == STAFFED_VISIT:
        usage.staff[chosen, first:last] += 1
