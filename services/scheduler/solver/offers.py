"""Every group meeting that could take place: enough people who can come, someone to lead it."""

from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.grid import Grid, Mask
from services.scheduler.solver.instance import (
    DAYS,
    MODALITIES,
    ON_SITE,
    PROCESS_GROUP,
    SLOTS_A_DAY,
    GroupKind,
    Instance,
    TherapyGroup,
)


class Offer(NamedTuple):
    """A group meeting that could be opened; indices point into the instance's tuples."""

    kind: str
    track: str | None
    language: str
    modality: str
    day: int
    slot: int


@dataclass(frozen=True, slots=True)
class Offers:
    """All offers with who could come to, lead and assist each.

    `eligible` is [offer, patient], `leaders` and `assistants` [offer, practitioner]. `number` finds
    an offer by [kind, track, language, modality, day, slot], -1 where there is none; track 0
    stands for no track.
    """

    items: tuple[Offer, ...]
    index: dict[Offer, int]
    slots: npt.NDArray[np.int64]
    eligible: Mask
    leaders: Mask
    assistants: Mask
    number: npt.NDArray[np.int64]


class _Family(NamedTuple):
    kind: GroupKind
    track: str | None
    language: str
    modality: str


def enumerate_offers(instance: Instance, grid: Grid) -> Offers:
    """List the offers that at least the minimum of patients and one leader could attend."""
    builder = _Builder(instance, grid)
    shape = (
        len(instance.kinds),
        len(instance.tracks) + 1,
        len(instance.languages),
        len(MODALITIES),
        DAYS,
        SLOTS_A_DAY,
    )
    number = np.full(shape, -1, np.int64)
    items: list[Offer] = []
    eligible, leaders, assistants = [], [], []
    for family in builder.families():
        people, lead, assist = builder.masks(family)
        enough = people.sum(axis=0) >= builder.least(family)
        for day, slot in np.argwhere(enough & lead.any(axis=0)).tolist():
            number[(*builder.place(family), day, slot)] = len(items)
            items.append(_offer(family, day, slot))
            eligible.append(people[:, day, slot])
            leaders.append(lead[:, day, slot])
            assistants.append(assist[:, day, slot])
    rows = len(items)
    return Offers(
        items=tuple(items),
        index={offer: position for position, offer in enumerate(items)},
        slots=np.array([instance.kinds[offer.kind].slots for offer in items], np.int64),
        eligible=np.array(eligible, np.bool_).reshape(rows, len(instance.patients)),
        leaders=np.array(leaders, np.bool_).reshape(rows, len(instance.practitioners)),
        assistants=np.array(assistants, np.bool_).reshape(rows, len(instance.practitioners)),
        number=number,
    )


def _offer(family: _Family, day: int, slot: int) -> Offer:
    return Offer(family.kind.code, family.track, family.language, family.modality, day, slot)


class _Builder:
    def __init__(self, instance: Instance, grid: Grid) -> None:
        self._instance = instance
        self._grid = grid
        self._kinds = list(instance.kinds)
        self._begun = instance.begun().groups
        self._people = {patient.id: number for number, patient in enumerate(instance.patients)}
        self._staff = {person.id: number for number, person in enumerate(instance.practitioners)}
        step = instance.limits.group_start_step
        self._on_grid = np.arange(SLOTS_A_DAY) % step == 0
        self._has_room = any(
            room.capacity >= kind.size.minimum for room in instance.rooms for kind in instance.kinds.values()
        )

    def families(self) -> list[_Family]:
        instance = self._instance
        return [
            _Family(kind, track, language, modality)
            for kind in instance.kinds.values()
            for track, language, modality in product(
                instance.tracks if kind.service == PROCESS_GROUP else (None,),
                instance.languages,
                MODALITIES,
            )
            if modality != ON_SITE or self._has_room
        ]

    def place(self, family: _Family) -> tuple[int, int, int, int]:
        tracks = self._instance.tracks
        return (
            self._kinds.index(family.kind.code),
            0 if family.track is None else tracks.index(family.track) + 1,
            self._instance.languages.index(family.language),
            MODALITIES.index(family.modality),
        )

    def masks(self, family: _Family) -> tuple[Mask, Mask, Mask]:
        """People [patient, day, slot], leaders and assistants [practitioner, day, slot]."""
        kind, instance = family.kind, self._instance
        modality = MODALITIES.index(family.modality)
        joins = np.array(
            [
                patient.needs.get(kind.service, 0) >= kind.slots
                and family.language in patient.languages
                and (family.track is None or patient.track == family.track)
                for patient in instance.patients
            ],
            np.bool_,
        )
        speaks = [family.language in person.languages for person in instance.practitioners]
        leads = [kind.service in person.leads for person in instance.practitioners]
        assists = [person.co_facilitates for person in instance.practitioners]
        people = self._grid.patients(kind.slots)[:, modality] & joins[:, None, None] & self._on_grid
        people.reshape(len(people), DAYS * SLOTS_A_DAY)[:, : instance.begins] = False
        duty = self._grid.staff(kind.slots) & np.array(speaks, np.bool_)[:, None, None]
        lead = duty & np.array(leads, np.bool_)[:, None, None] & self._on_grid
        assist = duty & np.array(assists, np.bool_)[:, None, None]
        for group in self._begun_of(family):
            people[[self._people[member] for member in group.members], group.day, group.slot] = True
            lead[self._staff[group.lead], group.day, group.slot] = True
            if group.co is not None:
                assist[self._staff[group.co], group.day, group.slot] = True
        return people, lead, assist

    def least(self, family: _Family) -> npt.NDArray[np.int64]:
        """Fewest who could come: [day, slot]; what has begun takes place with whoever came."""
        least = np.full((DAYS, SLOTS_A_DAY), family.kind.size.minimum, np.int64)
        least.reshape(-1)[: self._instance.begins] = len(self._instance.patients) + 1
        for group in self._begun_of(family):
            least[group.day, group.slot] = 0
        return least

    def _begun_of(self, family: _Family) -> list[TherapyGroup]:
        mine = (family.kind.code, family.track, family.language, family.modality)
        return [group for group in self._begun if (group.kind, group.track, group.language, group.modality) == mine]
