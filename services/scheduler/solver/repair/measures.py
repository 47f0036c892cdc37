"""What a repair changes, counted from the two timetables alone. Pure; shares no code with the model."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from services.scheduler.solver.instance import Id, Instance, TherapyGroup, Timetable, Visit
from services.scheduler.solver.repair.promises import Promise, promises_of


@dataclass(frozen=True, slots=True)
class Measures:
    """What becomes of the published week; slots and sessions are counted for each patient.

    `lost` are slots that were promised, are still required and are not delivered; `changed` are promises not kept;
    `reassigned` are meetings and visits that take place as promised with other practitioners or in another room.
    """

    lost: int
    touched: frozenset[Id]
    changed: int
    reassigned: int

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """What repairs are compared by; lower is better."""
        return self.lost, len(self.touched), self.changed, self.reassigned


def measure(instance: Instance, told: Timetable, repaired: Timetable) -> Measures:
    """Compare a repaired week with what stands of the published one."""
    before, after = Counter(promises_of(instance, told)), Counter(promises_of(instance, repaired))
    gone, new = before - after, after - before
    return Measures(
        lost=sum(_losses(instance, before, after).values()),
        touched=frozenset(promise.patient for promise in [*gone, *new]),
        changed=gone.total(),
        reassigned=(Counter(_hands(repaired)) - Counter(_hands(told))).total() - _moved(told, repaired),
    )


def losses(instance: Instance, told: Timetable, repaired: Timetable) -> dict[tuple[Id, str], int]:
    """Slots that each patient loses of each service; who loses nothing is left out."""
    return _losses(instance, Counter(promises_of(instance, told)), Counter(promises_of(instance, repaired)))


def _losses(instance: Instance, before: Counter[Promise], after: Counter[Promise]) -> dict[tuple[Id, str], int]:
    needs = {patient.id: patient.needs for patient in instance.patients}
    had, has = _delivered(before), _delivered(after)
    lost = {
        (patient, service): min(slots, needs[patient].get(service, 0)) - has[patient, service]
        for (patient, service), slots in had.items()
    }
    return {key: slots for key, slots in lost.items() if slots > 0}


def _delivered(promises: Counter[Promise]) -> Counter[tuple[Id, str]]:
    delivered: Counter[tuple[Id, str]] = Counter()
    for promise, times in promises.items():
        delivered[promise.patient, promise.service] += promise.slots * times
    return delivered


_Session = tuple[object, ...]


def _meeting(group: TherapyGroup) -> _Session:
    return group.kind, group.track, group.language, group.modality, group.day, group.slot


def _visit(visit: Visit) -> _Session:
    return visit.patient, visit.service, visit.modality, visit.day, visit.slot


def _hands(timetable: Timetable) -> Iterator[_Session]:
    """Yield each session with who serves it, and where."""
    yield from ((*_meeting(group), group.lead, group.co, group.room) for group in timetable.groups)
    yield from ((*_visit(visit), visit.practitioner) for visit in timetable.visits)


def _moved(told: Timetable, repaired: Timetable) -> int:
    """Count sessions that did not take place at that time before: they are new, not reassigned."""
    before = Counter([*map(_meeting, told.groups), *map(_visit, told.visits)])
    after = Counter([*map(_meeting, repaired.groups), *map(_visit, repaired.visits)])
    return (after - before).total()
