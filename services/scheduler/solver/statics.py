"""What each session costs a patient before prices, and where it is possible at all."""

from collections import defaultdict

import numpy as np

from services.scheduler.solver.batches import Batch, Option
from services.scheduler.solver.days import Costs
from services.scheduler.solver.grid import Grid, Mask, pool_starts
from services.scheduler.solver.instance import (
    AFTERNOON,
    DAYS,
    EVENING,
    FAMILY,
    FIRST_WEEKEND_DAY,
    INDIVIDUAL,
    MEDICATION,
    MODALITIES,
    NURSE_VISIT,
    ON_SITE,
    SLOTS_A_DAY,
    Id,
    Instance,
    Patient,
)


class Statics:
    """Builds the arrays a week planner starts from."""

    def __init__(self, instance: Instance, grid: Grid) -> None:
        self._instance = instance
        self._grid = grid
        self._staff = {person.id: n for n, person in enumerate(instance.practitioners)}
        self._published = instance.published_keys()
        self._usual: dict[tuple[Id, str], set[tuple[int, int]]] = defaultdict(set)
        for seat in instance.usual_seats():
            self._usual[seat.patient, seat.what].add((seat.day, seat.slot))

    def costs(self, batch: Batch, dtype: type[np.floating] = np.float64) -> Costs:
        """Cost of each session: [patient of the batch, option, modality, day, slot].

        Continuity is not in it: it depends on who holds the visit, and so on prices.
        """
        shape = (len(batch.patients), len(batch.options), len(MODALITIES), DAYS, SLOTS_A_DAY)
        costs = np.full(shape, np.inf, dtype)
        for row, index in enumerate(batch.patients):
            patient = self._instance.patients[index]
            liking = self.preference(patient)
            for column, option in enumerate(batch.options):
                possible = self.possible(index, option)
                cost = liking + self._keeping(patient, option)
                costs[row, column] = np.where(possible, cost, np.inf)
        return costs

    def preference(self, patient: Patient) -> Costs:
        """What a start costs the patient: [day, slot]."""
        likes, cost = patient.preference, np.zeros((DAYS, SLOTS_A_DAY))
        cost[:, :AFTERNOON] = likes.morning
        cost[:, AFTERNOON:EVENING] = likes.afternoon
        cost[:, EVENING:] = likes.evening
        cost[FIRST_WEEKEND_DAY:] = likes.weekend
        priced: Costs = cost * self._instance.weights.preference
        return priced

    def _keeping(self, patient: Patient, option: Option) -> Costs:
        """Refund a change where a published session is kept, or the hour of a usual one: [day, slot].

        Whoever leads the usual meeting, and in which language, is not asked: a refund too many keeps the bound valid.
        """
        refund, weights = np.zeros((DAYS, SLOTS_A_DAY)), self._instance.weights
        for key in self._published:
            if key.patient == patient.id and key.service == option.service:
                refund[key.day, key.slot] = -weights.changes
        what = option.service if option.kind is None else option.kind
        for day, slot in self._usual.get((patient.id, what), ()):
            refund[day, slot] -= weights.moved
        return refund

    def possible(self, index: int, option: Option) -> Mask:
        """Where the patient may start the session: [modality, day, slot]."""
        instance, patient = self._instance, self._instance.patients[index]
        mask: Mask = self._grid.patients(option.slots)[index].copy()
        if option.kind is not None:
            mask &= np.arange(SLOTS_A_DAY) % instance.limits.group_start_step == 0
            return mask
        match option.service:
            case service if service == INDIVIDUAL:
                mask &= self.staffed(patient.team, option).any(axis=0)
                mask[MODALITIES.index(ON_SITE)] &= instance.offices > 0
            case service if service == FAMILY:
                everybody = tuple(person.id for person in instance.practitioners)
                mask &= self.staffed(everybody, option).any(axis=0)
                mask &= self._grid.family(patient, option.slots)
                mask[MODALITIES.index(ON_SITE)] &= instance.family_rooms > 0
            case service if service == MEDICATION:
                mask &= pool_starts(np.array(instance.medication_pool), option.slots)
            case service if service == NURSE_VISIT:
                mask &= pool_starts(np.array(instance.nurse_pool), option.slots)
                mask[[n for n, code in enumerate(MODALITIES) if code != ON_SITE]] = False
        return mask | self._grid.begun(patient, option.slots, option.service)

    def staffed(self, team: tuple[int | str, ...], option: Option) -> Mask:
        """Where each of these practitioners may start the session: [member, day, slot]."""
        masks = np.zeros((len(team), DAYS, SLOTS_A_DAY), np.bool_)
        for row, member in enumerate(team):
            number = self._staff[member]
            if option.service in self._instance.practitioners[number].individual:
                masks[row] = self._grid.staff(option.slots)[number]
        return masks

    def team(self, index: int, option: Option) -> list[tuple[int, Mask, int]]:
        """Who could hold the visit: position in the instance, starts, and cost of continuity."""
        patient, weights = self._instance.patients[index], self._instance.weights
        everybody = tuple(person.id for person in self._instance.practitioners)
        team = patient.team if option.service == INDIVIDUAL else everybody
        found = []
        for member, mask in zip(team, self.staffed(team, option), strict=True):
            if mask.any():
                is_other = patient.primary is not None and member != patient.primary
                is_change = is_other and option.service == INDIVIDUAL
                found.append((self._staff[member], mask, weights.continuity if is_change else 0))
        return found
