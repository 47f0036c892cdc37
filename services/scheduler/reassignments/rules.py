"""What becomes of a week of which one session is reassigned, and what forbids it. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from services.contracts.scheduler.republications import ReassignmentRequest
from services.contracts.scheduler.timetables import Appointment
from services.scheduler.solver.instance import STAFFED_SERVICES as HELD_BY_SOMEBODY
from services.scheduler.solver.instance import Instance, TherapyGroup, Timetable, Visit


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
_PRACTITIONER_BOOKED: Final = BrokenRule("practitioner-booked", _WHO, "the practitioner has a session then", _SOMEBODY)
_ROOM_BOOKED: Final = BrokenRule("room-booked", "/room_id", "another session is in the room then", _ROOM)
_OTHERWISE: Final = BrokenRule("rule-broken", "", "the week would break a rule", "solve the week again")


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Why a member of the request means nothing for this session."""

    pointer: str
    sentence: str


def unnamed(session: TherapyGroup | Visit, request: ReassignmentRequest, instance: Instance) -> Unnamed | None:
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
    visits = (visit for visit in week.visits if (visit.day, visit.slot) == place and str(visit.patient) in people)
    return next(visits, None)


def reassigned(week: Timetable, session: TherapyGroup | Visit, request: ReassignmentRequest) -> Timetable:
    """Return the week with the session held as asked for."""
    if isinstance(session, Visit):
        visit = replace(session, practitioner=_text(request.practitioner_id, session.practitioner))
        return replace(week, visits=tuple(visit if one is session else one for one in week.visits))
    group = replace(
        session,
        lead=_text(request.practitioner_id, session.lead),
        co=_text(request.co_facilitator_id, session.co),
        room=_text(request.room_id, session.room),
    )
    return replace(week, groups=tuple(group if one is session else one for one in week.groups))


def _text(named: object | None, before: Any) -> Any:
    return before if named is None else str(named)


def broken_by(before: Iterable[str], after: Iterable[str], request: ReassignmentRequest) -> list[BrokenRule]:
    """Say which rules are broken that were kept before, each once; the checker's errors name people, and this none."""
    known = set(before)
    told = _told(error for error in after if error not in known)
    # Where only the co-facilitator is another one, whatever is said of a practitioner is said of that one.
    pointers = {_WHO: _CO} if request.practitioner_id is None else {}
    return list(dict.fromkeys(rule._replace(pointer=pointers.get(rule.pointer, rule.pointer)) for rule in told))


def _told(errors: Iterable[str]) -> Iterator[BrokenRule]:
    for error in errors:
        if error.endswith(" twice"):
            yield _ROOM_BOOKED if ": room " in error else _PRACTITIONER_BOOKED
        else:
            yield next((rule for fault, rule in _FORBID if fault in error), _OTHERWISE)
