"""What the kernels know of an instance: arrays by patient, and tables shared by patients who need the same.

A **pattern** is a set of sessions that fits a day: at most one of each service, not longer than a day may be. Its
number is a row of `patterns`; 0 is the empty day. A **level** is how much of each service a part of the week has
delivered, in mixed radix.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.batches import Batch, Option, batches
from services.scheduler.solver.grid import Mask
from services.scheduler.solver.instance import (
    DAYS,
    MODALITIES,
    NURSE_VISIT,
    PROCESS_GROUP,
    SLOTS_A_DAY,
    STAFFED_SERVICES,
    Instance,
)
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.prices import POOLS, Array
from services.scheduler.solver.ragged import Ints, padded, padded_tables
from services.scheduler.solver.statics import Statics

Numbers = npt.NDArray[np.int32]

EVERYBODY: Final = 1 << 30
# Columns of a way to deliver a service: slots, what it is, and the pool it takes a place of.
SLOTS, NATURE, POOL = range(3)
MEETING, STAFFED_VISIT, POOL_VISIT = range(3)
# Columns of a pattern: levels it adds, the same in the bits of `level_bits`, whether a nurse is seen.
STEP, BITS, NURSE = range(3)
# Columns of a practitioner who could hold a visit: who, what it costs in continuity, slots.
WHO, EXTRA, LENGTH = range(3)


class Shapes(NamedTuple):
    """The arrays; costs are in units of the objective, infinite where something is impossible."""

    is_free: Mask  # [patient] whose weeks are planned; others have none and cost nothing
    kind: Ints  # [patient] the row of the tables that is the patient's
    static: Array  # [patient, option, modality, day, slot]
    numbers: Numbers  # [patient, option, language, modality, day, slot] the offer, or -1
    team_first: Ints  # [patient, option] the first row of `team`, and [.., option + 1] the end
    team: Ints  # [row, column]
    team_starts: Mask  # [row, day, slot]
    options: Ints  # [kind, option, column]
    option_count: Ints  # [kind]
    pattern_count: Ints  # [kind]
    patterns: Ints  # [kind, pattern, column]
    pairs_first: Ints  # [kind, option] the first row of `pairs`, and the end
    pairs: Ints  # [kind, row, (pattern before, pattern after)]
    level_count: Ints  # [kind]
    level_bits: Ints  # [kind, level] one field a service; one step too far sets its guard
    guard: Ints  # [kind]
    unmet: Array  # [patient, level] what is still to pay; infinite where more than needed was delivered
    trips: Array  # [modality]
    idle: Array  # [1] a slot of waiting
    longest_wait: Ints  # [1] slots
    gap: Ints  # [1] slots between sessions


@dataclass(slots=True)
class _Kind:
    """The tables of patients who need the same, and may be treated as long in a day."""

    options: list[tuple[int, int, int]]
    patterns: list[tuple[int, int, int]]
    pairs: list[tuple[int, int]]
    pairs_first: list[int]
    level_bits: list[int]
    guard: int


def shapes_of(instance: Instance, offers: Offers, statics: Statics) -> Shapes:
    """Lay an instance out for the kernels."""
    return _Layout(instance, offers, statics).shapes()


class _Layout:
    def __init__(self, instance: Instance, offers: Offers, statics: Statics) -> None:
        self._instance = instance
        self._offers = offers
        self._statics = statics
        self._kinds: list[_Kind] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self._team: list[tuple[int, int, int]] = []
        self._team_starts: list[Mask] = []

    def shapes(self) -> Shapes:
        instance = self._instance
        people = len(instance.patients)
        groups = batches(instance, size=EVERYBODY)
        most = max((len(batch.options) for batch in groups), default=0)
        axes = (len(MODALITIES), DAYS, SLOTS_A_DAY)
        static = np.full((people, most, *axes), np.inf)
        numbers = np.full((people, most, len(instance.languages), *axes), -1, np.int32)
        team_first = np.zeros((people, most + 1), np.int64)
        kind = np.zeros(people, np.int64)
        unmet: list[Array] = [np.zeros(0)] * people
        for batch in groups:
            static[list(batch.patients), : len(batch.options)] = self._statics.costs(batch)
            for patient in batch.patients:
                kind[patient] = self._kind(batch, instance.max_slots_day(instance.patients[patient]))
                unmet[patient] = self._unmet(batch, patient)
                for column, option in enumerate(batch.options):
                    team_first[patient, column] = len(self._team)
                    self._who(patient, option)
                    if option.kind is not None:
                        numbers[patient, column] = self._meetings(patient, option)
                team_first[patient, len(batch.options) :] = len(self._team)
        weights = instance.weights
        return Shapes(
            is_free=np.ones(people, np.bool_),
            kind=kind,
            static=static,
            numbers=numbers,
            team_first=team_first,
            team=np.array(self._team, np.int64).reshape(-1, 3),
            team_starts=np.array(self._team_starts, np.bool_).reshape(-1, DAYS, SLOTS_A_DAY),
            unmet=padded(unmet, np.inf),
            trips=np.array([weights.trip_on_site, weights.trip_telehealth], np.float64),
            idle=np.array([weights.idle], np.float64),
            longest_wait=np.array([instance.limits.idle_slots], np.int64),
            gap=np.array([instance.limits.gap_slots], np.int64),
            **self._tables(),
        )

    def _tables(self) -> dict[str, Ints]:
        kinds = self._kinds
        return {
            "options": padded_tables([kind.options for kind in kinds], 3),
            "option_count": np.array([len(kind.options) for kind in kinds], np.int64),
            "pattern_count": np.array([len(kind.patterns) for kind in kinds], np.int64),
            "patterns": padded_tables([kind.patterns for kind in kinds], 3),
            "pairs_first": padded([np.array(kind.pairs_first) for kind in kinds], 0).astype(np.int64),
            "pairs": padded_tables([kind.pairs for kind in kinds], 2),
            "level_count": np.array([len(kind.level_bits) for kind in kinds], np.int64),
            "level_bits": padded([np.array(kind.level_bits) for kind in kinds], 0).astype(np.int64),
            "guard": np.array([kind.guard for kind in kinds], np.int64),
        }

    def _kind(self, batch: Batch, longest_day: int) -> int:
        key = (batch.options, batch.services, longest_day)
        if key not in self._numbers:
            self._numbers[key] = len(self._kinds)
            self._kinds.append(_kind(batch, longest_day, self._instance.limits.nurse_days_apart))
        return self._numbers[key]

    def _unmet(self, batch: Batch, patient: int) -> Array:
        needs, price = self._instance.patients[patient].needs, self._instance.weights.unmet
        planned = {service.code for service in batch.services}
        base = sum(need for code, need in needs.items() if code not in planned)
        costs = []
        for levels in product(*(range(service.levels) for service in batch.services)):
            left = [needs[s.code] - s.unit * level for s, level in zip(batch.services, levels, strict=True)]
            costs.append(price * (base + sum(left)) if min(left, default=0) >= 0 else np.inf)
        return np.array(costs, np.float64)

    def _who(self, patient: int, option: Option) -> None:
        if option.service in STAFFED_SERVICES:
            for who, starts, extra in self._statics.team(patient, option):
                self._team.append((who, extra, option.slots))
                self._team_starts.append(starts)

    def _meetings(self, index: int, option: Option) -> Numbers:
        """Find the offers the patient could join: [language, modality, day, slot]."""
        instance, patient = self._instance, self._instance.patients[index]
        kind = list(instance.kinds).index(str(option.kind))
        track = instance.tracks.index(patient.track) + 1 if option.service == PROCESS_GROUP else 0
        found = self._offers.number[kind, track].astype(np.int32)
        found[[language not in patient.languages for language in instance.languages]] = -1
        return found


def _kind(batch: Batch, longest_day: int, nurse_days_apart: int) -> _Kind:
    services = batch.services
    widths = [service.levels.bit_length() + 1 for service in services]
    offsets = [sum(widths[:axis]) for axis in range(len(services))]
    strides = [int(np.prod([s.levels for s in services[axis + 1 :]])) for axis in range(len(services))]
    patterns: dict[tuple[int, ...], tuple[int, int, int]] = {}
    for pattern in batch.patterns():
        if sum(option.slots for option in batch.chosen(pattern) if option) > longest_day:
            continue
        steps = batch.steps(pattern)
        nursed = nurse_days_apart > 1 and any(o is not None and o.service == NURSE_VISIT for o in batch.chosen(pattern))
        patterns[pattern] = (
            sum(step * stride for step, stride in zip(steps, strides, strict=True)),
            sum(step << offset for step, offset in zip(steps, offsets, strict=True)),
            int(nursed),
        )
    numbers = {pattern: number for number, pattern in enumerate(patterns)}
    pairs: list[tuple[int, int]] = []
    first = [0]
    for option in range(len(batch.options)):
        # A day that is short enough stays so without one of its sessions.
        pairs += [(numbers[one], numbers[other]) for one, other in _pairs(batch, option) if other in numbers]
        first.append(len(pairs))
    return _Kind(
        options=[_option(option) for option in batch.options],
        patterns=list(patterns.values()),
        pairs=pairs,
        pairs_first=first,
        level_bits=[
            # Counted from below a power of two, so that the first level that does not exist sets the highest bit.
            sum(
                (level + (1 << (width - 1)) - service.levels) << offset
                for level, service, width, offset in zip(levels, services, widths, offsets, strict=True)
            )
            for levels in product(*(range(service.levels) for service in services))
        ],
        guard=sum(1 << (offset + width - 1) for offset, width in zip(offsets, widths, strict=True)),
    )


def _option(option: Option) -> tuple[int, int, int]:
    if option.kind is not None:
        return option.slots, MEETING, -1
    nature = STAFFED_VISIT if option.service in STAFFED_SERVICES else POOL_VISIT
    return option.slots, nature, POOLS.index(option.service)


def _pairs(batch: Batch, option: int) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Yield each day without the option's service, and the same day with the option."""
    axis = next(n for n, service in enumerate(batch.services) if option in service.options)
    choice = batch.services[axis].options.index(option) + 1
    for pattern in batch.patterns():
        if pattern[axis] == 0:
            yield pattern, (*pattern[:axis], choice, *pattern[axis + 1 :])
