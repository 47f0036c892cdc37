"""Frames: the sessions of one day whose times are settled, around which visits are fitted."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from services.scheduler.solver.instance import DAYS, MODALITIES
from services.scheduler.solver.interactive.frozen import Session
from services.scheduler.solver.interactive.options import Options, Seat


class Frame(NamedTuple):
    """One day in one modality with these seats, beside the patient's own sessions; empty of both, a day of visits."""

    day: int
    modality: str
    seats: tuple[Seat, ...]
    own: tuple[Session, ...]

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Start and end of each session, in order of time."""
        taken = [(seat.meeting.group.slot, seat.meeting.group.slot + seat.meeting.slots) for seat in self.seats]
        return sorted([*taken, *((session.slot, session.end) for session in self.own)])


class Frames:
    """Enumerates every frame of a patient's week that visits could still complete."""

    def __init__(self, options: Options) -> None:
        self._options = options
        instance = options.week.instance
        self._limits = instance.limits
        self._most = instance.max_slots_day(options.patient)
        lengths = {starts.service: starts.slots for starts in options.visits}
        self._fillable = sum(slots + self._limits.gap_slots for slots in lengths.values())
        self._own: dict[int, list[Session]] = defaultdict(list)
        for session in options.week.sessions.get(options.patient.id, ()):
            self._own[session.day].append(session)

    def all(self) -> list[Frame]:
        """List the frames, day by day."""
        return [
            frame for day in range(DAYS) for modality in self._modalities(day) for frame in self._frames(day, modality)
        ]

    def own(self, day: int) -> tuple[Session, ...]:
        """The patient's own sessions of a day."""
        return tuple(self._own.get(day, ()))

    def _modalities(self, day: int) -> Sequence[str]:
        own = self._own.get(day)
        return (own[0].modality,) if own else MODALITIES

    def _frames(self, day: int, modality: str) -> Iterator[Frame]:
        own = self.own(day)
        services = {session.service for session in own}
        by_service: dict[str, list[Seat]] = defaultdict(list)
        for seat in self._options.seats:
            group, service = seat.meeting.group, seat.meeting.kind.service
            if (group.day, group.modality) == (day, modality) and service not in services:
                by_service[service].append(seat)
        for seats in self._combinations(list(by_service.values())):
            frame = Frame(day, modality, seats, own)
            if self._is_possible(frame):
                yield frame

    def _combinations(self, choices: Sequence[list[Seat]]) -> Iterator[tuple[Seat, ...]]:
        if not choices:
            yield ()
            return
        for rest in self._combinations(choices[1:]):
            yield rest
            for seat in choices[0]:
                if all(self._are_apart(seat, other) for other in rest):
                    yield (seat, *rest)

    def _are_apart(self, one: Seat, other: Seat) -> bool:
        first, second = sorted((seat.meeting.group.slot, seat.meeting.slots) for seat in (one, other))
        return first[0] + first[1] + self._limits.gap_slots <= second[0]

    def _is_possible(self, frame: Frame) -> bool:
        spans = frame.spans
        if not spans:
            return bool(self._options.visits)
        gap, total = self._limits.gap_slots, sum(end - start for start, end in spans)
        waiting = spans[-1][1] - spans[0][0] - total - gap * (len(spans) - 1)
        return (
            (total <= self._most or not frame.seats)
            and waiting <= self._limits.idle_slots + self._fillable
            and all(before[1] + gap <= after[0] for before, after in pairwise(spans))
        )
