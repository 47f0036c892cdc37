"""A week that stays as people know it: first everything they know kept, then less and less of it.

What is known is the published week or, before there is one, the usual one. Keeping all of it is the
smallest neighbourhood; each later one frees more, and moves something only if that is better
(the growing neighbourhoods of Phillips, Walker, Ehrgott and Ryan, 2016).
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from time import monotonic

from services.scheduler.solver.check import check
from services.scheduler.solver.fixed import contradictions
from services.scheduler.solver.instance import (
    FAMILY,
    INDIVIDUAL,
    NURSE_VISIT,
    ON_SITE,
    PROCESS_GROUP,
    STAFFED_SERVICES,
    Id,
    Instance,
    Patient,
    TherapyGroup,
    Timetable,
    Visit,
)
from services.scheduler.solver.outcome import Outcome, Progress, Status
from services.scheduler.solver.solve import solve

# Of the time: everything known kept, the meetings kept, nothing kept. The last also proves the bound.
SHARES = (0.2, 0.1, 0.7)


def solve_steadily(
    instance: Instance,
    *,
    time_limit: float,
    seed: int = 0,
    workers: int = 2,
    work_limit: float | None = None,
    start: Timetable | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Outcome:
    """Find the best week as `solve` does, and among equals the one that people know.

    Where nothing is known the answer is that of `solve`; from a week to start from there is nothing to free by steps.
    """
    course = _Course(on_progress)
    for part, share in _rungs(instance) if start is None else [(instance, 1.0)]:
        if course.best is not None and cancelled is not None and cancelled():
            break
        outcome = solve(
            part,
            time_limit=time_limit * share,
            seed=seed,
            workers=workers,
            work_limit=None if work_limit is None else work_limit * share,
            start=start if course.best is None else course.best.timetable,
            on_progress=course.report,
            cancelled=cancelled,
        )
        course.take(instance, outcome, is_whole=part is instance)
    answer = course.answer()
    return answer if _is_consistent(instance) else _unproven(answer)


def _is_consistent(instance: Instance) -> bool:
    """Say whether what has begun would keep today's rules; the bound takes them for those of the whole week."""
    return not instance.begins or check(replace(instance, fixed=Timetable(), begins=0), instance.begun()).ok


def _unproven(outcome: Outcome) -> Outcome:
    status = Status.FEASIBLE if outcome.status is Status.OPTIMAL else outcome.status
    return replace(outcome, status=status, bound=None, unmet_bound=0)


def _rungs(instance: Instance) -> list[tuple[Instance, float]]:
    known = instance.published or instance.usual
    if known is None:
        return [(instance, 1.0)]
    kept = _Kept(instance).of(known)
    meetings = replace(kept, visits=instance.fixed.visits)
    rungs = [
        (replace(instance, fixed=part), share)
        for part, share in zip((kept, meetings), SHARES, strict=False)
        if part != instance.fixed
    ]
    rungs = [(part, share) for part, share in rungs if not contradictions(part)]
    return [*rungs, (instance, 1.0 - sum(share for _, share in rungs))]


class _Course:
    """The best answer so far, over all neighbourhoods; only the whole problem's bound holds for it."""

    def __init__(self, on_progress: Callable[[Progress], None] | None) -> None:
        self.best: Outcome | None = None
        self._whole: Outcome | None = None
        self._report = on_progress
        self._began = monotonic()
        self._work = 0.0
        self._unmet: int | None = None
        self._incumbent = float("inf")

    def report(self, progress: Progress) -> None:
        """Pass progress on as one course that never gets worse."""
        if self._report is None:
            return
        self._incumbent = min(self._incumbent, progress.incumbent)
        self._unmet = progress.unmet if self._unmet is None else min(self._unmet, progress.unmet)
        bound = min(progress.bound, self._incumbent)
        gap = (self._incumbent - bound) / max(1e-9, abs(self._incumbent))
        seconds = monotonic() - self._began
        self._report(
            Progress(self._incumbent, bound, gap, self._unmet, progress.unmet_bound, seconds, progress.timetable)
        )

    def take(self, instance: Instance, outcome: Outcome, *, is_whole: bool) -> None:
        """Keep an outcome if it is better than what there is."""
        self._work += outcome.work
        if is_whole:
            self._whole = outcome
        if self.best is None or _rank(instance, outcome) < _rank(instance, self.best):
            self.best = outcome

    def answer(self) -> Outcome:
        """Return the best timetable with what is proven of the whole problem.

        Raises:
            LookupError: Nothing was taken.
        """
        if self.best is None:
            raise LookupError("there is always the whole problem")
        seconds, work = monotonic() - self._began, self._work
        if self._whole is None or self._whole is self.best:
            proven = self.best if self._whole is self.best else _unproven(self.best)
            return replace(proven, seconds=seconds, work=work)
        if self._whole.bound is None:
            return replace(_unproven(self.best), seconds=seconds, work=work)
        return replace(
            self.best,
            status=self._whole.status if self.best.timetable is None else self.best.status,
            bound=self._whole.bound,
            unmet_bound=self._whole.unmet_bound,
            seconds=seconds,
            work=work,
        )


def _rank(instance: Instance, outcome: Outcome) -> tuple[float, ...]:
    if outcome.goals is None:
        return (float("inf"),)
    return outcome.goals.rank(instance.weights)


class _Kept:
    """What of a known week can still be: who has left, a new commitment or another shift takes its part away."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._patients = {patient.id: patient for patient in instance.patients}
        self._staff = {person.id: person for person in instance.practitioners}
        self._rooms = {room.id: room.capacity for room in instance.rooms}
        self._left = {patient.id: Counter(patient.needs) for patient in instance.patients}
        self._fixed_groups = {_when(group): group for group in instance.fixed.groups}
        for group in instance.fixed.groups:
            kind = instance.kinds[group.kind]
            for member in group.members:
                self._take(member, kind.service, kind.slots)
        for visit in instance.fixed.visits:
            self._take(visit.patient, visit.service, instance.visit_slots(self._patients[visit.patient], visit.service))

    def _take(self, patient: Id, service: str, slots: int) -> bool:
        left = self._left.get(patient)
        if left is None or left[service] < slots:
            return False
        left[service] -= slots
        return True

    def of(self, known: Timetable) -> Timetable:
        """Return what is fixed already, and what can be kept beside it."""
        fixed = self._instance.fixed
        groups = [group for group in known.groups if _when(group) not in self._fixed_groups]
        kept = [part for group in sorted(groups, key=_when) if (part := self._group(group)) is not None]
        visits = [visit for visit in known.visits if visit not in fixed.visits and self._keeps_visit(visit)]
        return Timetable((*fixed.groups, *kept), (*fixed.visits, *visits))

    def _group(self, group: TherapyGroup) -> TherapyGroup | None:
        kind = self._instance.kinds.get(group.kind)
        if kind is None or not self._takes_place(group, kind.slots, kind.service):
            return None
        co = group.co if group.co is not None and self._may_assist(group, kind.slots) else None
        seats = kind.size.maximum if co is not None else kind.size.co_facilitator_above
        if group.modality == ON_SITE:
            seats = min(seats, self._rooms[group.room]) if group.room is not None else 0
        able = [member for member in group.members if self._may_sit(member, group, kind.slots, kind.service)]
        members = self._apart(able)[:seats]
        if len(members) < kind.size.minimum:
            return None
        for member in members:
            self._take(member, kind.service, kind.slots)
        needs_co = len(members) > kind.size.co_facilitator_above
        return replace(group, members=tuple(members), co=co if needs_co else None)

    def _takes_place(self, group: TherapyGroup, slots: int, service: str) -> bool:
        lead, end = self._staff.get(group.lead), group.slot + slots
        if lead is None or service not in lead.leads or group.language not in lead.languages:
            return False
        is_somewhere = group.modality != ON_SITE or (
            group.room in self._rooms and self._instance.is_open(group.day, group.slot, end)
        )
        return is_somewhere and lead.works(group.day, group.slot, end)

    def _may_assist(self, group: TherapyGroup, slots: int) -> bool:
        co = None if group.co is None else self._staff.get(group.co)
        if co is None or not co.co_facilitates or group.language not in co.languages:
            return False
        return co.works(group.day, group.slot, group.slot + slots)

    def _may_sit(self, member: Id, group: TherapyGroup, slots: int, service: str) -> bool:
        patient = self._patients.get(member)
        if patient is None or self._left[member][service] < slots:
            return False
        fits = group.language in patient.languages and (service != PROCESS_GROUP or patient.track == group.track)
        return fits and self._may_be_there(patient, group, slots)

    def _may_be_there(self, patient: Patient, session: TherapyGroup | Visit, slots: int) -> bool:
        is_allowed = session.modality in patient.modalities
        return is_allowed and patient.is_free(session.day, session.slot, session.slot + slots, session.modality)

    def _apart(self, members: Iterable[Id]) -> list[Id]:
        """Leave out who may not meet somebody who is there already."""
        together: list[Id] = []
        for member in members:
            if not any(member in pair and set(pair) & set(together) for pair in self._instance.no_contact):
                together.append(member)
        return together

    def _keeps_visit(self, visit: Visit) -> bool:
        patient, instance = self._patients.get(visit.patient), self._instance
        if patient is None or visit.service not in patient.needs:
            return False
        slots = instance.visit_slots(patient, visit.service)
        end = visit.slot + slots
        is_somewhere = visit.modality != ON_SITE or instance.is_open(visit.day, visit.slot, end)
        is_fit = is_somewhere and self._may_be_there(patient, visit, slots) and self._is_staffed(visit, patient, slots)
        return is_fit and slots > 0 and self._take(patient.id, visit.service, slots)

    def _is_staffed(self, visit: Visit, patient: Patient, slots: int) -> bool:
        end = visit.slot + slots
        if visit.service not in STAFFED_SERVICES:
            return visit.service != NURSE_VISIT or visit.modality == ON_SITE
        who = None if visit.practitioner is None else self._staff.get(visit.practitioner)
        if who is None or visit.service not in who.individual or not who.works(visit.day, visit.slot, end):
            return False
        if visit.service == INDIVIDUAL:
            return who.id in patient.team
        hours = {slot for day, a, b in patient.family_available or () if day == visit.day for slot in range(a, b)}
        return visit.service == FAMILY and hours.issuperset(range(visit.slot, end))


def _when(group: TherapyGroup) -> tuple[int, int, str, str]:
    return group.day, group.slot, group.kind, str(group.lead)
