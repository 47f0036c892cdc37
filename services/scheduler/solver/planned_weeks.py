"""Weeks as the kernels plan them, read back as meetings and visits."""

from typing import NamedTuple

from services.scheduler.solver.batches import Option, batches
from services.scheduler.solver.duals.engine import CompiledWeeks
from services.scheduler.solver.duals.shapes import EVERYBODY, MEETING, NATURE, POOL_VISIT, SLOTS, STAFFED_VISIT
from services.scheduler.solver.duals.weeks import CHOSEN, MODALITY, OPTION, START
from services.scheduler.solver.instance import MODALITIES, SLOTS_A_DAY, Instance, Visit
from services.scheduler.solver.prices import Prices


class Week(NamedTuple):
    """One patient's week: offers to join by number, visits, and what it costs before prices, unmet slots included."""

    patient: int
    meetings: tuple[int, ...]
    visits: tuple[Visit, ...]
    cost: float


class WeekReader:
    """Reads what the last response of the kernels planned for each patient."""

    def __init__(self, instance: Instance, weeks: CompiledWeeks) -> None:
        self._instance = instance
        self._weeks = weeks
        self._options: dict[int, tuple[Option, ...]] = {
            patient: batch.options for batch in batches(instance, size=EVERYBODY) for patient in batch.patients
        }

    def week(self, patient: int, prices: Prices) -> Week | None:
        """Return a patient's week, as the response to these prices; None where it waits too long in a day.

        The kernels do not bound the waiting, which is right for a bound and not for a week.
        """
        weeks, shapes = self._weeks, self._weeks.shapes
        who, meetings, visits = self._instance.patients[patient].id, list[int](), list[Visit]()
        days: dict[int, list[tuple[int, int]]] = {}
        cost = float(weeks.values[patient])
        for session in weeks.sessions[patient, : weeks.counts[patient]].tolist():
            row = shapes.options[shapes.kind[patient], session[OPTION]]
            nature, slots = int(row[NATURE]), int(row[SLOTS])
            chosen, when = session[CHOSEN], slice(session[START], session[START] + slots)
            day, slot = divmod(session[START], SLOTS_A_DAY)
            days.setdefault(day, []).append((slot, slot + slots))
            if nature == MEETING:
                meetings.append(chosen)
                cost -= float(prices.seats[chosen, patient])
                continue
            service = self._options[patient][session[OPTION]].service
            if nature == POOL_VISIT or session[MODALITY] == 0:
                cost -= float(prices.places[service][when].sum())
            holder = None
            if nature == STAFFED_VISIT:
                cost -= float(prices.staff[chosen, when].sum())
                holder = self._instance.practitioners[chosen].id
            visits.append(Visit(who, service, day, slot, MODALITIES[session[MODALITY]], holder))
        if any(self._waiting(sessions) > self._instance.limits.idle_slots for sessions in days.values()):
            return None
        return Week(patient, tuple(meetings), tuple(visits), cost)

    def _waiting(self, sessions: list[tuple[int, int]]) -> int:
        first, last = min(start for start, _ in sessions), max(end for _, end in sessions)
        busy = sum(end - start for start, end in sessions)
        return last - first - busy - self._instance.limits.gap_slots * (len(sessions) - 1)
