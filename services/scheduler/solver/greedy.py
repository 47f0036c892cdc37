"""A publishable week in under a second: the fullest group first, then everybody's visits."""

import numpy as np

from services.scheduler.solver.board import Board
from services.scheduler.solver.instance import (
    DAYS,
    FAMILY,
    INDIVIDUAL,
    MODALITIES,
    ON_SITE,
    Id,
    Instance,
    TherapyGroup,
    Timetable,
)
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.placement import place_visits
from services.scheduler.solver.statics import Statics


def greedy(instance: Instance, offers: Offers, statics: Statics) -> Timetable:
    """Build a week that breaks no rule; it starts from what is fixed."""
    board = Board(instance)
    for visit in instance.fixed.visits:
        board.book_visit(visit)
    groups = Groups(instance, offers, board)
    for group in instance.fixed.groups:
        groups.book(group)
    groups.open_all()
    place_visits(instance, statics, board)
    return board.timetable()


class Groups:
    """Opens the group that serves most need until none is left."""

    def __init__(self, instance: Instance, offers: Offers, board: Board) -> None:
        self._instance = instance
        self._offers = offers
        self._board = board
        self._can_come = offers.eligible.copy()
        self._can_lead = offers.leaders.copy()
        self._reserve = self._hours_for_visits()
        kinds = [instance.kinds[offer.kind] for offer in offers.items]
        self._minimum = np.array([kind.size.minimum for kind in kinds], np.int64)
        self._seats = np.array([min(kind.size.maximum, kind.size.co_facilitator_above) for kind in kinds], np.int64)
        self._service = np.array([kind.service for kind in kinds])
        self._start = np.array([offer.slot for offer in offers.items], np.int64)
        self._on_site = np.array([offer.modality == ON_SITE for offer in offers.items], np.bool_)
        day = np.array([offer.day for offer in offers.items], np.int64)
        self._by_day = [np.flatnonzero(day == number) for number in range(DAYS)]
        self._open = np.ones(len(offers.items), np.bool_)
        for number, today in enumerate(board.days):
            for busy_day in today:
                self._refresh(number, busy_day)

    def _hours_for_visits(self) -> dict[Id, int]:
        """Slots of counselling each practitioner is to keep, as if all see their primary."""
        hours = dict.fromkeys((person.id for person in self._instance.practitioners), 0)
        family = [person.id for person in self._instance.practitioners if FAMILY in person.individual]
        for number, patient in enumerate(self._instance.patients):
            if patient.primary is not None:
                hours[patient.primary] += patient.needs.get(INDIVIDUAL, 0)
            if family:
                hours[family[number % len(family)]] += patient.needs.get(FAMILY, 0)
        return hours

    def open_all(self) -> None:
        """Open the group that serves most, again and again."""
        counts = self._can_come.sum(axis=1)
        while counts.size:
            gain = np.minimum(counts, self._seats) * self._offers.slots
            gain[(counts < self._minimum) | ~self._open] = 0
            best = int(gain.argmax())
            if gain[best] <= 0:
                return
            group = self.compose(best)
            if group is None:
                self._open[best] = False
                continue
            self.book(group)
            counts = self._can_come.sum(axis=1)

    def compose(self, number: int) -> TherapyGroup | None:
        """Put a meeting together from who can still come; None where too few can, or nobody to lead it."""
        offer, slots = self._offers.items[number], int(self._offers.slots[number])
        members = self._members(number)
        lead = self._lead(number)
        if lead is None or len(members) < self._minimum[number]:
            return None
        room = None
        if offer.modality == ON_SITE:
            capacity = self._board.largest_room(offer.day, offer.slot, slots)
            members = members[:capacity]
            room = self._board.room(offer.day, offer.slot, slots, len(members))
            if room is None or len(members) < self._minimum[number]:
                return None
        return TherapyGroup(
            kind=offer.kind,
            day=offer.day,
            slot=offer.slot,
            modality=offer.modality,
            track=offer.track,
            language=offer.language,
            lead=lead,
            co=None,
            room=room,
            members=tuple(members),
        )

    def _members(self, number: int) -> list[Id]:
        """Those with the fewest other chances come first."""
        candidates = np.flatnonzero(self._can_come[number])
        chances = self._can_come[self._service == self._service[number]][:, candidates].sum(axis=0)
        members: list[Id] = []
        enemies = self._instance.no_contact
        for column in candidates[np.argsort(chances, kind="stable")].tolist():
            patient = self._instance.patients[column].id
            if any(patient in pair and set(pair) & set(members) for pair in enemies):
                continue
            members.append(patient)
        return members[: int(self._seats[number])]

    def _lead(self, number: int) -> Id | None:
        offer, slots = self._offers.items[number], int(self._offers.slots[number])
        free = [
            (self._spare(leader), leader)
            for leader in np.flatnonzero(self._can_lead[number]).tolist()
            if self._board.may_work(leader, offer.day, offer.slot, slots) and self._spare(leader) >= slots
        ]
        return self._instance.practitioners[max(free)[-1]].id if free else None

    def _spare(self, number: int) -> int:
        person = self._instance.practitioners[number]
        used = int(self._board.busy[number].sum())
        return person.max_slots_week - used - self._reserve[person.id]

    def book(self, group: TherapyGroup) -> None:
        """Take what the group takes, and note who can no longer come to which other."""
        self._board.book_group(group)
        slots = self._instance.kinds[group.kind].slots
        today = self._by_day[group.day]
        start, length = self._start[today], self._offers.slots[today]
        meets = today[(start < group.slot + slots) & (group.slot < start + length)]
        self._can_lead[meets, self._board.staff[group.lead]] = False
        self._open[meets] &= self._can_lead[meets].any(axis=1)
        for member in group.members:
            self._refresh(self._board.person[member], group.day)

    def _refresh(self, number: int, day: int) -> None:
        """Recompute which offers the patient can still join after a booking on this day."""
        left = self._board.left[number]
        for service, slots in {(kind.service, kind.slots) for kind in self._instance.kinds.values()}:
            if left.get(service, 0) < slots:
                gone = (self._service == service) & (self._offers.slots == slots)
                self._can_come[gone, number] = False
        offers = self._by_day[day]
        offers = offers[self._can_come[offers, number]]
        for service, slots, on_site in {
            (str(self._service[o]), int(self._offers.slots[o]), bool(self._on_site[o])) for o in offers.tolist()
        }:
            modality = MODALITIES[0] if on_site else MODALITIES[1]
            fits = self._board.day_starts(number, day, slots, service, modality)
            same = offers[
                (self._service[offers] == service)
                & (self._offers.slots[offers] == slots)
                & (self._on_site[offers] == on_site)
            ]
            self._can_come[same, number] = fits[self._start[same]]
