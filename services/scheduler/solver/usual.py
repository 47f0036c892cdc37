"""Whose seat in a series of meetings is known under which lead."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.scheduler.solver.instance import Instance
from services.scheduler.solver.offers import Offers

Numbers = npt.NDArray[np.int64]


class Known(NamedTuple):
    """Patients who have their seat in an offer every week, and who leads it for each of them, by their numbers."""

    patients: Numbers
    leads: Numbers


def usual_members(instance: Instance, offers: Offers) -> dict[int, Known]:
    """Return who of those who can come has a usual seat in which offer."""
    patients = {patient.id: number for number, patient in enumerate(instance.patients)}
    staff = {person.id: number for number, person in enumerate(instance.practitioners)}
    series: dict[tuple[object, ...], list[tuple[int, int]]] = {}
    for seat in instance.usual_seats():
        if seat.lead is not None:
            # Whoever has left is nobody's number, and so everybody else is a stranger.
            known = patients[seat.patient], staff.get(seat.lead, -1)
            series.setdefault((seat.what, seat.day, seat.slot, seat.track, seat.language), []).append(known)
    if not series:
        return {}
    found: dict[int, Known] = {}
    for number, offer in enumerate(offers.items):
        members = series.get((offer.kind, offer.day, offer.slot, offer.track, offer.language), ())
        able = sorted(one for one in members if offers.eligible[number, one[0]])
        if able:
            found[number] = Known(*np.array(able, np.int64).T)
    return found
