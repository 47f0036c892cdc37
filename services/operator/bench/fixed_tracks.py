"""The practice to beat: six fixed tracks of three evenings, mornings or afternoons of three hours."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product
from typing import Final, NamedTuple

from services.operator.bench.programme import AT_ONCE, LARGEST, LONG, SMALLEST, is_free
from services.operator.bench.teaching_week import Commitments


class Track(NamedTuple):
    """A group that meets for three hours at the same slot of three days."""

    days: tuple[int, int, int]
    slot: int


_MORNING, _AFTERNOON, _EARLY_EVENING, _EVENING = 8, 24, 42, 44

TRACKS: Final = (
    Track((0, 2, 4), _MORNING),
    Track((1, 2, 3), _MORNING),
    Track((0, 2, 4), _AFTERNOON),
    Track((1, 2, 3), _AFTERNOON),
    Track((0, 1, 3), _EARLY_EVENING),
    Track((0, 2, 3), _EVENING),
)
"""09:00 and 13:00 on Mon/Wed/Fri or Tue/Wed/Thu, 17:30 on Mon/Tue/Thu, 18:00 on Mon/Wed/Thu."""

Counts = tuple[int, ...]


def fitting(commitments: Commitments) -> frozenset[int]:
    """Name the tracks whose every meeting the person can attend."""
    return frozenset(
        number
        for number, track in enumerate(TRACKS)
        if all(is_free(commitments, day, track.slot, LONG) for day in track.days)
    )


def most_served(people: Iterable[frozenset[int]]) -> int:
    """Count the most people any choice of parallel groups can serve, given the tracks each fits.

    Exact, as a maximum flow that equals its minimum cut (König): whichever tracks are cut, their seats
    are paid, and so is everybody who fits another one. Groups of the smallest size can all be filled if a flow fills
    them, and some largest flow then still does (a matched set stays coverable in a maximum matching).
    """
    crowd = list(people)
    cuts = [
        (cut, sum(not fits.issubset(cut) for fits in crowd))
        for cut in (frozenset(_chosen(bits)) for bits in product((False, True), repeat=len(TRACKS)))
    ]

    def flow(seats: Sequence[int]) -> int:
        return min(sum(seats[track] for track in cut) + others for cut, others in cuts)

    best = 0
    for groups in group_counts():
        smallest = [SMALLEST if count else 0 for count in groups]
        if flow(smallest) == sum(smallest):
            best = max(best, flow([LARGEST * count for count in groups]))
    return best


def _chosen(bits: Sequence[bool]) -> Iterator[int]:
    return (number for number, is_chosen in enumerate(bits) if is_chosen)


@cache
def group_counts() -> tuple[Counts, ...]:
    """List how many parallel groups each track may have, so that no instant has more than there are rooms for."""
    instants = {(day, track.slot) for track in TRACKS for day in track.days}
    meeting = [
        [number for number, track in enumerate(TRACKS) if day in track.days and track.slot <= slot < track.slot + LONG]
        for day, slot in instants
    ]
    return tuple(
        counts
        for counts in product(range(AT_ONCE + 1), repeat=len(TRACKS))
        if all(sum(counts[number] for number in together) <= AT_ONCE for together in meeting)
    )
