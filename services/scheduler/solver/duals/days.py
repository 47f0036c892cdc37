"""Kernels for one patient's days: what each start costs, and the cheapest way to each pattern of sessions."""

from typing import NamedTuple

import numpy as np

from services.scheduler.solver.compiled import kernel
from services.scheduler.solver.duals.shapes import (
    EXTRA,
    LENGTH,
    MEETING,
    POOL_VISIT,
    SLOTS,
    STAFFED_VISIT,
    WHO,
    Numbers,
    Shapes,
)
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import DAYS, SLOTS_A_DAY
from services.scheduler.solver.prices import Array
from services.scheduler.solver.ragged import Ints

NOBODY = -1


class Tariff(NamedTuple):
    """A price list as kernels read it; sums run over the week, so that a difference is the price of a stretch."""

    seats: Array  # [offer, patient]
    staff: Array  # [practitioner, slots before]
    pools: Array  # [pool, slots before]


class Scratch(NamedTuple):
    """Room for one patient, used again for the next."""

    costs: Array  # [option, modality, day, slot]
    chosen: Ints  # the same: the offer, or who holds the visit
    ready: Array  # [slot, pattern] the cheapest way to be free again at this slot
    ended: Array  # [slot, pattern] the same, just ended
    waiting: Array  # [pattern]
    done: Array  # [pattern] the cheapest way, at whatever time
    starts: Ints  # slots at which something may start
    daily: Array  # [day, pattern]
    modality: Ints  # [day, pattern] that reaches it
    after: Array  # [days, nurse seen on the last of them, level]
    levels: Ints  # that were reached


def scratch_of(shapes: Shapes) -> Scratch:
    """Make the room that the largest patient needs."""
    options = shapes.static.shape[1]
    patterns, levels = shapes.patterns.shape[1], shapes.level_bits.shape[1]
    longest = int(shapes.options[..., SLOTS].max(initial=0)) + int(shapes.gap[0])
    by_start = (options, *shapes.static.shape[2:])
    return Scratch(
        costs=np.empty(by_start),
        chosen=np.empty(by_start, np.int64),
        ready=np.empty((SLOTS_A_DAY, patterns)),
        ended=np.full((SLOTS_A_DAY + longest + 1, patterns), np.inf),
        waiting=np.empty(patterns),
        done=np.empty(patterns),
        starts=np.empty(SLOTS_A_DAY, np.int64),
        daily=np.empty((DAYS, patterns)),
        modality=np.zeros((DAYS, patterns), np.int64),
        after=np.empty((DAYS + 1, 2, levels)),
        levels=np.empty(levels, np.int64),
    )


@kernel
def price_options(shapes: Shapes, tariff: Tariff, scratch: Scratch, patient: int) -> None:
    """Price every start of every option of the patient."""
    kind = shapes.kind[patient]
    for option in range(shapes.option_count[kind]):
        static, costs, chosen = shapes.static[patient, option], scratch.costs[option], scratch.chosen[option]
        slots, nature, pool = shapes.options[kind, option]
        if nature == MEETING:
            _price_seats(shapes.numbers[patient, option], tariff.seats[:, patient], static, costs, chosen)
            continue
        first, last = shapes.team_first[patient, option], shapes.team_first[patient, option + 1]
        team, starts = shapes.team[first:last], shapes.team_starts[first:last]
        for modality in range(len(static)):
            places = tariff.pools[pool]
            has_place = nature == POOL_VISIT or modality == 0
            for day in range(DAYS):
                for slot in range(SLOTS_A_DAY):
                    cost = static[modality, day, slot]
                    costs[modality, day, slot] = np.inf
                    begin = day * SLOTS_A_DAY + slot
                    if cost == np.inf or slot + slots > SLOTS_A_DAY:
                        continue
                    if has_place:
                        cost += places[begin + slots] - places[begin]
                    if nature == STAFFED_VISIT:
                        best, who = _cheapest(team, starts, tariff.staff, day, slot, slots)
                        cost += best
                        chosen[modality, day, slot] = who
                    costs[modality, day, slot] = cost


@kernel
def _price_seats(numbers: Numbers, seats: Array, static: Array, costs: Array, chosen: Ints) -> None:
    for modality in range(len(static)):
        for day in range(DAYS):
            for slot in range(SLOTS_A_DAY):
                best = np.inf
                if static[modality, day, slot] < np.inf:
                    for language in range(len(numbers)):
                        offer = numbers[language, modality, day, slot]
                        if offer >= 0 and seats[offer] < best:
                            best = seats[offer]
                            chosen[modality, day, slot] = offer
                costs[modality, day, slot] = static[modality, day, slot] + best


@kernel
def _cheapest(team: Ints, starts: Mask, staff: Array, day: int, slot: int, slots: int) -> tuple[float, int]:
    """Find who could hold a visit for the least."""
    best, chosen = np.inf, NOBODY
    begin = day * SLOTS_A_DAY + slot
    for entry in range(len(team)):
        if starts[entry, day, slot]:
            who = team[entry, WHO]
            cost = staff[who, begin + slots] - staff[who, begin] + team[entry, EXTRA]
            if cost < best:
                best, chosen = cost, who
    return best, chosen


@kernel
def fill_day(shapes: Shapes, scratch: Scratch, patient: int, modality: int, day: int) -> int:
    """Find the cheapest way to each pattern, without the trip; return at how many slots something may start.

    Dynamic programming over time. Waiting is priced, and between two sessions no longer than a day's may be; that all
    of it together is not enforced, so no value is too high.
    """
    kind = shapes.kind[patient]
    options = shapes.option_count[kind]
    starts = _starts(scratch.costs, scratch.starts, options, modality, day)
    if starts == 0:
        return 0
    patterns, gap = shapes.pattern_count[kind], shapes.gap[0]
    costs, rows, pairs = scratch.costs[:, modality, day], shapes.pairs_first[kind], shapes.pairs[kind]
    waiting, done, ended, ready = scratch.waiting, scratch.done, scratch.ended, scratch.ready
    done[:patterns] = np.inf
    done[0] = 0.0
    first, last = scratch.starts[0], scratch.starts[starts - 1]
    for number in range(starts):
        slot = scratch.starts[number]
        _wait(shapes, ended, waiting, patterns, first, slot)
        for pattern in range(patterns):
            ready[slot, pattern] = waiting[pattern]
        for option in range(options):
            cost = costs[option, slot]
            if cost == np.inf:
                continue
            end = slot + shapes.options[kind, option, SLOTS] + gap
            for row in range(rows[option], rows[option + 1]):
                value = waiting[pairs[row, 0]] + cost
                after = pairs[row, 1]
                done[after] = min(done[after], value)
                ended[end, after] = min(ended[end, after], value)
    for slot in range(first, last + len(ended) - SLOTS_A_DAY):
        for pattern in range(patterns):
            ended[slot, pattern] = np.inf
    return starts


@kernel
def _wait(shapes: Shapes, ended: Array, waiting: Array, patterns: int, first: int, slot: int) -> None:
    """Find the cheapest way to be free at a slot: what has ended by then, not longer ago than anybody may wait."""
    for pattern in range(patterns):
        waiting[pattern] = ended[slot, pattern]
    for waited in range(1, min(slot - first, shapes.longest_wait[0]) + 1):
        cost = shapes.idle[0] * waited
        for pattern in range(patterns):
            waiting[pattern] = min(waiting[pattern], ended[slot - waited, pattern] + cost)
    waiting[0] = 0.0


@kernel
def _starts(costs: Array, starts: Ints, options: int, modality: int, day: int) -> int:
    count = 0
    for slot in range(SLOTS_A_DAY):
        for option in range(options):
            if costs[option, modality, day, slot] < np.inf:
                starts[count] = slot
                count += 1
                break
    return count


@kernel
def block_visits(shapes: Shapes, practitioner: int, day: int, first: int, last: int) -> None:
    """Let nobody be visited by a practitioner who holds a meeting in these slots."""
    for entry in range(len(shapes.team)):
        if shapes.team[entry, WHO] == practitioner:
            shapes.team_starts[entry, day, max(0, first - shapes.team[entry, LENGTH] + 1) : last] = False
