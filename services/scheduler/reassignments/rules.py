"""What becomes of a week of which sessions are reassigned, and what forbids it. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from services.contracts.scheduler.republications import HeldBy
from services.contracts.scheduler.timetables import Appointment
from services.scheduler.solver.check import check
from services.scheduler.solver.instance import STAFFED_SERVICES as HELD_BY_SOMEBODY
from services.scheduler.solver.instance import Id, Instance, TherapyGroup, Timetable, Visit


class BrokenRule(NamedTuple):
    """A rule that forbids it: a code for programs, the fact, and what to do instead."""

    code: str
    pointer: str
    sentence: str
    remedy: str


_SOMEBODY: Final = "name somebody else"
_ROOM: Final = "name another room"
_WHO: Final = "/practitioner_id"
_CO: Final = "/co_facilitator_id"
_FORBID: Final = (
    ("lead may not lead it", BrokenRule(
        "practitioner-does-not-lead", _WHO, "the practitioner does not lead this service in its language", _SOMEBODY)),
    ("co-facilitator may not", BrokenRule(
        "co-facilitator-does-not-assist", _CO, "the practitioner does not co-facilitate in its language", _SOMEBODY)),
    ("lead and co-facilitator are one person", BrokenRule(
        "one-person-twice", _CO, "one person cannot lead and co-facilitate", _SOMEBODY)),
    ("practitioner may not", BrokenRule(
        "practitioner-does-not-serve", _WHO, "the practitioner does not hold this kind of visit", _SOMEBODY)),
    ("not on the team", BrokenRule(
        "practitioner-not-on-team", _WHO, "the practitioner is not on the patient's team",
        f"put the practitioner on the team in the plan, or {_SOMEBODY}")),
    ("not on shift", BrokenRule(
        "practitioner-off-shift", _WHO, "the practitioner is not on shift then",
        f"change the shift of that week, or {_SOMEBODY}")),
    ("on a break", BrokenRule("practitioner-away", _WHO, "the practitioner is on a break, or away", _SOMEBODY)),
    ("day maximum", BrokenRule(
        "practitioner-day-full", _WHO, "the practitioner would work longer than a day may be", _SOMEBODY)),
    ("week maximum", BrokenRule(
        "practitioner-week-full", _WHO, "the practitioner would work longer than a week may be", _SOMEBODY)),
    ("no room or too small", BrokenRule("room-too-small", "/room_id", "the room has fewer places than people", _ROOM)),
    ("room closed", BrokenRule("room-lost", "/room_id", "the room cannot be used then", _ROOM)),
)  # fmt: skip
_AT_WORK: Final = frozenset({"not on shift", "on a break", "unknown practitioner"})
_OF_LEAD: Final = frozenset({"lead may not lead it"})
_OF_CO: Final = frozenset({"co-facilitator may not"})
_OF_ROOM: Final = frozenset({"no room or too small", "room closed"})
_OF_A_VISIT: Final = _AT_WORK | {"practitioner may not", "not on the team"}
_PRACTITIONER_BOOKED: Final = BrokenRule("practitioner-booked", _WHO, "the practitioner has a session then", _SOMEBODY)
_ROOM_BOOKED: Final = BrokenRule("room-booked", "/room_id", "another session is in the room then", _ROOM)
_OTHERWISE: Final = BrokenRule("rule-broken", "", "the week would break a rule", "solve the week again")


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Why a member of the request means nothing for this session."""

    pointer: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Change:
    """A session, how it is asked to be held, what it is then, and where in the request that stands."""

    session: TherapyGroup | Visit
    asked: HeldBy
    held: TherapyGroup | Visit
    pointer: str = ""

    def is_told_of(self, error: str) -> bool:
        """Say whether the checker names somebody or a room that is asked for here."""
        asked = (self.asked.practitioner_id, self.asked.co_facilitator_id, self.asked.room_id)
        return any(one is not None and str(one) in error for one in asked)


def unnamed(session: TherapyGroup | Visit, request: HeldBy, instance: Instance) -> Unnamed | None:
    """Say what in the request is not of the site's week, or nothing that such a session has."""
    staff, rooms = ({str(one.id) for one in part} for part in (instance.practitioners, instance.rooms))
    is_group = isinstance(session, TherapyGroup)
    for pointer, who in ((_WHO, request.practitioner_id), (_CO, request.co_facilitator_id)):
        if who is not None and str(who) not in staff:
            return Unnamed(pointer, "must be a practitioner of this site who is there in this week")
    if isinstance(session, Visit) and request.practitioner_id is not None and session.service not in HELD_BY_SOMEBODY:
        return Unnamed(_WHO, "must be left out: whoever of the role is on duty holds such a visit")
    if request.co_facilitator_id is not None and not is_group:
        return Unnamed(_CO, "must be left out: only groups have one")
    if request.room_id is not None and (not isinstance(session, TherapyGroup) or session.room is None):
        return Unnamed("/room_id", "must be left out: this session has no group room")
    if request.room_id is not None and str(request.room_id) not in rooms:
        return Unnamed("/room_id", "must be a room of this site that is there in this week")
    return None


def session_of(week: Timetable, appointment: Appointment, place: tuple[int, int] | None) -> TherapyGroup | Visit | None:
    """Find an appointment among the sessions of its version; nobody leads two at once, and nobody attends two."""
    lead, people = str(appointment.practitioner_id), {str(one) for one in appointment.patient_ids}
    if place is None:
        return None
    if appointment.service.is_group:
        groups = (group for group in week.groups if (group.day, group.slot) == place and str(group.lead) == lead)
        return next(groups, None)
    service = appointment.service.value
    visits = (visit for visit in week.visits if (visit.day, visit.slot, visit.service) == (*place, service))
    return next((visit for visit in visits if str(visit.patient) in people), None)


def still_asked(today: Instance, solved: Instance, week: Timetable) -> Instance:
    """Return the instance of today with what its week has and nothing asks for any more, as it was solved.

    Who has left the plans, a service that a plan asks for no more, a kind of group that no rule knows: what is
    published of them stays until the week is solved again, and one session's reassignment does not touch the others.
    """
    kinds = {group.kind: solved.kinds[group.kind] for group in week.groups if group.kind in solved.kinds}
    people = {patient.id: patient for patient in today.patients}
    then = {patient.id: patient for patient in solved.patients}
    for visit in week.visits:
        was = then.get(visit.patient)
        if was is not None:
            patient = people.get(visit.patient, replace(was, needs={}))
            asked = {visit.service: was.needs.get(visit.service, 0), **patient.needs}
            people[visit.patient] = replace(patient, needs=asked)
    return replace(today, kinds={**kinds, **today.kinds}, patients=tuple(people.values()))


def held_as(session: TherapyGroup | Visit, request: HeldBy) -> TherapyGroup | Visit:
    """Return the session, held as asked for."""
    if isinstance(session, Visit):
        return replace(session, practitioner=_text(request.practitioner_id, session.practitioner))
    return replace(
        session,
        lead=_text(request.practitioner_id, session.lead),
        co=_text(request.co_facilitator_id, session.co),
        room=_text(request.room_id, session.room),
    )


def with_sessions(week: Timetable, changes: Sequence[Change]) -> Timetable:
    """Return the week with its sessions held as asked for, in the order in which they stand."""
    held = {id(change.session): change.held for change in changes}
    groups = tuple(after if isinstance(after := held.get(id(one), one), TherapyGroup) else one for one in week.groups)
    visits = tuple(after if isinstance(after := held.get(id(one), one), Visit) else one for one in week.visits)
    return Timetable(groups, visits)


def _text(named: object | None, before: Any) -> Any:
    return before if named is None else str(named)


def known_faults(instance: Instance, week: Timetable, changes: Sequence[Change]) -> Counter[str]:
    """Return the faults that the week goes on having after the changes, each as often as it has it.

    The checker says which session a practitioner or a room does not fit, and not who or which that is: what it says
    of those who go excuses nobody who comes instead.
    """
    known = Counter(check(instance, week).errors)
    for change in changes:
        known = _left_after(change, known, instance, _place(week, change))
    return known


def _left_after(change: Change, known: Counter[str], instance: Instance, where: str) -> Counter[str]:
    session, after = change.session, change.held
    if isinstance(session, Visit) or isinstance(after, Visit):
        return _without(known, where, _OF_A_VISIT)
    replaced = set[str]()
    if session.room != after.room:
        replaced |= _OF_ROOM
    if session.lead != after.lead:
        replaced |= _AT_WORK | _OF_LEAD
    if session.co != after.co:
        replaced |= _AT_WORK | _OF_CO
    left = _without(known, where, replaced)
    if session.lead == after.lead or session.co == after.co:
        stays = session.lead if session.lead == after.lead else session.co
        left |= Counter(where + fault for fault in _at_work(instance, session, stays))
    return left


def _place(week: Timetable, change: Change) -> str:
    """Return what the checker's errors of a session begin with."""
    if isinstance(change.session, Visit):
        return f"visit {week.visits.index(change.session)}: "
    return f"group {week.groups.index(change.session)}: "


def _without(faults: Counter[str], where: str, replaced: AbstractSet[str]) -> Counter[str]:
    return Counter(
        one for one in faults.elements() if not (one.startswith(where) and one.removeprefix(where) in replaced)
    )


def _at_work(instance: Instance, session: TherapyGroup, who: Id | None) -> Iterator[str]:
    """Yield what keeps somebody who stays from being there, as the checker says it of a lead."""
    if who is not None:
        alone = Timetable((replace(session, lead=who, co=None),))
        found = (fault.removeprefix("group 0: ") for fault in check(instance, alone).errors)
        yield from (fault for fault in found if fault in _AT_WORK)


def broken_by(
    known: Counter[str], errors: Iterable[str], week: Timetable, changes: Sequence[Change]
) -> list[BrokenRule]:
    """Say which rules are broken that were kept before, each once; the checker's errors name people, and this none."""
    places = [(_place(week, change), change) for change in changes]
    new = (Counter(errors) - known).elements()
    return list(dict.fromkeys(_located(_rule_of(error), _cause(error, places), error) for error in new))


def _cause(error: str, places: Sequence[tuple[str, Change]]) -> Change:
    """Find the change that an error is about: of its session, or of whom or which it names; else the first."""
    of_session = (change for where, change in places if error.startswith(where))
    named = (change for _, change in places if change.is_told_of(error))
    return next(of_session, None) or next(named, None) or places[0][1]


def _located(rule: BrokenRule, change: Change, error: str) -> BrokenRule:
    # Where only the co-facilitator is another one, whatever is said of a practitioner is said of that one.
    co = change.asked.co_facilitator_id
    is_of_co = change.asked.practitioner_id is None or (co is not None and str(co) in error)
    pointer = _CO if rule.pointer == _WHO and is_of_co else rule.pointer
    return rule._replace(pointer=change.pointer + pointer)


def _rule_of(error: str) -> BrokenRule:
    if error.endswith(" twice"):
        return _ROOM_BOOKED if ": room " in error else _PRACTITIONER_BOOKED
    return next((rule for fault, rule in _FORBID if fault in error), _OTHERWISE)
