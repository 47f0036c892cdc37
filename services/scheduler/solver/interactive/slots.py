"""Sets of slots of one day, each a Python int: bit n is slot n."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.instance import DAYS, SLOTS_A_DAY, Interval

WHOLE_DAY = (1 << SLOTS_A_DAY) - 1
Week = list[int]
"""One set for each day."""


def stretch(start: int, end: int) -> int:
    """Return the slots from `start` to before `end`, clipped to the day."""
    start, end = max(0, start), min(SLOTS_A_DAY, end)
    return (1 << end) - (1 << start) if start < end else 0


def covered(intervals: Iterable[Interval], margin: int = 0) -> Week:
    """Return the slots that the intervals take, with a margin on both sides."""
    week = [0] * DAYS
    for day, start, end in intervals:
        week[day] |= stretch(start - margin, end + margin)
    return week


def starts_in(free: int, slots: int) -> int:
    """Return where a session may start so that each of its slots is free."""
    found, have = free, 1
    while have < slots:
        step = min(have, slots - have)
        found &= found >> step
        have += step
    return found


def starts_within(intervals: Iterable[Interval], slots: int) -> Week:
    """Return where a session may start so that it lies inside one interval."""
    week = [0] * DAYS
    for day, start, end in intervals:
        week[day] |= stretch(start, end - slots + 1)
    return week


def as_mask(slots: int) -> npt.NDArray[np.bool_]:
    """Return the set as one truth value a slot."""
    octets = np.frombuffer(slots.to_bytes(8, "little"), np.uint8)
    return np.unpackbits(octets, bitorder="little")[:SLOTS_A_DAY].astype(np.bool_)
