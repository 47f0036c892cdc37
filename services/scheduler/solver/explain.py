"""Why a need is unmet, in the fewest facts that make it so."""

from collections import Counter, defaultdict
from collections.abc import Iterator

import numpy as np

from services.scheduler.solver.batches import Option
from services.scheduler.solver.board import Board
from services.scheduler.solver.grid import Grid, Mask
from services.scheduler.solver.instance import (
    FAMILY,
    INDIVIDUAL_SERVICES,
    MODALITIES,
    PROCESS_GROUP,
    SLOT_MINUTES,
    STAFFED_SERVICES,
    Id,
    Instance,
    Timetable,
)
from services.scheduler.solver.offers import Offers
from services.scheduler.solver.outcome import Reason, UnmetNeed
from services.scheduler.solver.statics import Statics

MINUTES_AN_HOUR = 60


def explain(instance: Instance, offers: Offers, statics: Statics, timetable: Timetable) -> tuple[UnmetNeed, ...]:
    """Name every unmet need with its reasons."""
    return tuple(_Explanation(instance, offers, statics, timetable).needs())


class _Explanation:
    def __init__(self, instance: Instance, offers: Offers, statics: Statics, timetable: Timetable) -> None:
        self._instance = instance
        self._offers = offers
        self._statics = statics
        self._timetable = timetable
        self._grid = Grid(instance)
        self._board = Board.of(instance, timetable)
        self._delivered: dict[Id, Counter[str]] = defaultdict(Counter)
        patients = {patient.id: patient for patient in instance.patients}
        for group in timetable.groups:
            kind = instance.kinds[group.kind]
            for member in group.members:
                self._delivered[member][kind.service] += kind.slots
        for visit in timetable.visits:
            slots = instance.visit_slots(patients[visit.patient], visit.service)
            self._delivered[visit.patient][visit.service] += slots

    def needs(self) -> Iterator[UnmetNeed]:
        for number, patient in enumerate(self._instance.patients):
            for service, need in patient.needs.items():
                missing = need - self._delivered[patient.id][service]
                if missing > 0:
                    reason = self._reason(number, service)
                    yield UnmetNeed(patient.id, service, missing, (reason,))

    def _reason(self, number: int, service: str) -> Reason:
        if service in INDIVIDUAL_SERVICES:
            return self._visit(number, service)
        return self._group(number, service)

    def _visit(self, number: int, service: str) -> Reason:
        patient = self._instance.patients[number]
        option = Option(service, None, self._instance.visit_slots(patient, service))
        own = self._grid.patients(option.slots)[number]
        if not own.any():
            return self._no_free_interval(number, option.slots)
        if service == FAMILY and not (own & self._grid.family(patient, option.slots)).any():
            return Reason("family_unavailable", "the family and the patient have no hour in common")
        if not self._statics.possible(number, option).any():
            return self._nobody_there(number, option, own)
        return self._taken(number, option)

    def _nobody_there(self, number: int, option: Option, own: Mask) -> Reason:
        """The patient has time, but there is no one, or no place, at any of it."""
        if option.service not in STAFFED_SERVICES:
            return Reason("pool_closed", "nobody of the pool is on duty while the patient is free")
        team = self._statics.team(number, option)
        if not any((own & duty).any() for _, duty, _ in team):
            text = "nobody who may hold the session works while the patient is free"
            return Reason("no_practitioner_on_duty", text)
        return Reason("no_place", "the site has no room for it at any hour that would do")

    def _taken(self, number: int, option: Option) -> Reason:
        """The session is possible as such; say what else has taken its place."""
        mask = self._statics.possible(number, option)
        for index, modality in enumerate(MODALITIES):
            for day in np.flatnonzero(mask[index].any(axis=1)).tolist():
                fits = self._board.day_starts(number, day, option.slots, option.service, modality)
                mask[index, day] &= fits
        if not mask.any():
            return Reason("own_sessions", "the patient's other sessions leave no room for it")
        if option.service in STAFFED_SERVICES:
            free = [
                own & self._board.working_starts(person, option.slots)
                for person, own, _ in self._statics.team(number, option)
            ]
            if not (mask & np.array(free).any(axis=0)).any():
                text = "everybody who may hold the session is booked or at their hours' maximum"
                return Reason("staff_hours_exhausted", text)
        return Reason("no_place", "rooms or pool are taken at every hour that would do")

    def _group(self, number: int, service: str) -> Reason:
        kinds = [kind for kind in self._instance.kinds.values() if kind.service == service]
        if not kinds:
            return Reason("not_offered", "the site has no group of this service")
        shortest = min(kind.slots for kind in kinds)
        if not self._grid.patients(shortest)[number].any():
            return self._no_free_interval(number, shortest)
        mine = [
            row
            for row in np.flatnonzero(self._offers.eligible[:, number]).tolist()
            if self._instance.kinds[self._offers.items[row].kind].service == service
        ]
        if not mine:
            return self._nobody_else(number, service)
        return self._left_out(number, mine)

    def _nobody_else(self, number: int, service: str) -> Reason:
        patient = self._instance.patients[number]
        least = min(kind.size.minimum for kind in self._instance.kinds.values() if kind.service == service)
        whose = f" of track {patient.track}" if service == PROCESS_GROUP else ""
        text = f"no group{whose} the patient could attend has {least} available members and a leader"
        return Reason("too_few_members", text)

    def _left_out(self, number: int, rows: list[int]) -> Reason:
        """Groups would be possible; say whether time, seats, leaders or rooms are missing."""
        fitting = [row for row in rows if self._fits(number, row)]
        if not fitting:
            return Reason("own_sessions", "the patient's other sessions leave no room for it")
        led = [row for row in fitting if self._has_leader(row)]
        if not led:
            text = "everybody who may lead the group is booked or at their hours' maximum"
            return Reason("staff_hours_exhausted", text)
        return Reason(
            "no_group_worth_opening",
            "groups at these hours are full, and too few others need a further one",
        )

    def _fits(self, number: int, row: int) -> bool:
        offer = self._offers.items[row]
        kind = self._instance.kinds[offer.kind]
        starts: Mask = self._board.day_starts(number, offer.day, kind.slots, kind.service, offer.modality)
        return bool(starts[offer.slot])

    def _has_leader(self, row: int) -> bool:
        offer, slots = self._offers.items[row], int(self._offers.slots[row])
        return any(
            self._board.may_work(leader, offer.day, offer.slot, slots)
            for leader in np.flatnonzero(self._offers.leaders[row]).tolist()
        )

    def _no_free_interval(self, number: int, slots: int) -> Reason:
        free = self._grid.patients(1)[number].any(axis=0).sum()
        hours = f"{float(free) * SLOT_MINUTES / MINUTES_AN_HOUR:g}"
        length = f"{slots * SLOT_MINUTES / MINUTES_AN_HOUR:g}"
        if not free:
            return Reason("no_free_hour", "commitments and travel leave no free hour in the week")
        text = f"commitments and travel leave {hours} h in the week, but never {length} h together"
        return Reason("no_free_interval", text)
