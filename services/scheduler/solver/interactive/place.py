"""Place one patient into a published week, exactly, everybody else staying where they are.

The patient takes free seats of meetings that take place anyway, and visits where a practitioner or a pool, a place and
the patient are free. What the patient has already is kept. No new meeting is opened, for others would have to move.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from services.scheduler.solver.instance import (
    INDIVIDUAL,
    MODALITIES,
    ON_SITE,
    Id,
    Patient,
    SessionKey,
    Timetable,
    Visit,
)
from services.scheduler.solver.interactive.frames import Frame
from services.scheduler.solver.interactive.frozen import FrozenWeek, Session
from services.scheduler.solver.interactive.options import Options
from services.scheduler.solver.interactive.ranking import Parts, Ranking
from services.scheduler.solver.interactive.schedule import PlannedVisit, Schedule
from services.scheduler.solver.interactive.weekly import BestWeeks, Choice, PlannedWeek


@dataclass(frozen=True, slots=True)
class Alternative:
    """One way to place the patient.

    `joins` are positions of groups in the week's timetable, `visits` are new, `sessions` are all of the patient's week,
    in order of time, `scarce` the joined groups whose seats others are expected to need, with the price of each.
    """

    joins: tuple[int, ...]
    visits: tuple[Visit, ...]
    sessions: tuple[Session, ...]
    parts: Parts
    unmet: Mapping[str, int]
    scarce: Mapping[int, int]


def place(
    week: FrozenWeek, patient: Patient, prices: Mapping[int, int] | None = None, *, count: int = 4
) -> list[Alternative]:
    """List the best weeks of a patient, the best one first, no two with the same groups on the same days.

    `prices` are points of comfort for the free seats of scarce groups, by their position in the timetable.
    """
    planner = _Placing(week, patient, prices or {})
    return planner.alternatives(count)


class _Placing:
    def __init__(self, week: FrozenWeek, patient: Patient, prices: Mapping[int, int]) -> None:
        self._week = week
        self._patient = patient
        self._prices = prices
        self._options = Options(week, patient, prices, Ranking.of(week.instance.weights))

    def alternatives(self, count: int) -> list[Alternative]:
        planner = BestWeeks(self._options)
        weeks = list(islice(planner.in_order(), count))
        visits = self._visits(weeks)
        return [self._alternative(week, visits) for week in weeks]

    def _visits(self, weeks: Sequence[PlannedWeek]) -> dict[Choice, tuple[Visit, ...]]:
        """Find the visits of every day that is in any of the weeks, in one go."""
        frames = {day: day.frame for week in weeks for day in week.days if day.frame is not None}
        if not frames:
            return {}
        schedule = Schedule(self._options, list(frames.values()), keep=True)
        return {
            day: tuple(self._visit(frame, planned) for planned in schedule.visits(day.code, row))
            for row, (day, frame) in enumerate(frames.items())
        }

    def _visit(self, frame: Frame, planned: PlannedVisit) -> Visit:
        starts = planned.starts
        position = int(starts.who[MODALITIES.index(frame.modality)][frame.day][planned.slot])
        who = self._week.instance.practitioners[position].id if position >= 0 else None
        return Visit(self._patient.id, starts.service, frame.day, planned.slot, frame.modality, who)

    def _alternative(self, week: PlannedWeek, found: Mapping[Choice, tuple[Visit, ...]]) -> Alternative:
        seats = [seat for day in week.days if day.frame is not None for seat in day.frame.seats]
        visits = [visit for day in week.days for visit in found.get(day, ())]
        joins = tuple(seat.meeting.number for seat in seats)
        sessions = sessions_with(self._week, self._patient, joins, visits)
        return Alternative(
            joins=joins,
            visits=tuple(visits),
            sessions=sessions,
            parts=parts_of(self._week, self._patient, sessions, visits=visits, joins=joins, prices=self._prices),
            unmet=_unmet(self._patient, sessions),
            scarce={seat.meeting.number: seat.scarcity for seat in seats if seat.scarcity},
        )


def taking(week: FrozenWeek, patient: Patient, alternative: Alternative) -> FrozenWeek:
    """Return the week with the alternative taken."""
    joins = set(alternative.joins)
    groups = tuple(
        replace(group, members=(*group.members, patient.id)) if number in joins else group
        for number, group in enumerate(week.timetable.groups)
    )
    seats = {meeting.number: meeting.seats - (meeting.number in joins) for meeting in week.meetings}
    return FrozenWeek(week.instance, Timetable(groups, (*week.timetable.visits, *alternative.visits)), seats)


def sessions_with(
    week: FrozenWeek, patient: Patient, joins: Sequence[int], visits: Sequence[Visit]
) -> tuple[Session, ...]:
    """Return the patient's week with these seats and visits, in order of time."""
    found = list(week.sessions.get(patient.id, ()))
    for number in joins:
        meeting = week.meetings[number]
        group = meeting.group
        service = meeting.kind.service
        found.append(Session(service, group.day, group.slot, meeting.slots, group.modality, number, group.lead))
    for visit in visits:
        slots = week.instance.visit_slots(patient, visit.service)
        found.append(Session(visit.service, visit.day, visit.slot, slots, visit.modality, None, visit.practitioner))
    return tuple(sorted(found, key=lambda session: (session.day, session.slot)))


def _unmet(patient: Patient, sessions: Sequence[Session]) -> dict[str, int]:
    left = dict(patient.needs)
    for session in sessions:
        left[session.service] = left.get(session.service, 0) - session.slots
    return {service: slots for service, slots in left.items() if slots > 0}


def parts_of(
    week: FrozenWeek,
    patient: Patient,
    sessions: Sequence[Session],
    *,
    visits: Sequence[Visit] = (),
    joins: Sequence[int] = (),
    prices: Mapping[int, int],
) -> Parts:
    """Count what a patient's week costs, as the checker does, with `visits` and `joins` being new in it."""
    instance, weights = week.instance, week.instance.weights
    idle = trips = 0
    for day in sorted({session.day for session in sessions}):
        today = [session for session in sessions if session.day == day]
        gaps = (later.slot - earlier.end - instance.limits.gap_slots for earlier, later in pairwise(today))
        idle += sum(gaps)
        trips += weights.trip_on_site if today[0].modality == ON_SITE else weights.trip_telehealth
    had = {SessionKey(patient.id, session.service, session.day, session.slot) for session in sessions}
    told = {key for key in instance.published_keys() if key.patient == patient.id}
    return Parts(
        unmet=sum(_unmet(patient, sessions).values()),
        changes=len(told - had),
        preference=sum(patient.preference.cost(session.day, session.slot) for session in sessions),
        trips=trips,
        idle=idle,
        continuity=sum(_is_with_stranger(patient, session) * weights.continuity for session in sessions),
        balance=_overtime(week, patient, visits),
        scarcity=sum(prices.get(number, 0) for number in joins),
    )


def _is_with_stranger(patient: Patient, session: Session) -> bool:
    is_individual = session.service == INDIVIDUAL and session.meeting is None
    return is_individual and patient.primary is not None and session.practitioner != patient.primary


def _overtime(week: FrozenWeek, patient: Patient, visits: Sequence[Visit]) -> int:
    new: dict[Id, int] = {}
    for visit in visits:
        if visit.practitioner is not None:
            slots = week.instance.visit_slots(patient, visit.service)
            new[visit.practitioner] = new.get(visit.practitioner, 0) + slots
    total = 0
    for practitioner, slots in new.items():
        load = week.work[practitioner].load
        share = week.practitioners[practitioner].max_slots_week * week.instance.weights.busy_percent // 100
        total += max(0, load + slots - share) - max(0, load - share)
    return total
