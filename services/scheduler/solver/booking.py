"""Decided weeks booked: a timetable that breaks no rule, of as many of them as go together."""

from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from services.scheduler.solver.board import Board
from services.scheduler.solver.instance import ON_SITE, Id, Instance, TherapyGroup, Timetable
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.placement import place_visits
from services.scheduler.solver.planned_weeks import Week
from services.scheduler.solver.statics import Statics


class Staffed(NamedTuple):
    """Who leads, and who helps, in each meeting; meetings and practitioners by their numbers."""

    leads: dict[int, int]
    helpers: dict[int, int]


def booked(
    instance: Instance, offers: Offers, statics: Statics, staffed: Staffed, weeks: Collection[Week]
) -> Timetable:
    """Book what was decided as far as it goes; what a meeting or a visit then lacks is found anew.

    Where a lost visit leaves somebody waiting too long between two meetings, one of them is given up.
    """
    given_up: set[_Seat] = set()
    while True:
        booking = _Booking(instance, offers, frozenset(given_up))
        booking.book_meetings(staffed, weeks)
        booking.book_visits(weeks)
        place_visits(instance, statics, booking.board)
        seats = booking.waited_for(weeks)
        if not seats:
            return booking.board.timetable()
        given_up |= seats


class _Seat(NamedTuple):
    patient: int
    meeting: int


class _Booking:
    def __init__(self, instance: Instance, offers: Offers, given_up: frozenset[_Seat]) -> None:
        self._instance = instance
        self._offers = offers
        self._given_up = given_up
        self.board = Board(instance)

    def book_meetings(self, staffed: Staffed, weeks: Collection[Week]) -> None:
        members: dict[int, list[int]] = defaultdict(list)
        for week in weeks:
            for meeting in week.meetings:
                if _Seat(week.patient, meeting) not in self._given_up:
                    members[meeting].append(week.patient)
        # Taken as they begin, meetings find a room wherever there are as many rooms as meetings; the largest first.
        for meeting in sorted(staffed.leads, key=lambda meeting: (*self._start(meeting), -len(members[meeting]))):
            group = self._group(meeting, staffed.leads[meeting], staffed.helpers.get(meeting), members[meeting])
            if group is not None:
                self.board.book_group(group)

    def book_visits(self, weeks: Collection[Week]) -> None:
        for week in weeks:
            for visit in week.visits:
                if self.board.has_place_for(visit):
                    self.board.book_visit(visit)

    def waited_for(self, weeks: Collection[Week]) -> set[_Seat]:
        """Return the last seat of each patient's day that has too much waiting in it."""
        limits = self._instance.limits
        seats = {}
        for week in weeks:
            for meeting in sorted(week.meetings, key=self._start):
                seat = _Seat(week.patient, meeting)
                today = self.board.days[week.patient].get(self._offers.items[meeting].day)
                is_long = today is not None and today.waiting(limits.gap_slots) > limits.idle_slots
                if is_long and seat not in self._given_up:
                    seats[week.patient, self._offers.items[meeting].day] = seat
        return set(seats.values())

    def _start(self, meeting: int) -> tuple[int, int]:
        offer = self._offers.items[meeting]
        return offer.day, offer.slot

    def _group(self, meeting: int, lead: int, helper: int | None, members: list[int]) -> TherapyGroup | None:
        instance, board, offer = self._instance, self.board, self._offers.items[meeting]
        kind, staff = instance.kinds[offer.kind], instance.practitioners
        together = self._without_enemies([instance.patients[number].id for number in members])
        if helper is not None and not board.may_work(helper, offer.day, offer.slot, kind.slots):
            helper = None
        together = together[: kind.size.maximum if helper is not None else kind.size.co_facilitator_above]
        if offer.modality == ON_SITE:
            together = together[: board.largest_room(offer.day, offer.slot, kind.slots)]
        if len(together) < kind.size.minimum or not board.may_work(lead, offer.day, offer.slot, kind.slots):
            return None
        return TherapyGroup(
            kind=offer.kind,
            day=offer.day,
            slot=offer.slot,
            modality=offer.modality,
            track=offer.track,
            language=offer.language,
            lead=staff[lead].id,
            co=staff[helper].id if helper is not None and len(together) > kind.size.co_facilitator_above else None,
            room=board.room(offer.day, offer.slot, kind.slots, len(together)) if offer.modality == ON_SITE else None,
            members=tuple(together),
        )

    def _without_enemies(self, members: list[Id]) -> list[Id]:
        together: list[Id] = []
        for member in members:
            if not any(member in pair and set(pair) & set(together) for pair in self._instance.no_contact):
                together.append(member)
        return together
