"""What is possible when, as arrays over (patient or practitioner, modality, day, slot)."""

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.instance import (
    DAYS,
    MODALITIES,
    ON_SITE,
    SLOTS_A_DAY,
    Id,
    Instance,
    Interval,
    Patient,
    TherapyGroup,
    Visit,
)

Mask = npt.NDArray[np.bool_]


def starts(intervals: Iterable[Interval], slots: int) -> Mask:
    """Mark where a session of this length may start to lie inside one interval: [day, slot]."""
    mask = np.zeros((DAYS, SLOTS_A_DAY), np.bool_)
    for day, start, end in intervals:
        mask[day, start : max(start, end - slots + 1)] = True
    return mask


def clear_starts(intervals: Iterable[Interval], slots: int, margin: int) -> Mask:
    """Mark where a session of this length stays clear of the intervals and their margins."""
    mask = np.zeros((DAYS, SLOTS_A_DAY), np.bool_)
    mask[:, : SLOTS_A_DAY - slots + 1] = True
    for day, start, end in intervals:
        mask[day, max(0, start - margin - slots + 1) : end + margin] = False
    return mask


class Grid:
    """Start masks of everybody, computed once for each length."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._patients: dict[int, Mask] = {}
        self._staff: dict[int, Mask] = {}
        self._begun = self._find_begun() if instance.begins else {}

    def patients(self, slots: int) -> Mask:
        """Where each patient may start a session: [patient, modality, day, slot]."""
        if slots not in self._patients:
            opening = starts(self._instance.site_open, slots)
            people = [self._patient(patient, slots, opening) for patient in self._instance.patients]
            shape = (len(people), len(MODALITIES), DAYS, SLOTS_A_DAY)
            self._patients[slots] = np.array(people, np.bool_).reshape(shape)
        return self._patients[slots]

    def _patient(self, patient: Patient, slots: int, opening: Mask) -> Mask:
        masks = np.zeros((len(MODALITIES), DAYS, SLOTS_A_DAY), np.bool_)
        for index, modality in enumerate(MODALITIES):
            if modality in patient.modalities:
                on_site = modality == ON_SITE
                margin = patient.travel_slots if on_site else 0
                clear = clear_starts(patient.commitments, slots, margin)
                masks[index] = clear & opening if on_site else clear
        masks.reshape(len(MODALITIES), -1)[:, : self._instance.begins] = False
        return masks | self.begun(patient, slots)

    def begun(self, patient: Patient, slots: int, service: str | None = None) -> Mask:
        """Mark where sessions of this length that are fixed have begun: [modality, day, slot]."""
        mask = np.zeros((len(MODALITIES), DAYS, SLOTS_A_DAY), np.bool_)
        for session, code, length in self._begun.get(patient.id, ()):
            if length == slots and service in (None, code):
                mask[MODALITIES.index(session.modality), session.day, session.slot] = True
        return mask

    def _find_begun(self) -> dict[Id, list[tuple[TherapyGroup | Visit, str, int]]]:
        instance, found = self._instance, defaultdict[Id, list[tuple[TherapyGroup | Visit, str, int]]](list)
        people, begun = {patient.id: patient for patient in instance.patients}, instance.begun()
        for group in begun.groups:
            kind = instance.kinds[group.kind]
            for member in group.members:
                found[member].append((group, kind.service, kind.slots))
        for visit in begun.visits:
            slots = instance.visit_slots(people[visit.patient], visit.service)
            found[visit.patient].append((visit, visit.service, slots))
        return found

    def staff(self, slots: int) -> Mask:
        """Where each practitioner may start a session: [practitioner, day, slot]."""
        if slots not in self._staff:
            masks = [
                starts(practitioner.shifts, slots) & clear_starts(practitioner.breaks, slots, 0)
                for practitioner in self._instance.practitioners
            ]
            shape = (len(masks), DAYS, SLOTS_A_DAY)
            self._staff[slots] = np.array(masks, np.bool_).reshape(shape)
        return self._staff[slots]

    def family(self, patient: Patient, slots: int) -> Mask:
        """Where the patient's family may start a session: [day, slot].

        Availability that continues from one interval into the next counts as one.
        """
        covered = np.zeros((DAYS, SLOTS_A_DAY), np.bool_)
        for day, start, end in patient.family_available or ():
            covered[day, start:end] = True
        return pool_starts(covered.astype(np.int64).ravel(), slots)


def pool_starts(pool: npt.NDArray[np.integer] | Mask, slots: int) -> Mask:
    """Mark where every slot of a session has somebody on duty: [day, slot]."""
    duty = (pool.reshape(DAYS, SLOTS_A_DAY) > 0).astype(np.int64)
    mask = np.zeros((DAYS, SLOTS_A_DAY), np.bool_)
    if 0 < slots <= SLOTS_A_DAY:
        windows = np.lib.stride_tricks.sliding_window_view(duty, slots, axis=1)
        mask[:, : SLOTS_A_DAY - slots + 1] = windows.all(axis=2)
    return mask
