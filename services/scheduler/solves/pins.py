"""Sessions that somebody wants to stay as they are, as the solver reads them. Pure but for the refusal of a pin."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from services.chassis.errors import InvalidRequestError
from services.contracts.identifiers import AppointmentId
from services.contracts.scheduler.timetables import Appointment
from services.scheduler.solver.fixed import contradictions
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import Instance, Timetable
from services.scheduler.solves.beginnings import FixedSessions
from services.scheduler.weeks import SLOTS_A_DAY, WeekGrid

_NOT_BOOKED: Final = "must be a session that is booked in this week at this site, as list_appointments names them"
_NOT_THERE: Final = (
    "cannot stay as it is: nobody in it has a plan for the week, or the site has its kind of group, or who leads it, no"
    " more; leave it out"
)


def with_pins(
    instance: Mapping[str, Any], pins: Sequence[AppointmentId], booked: Sequence[Appointment], grid: WeekGrid
) -> dict[str, Any]:
    """Return the instance in which the pinned sessions are fixed beside what has begun.

    Whoever is in a pinned group and has no plan for the week any more is left out of it. `pins` of the instance says,
    in the order of what is fixed, which pin each group and visit is; null where it has begun.

    Raises:
        InvalidRequestError: A pin is not booked in the week, or nothing the solver knows.
    """
    sessions = {appointment.id: appointment for appointment in booked}
    fixed = FixedSessions(instance["group_kinds"], grid)
    already = instance.get("fixed") or {"groups": [], "individuals": []}
    names: dict[str, list[int | None]] = {part: [None] * len(already[part]) for part in ("groups", "individuals")}
    for number, pin in enumerate(pins):
        where = f"/pins/{number}"
        if pin not in sessions:
            raise InvalidRequestError(where, _NOT_BOOKED, code="pin-not-booked")
        if pin in pins[:number] or _has_begun(instance, sessions[pin], grid):
            continue
        held = (len(fixed.groups), len(fixed.visits))
        if not _is_there(instance, there := _of_those_planned(instance, sessions[pin])) or not fixed.add(there):
            raise InvalidRequestError(where, _NOT_THERE, code="pin-not-there")
        names["groups"] += [number] * (len(fixed.groups) - held[0])
        names["individuals"] += [number] * (len(fixed.visits) - held[1])
    return {
        **instance,
        "tracks": sorted({*instance["tracks"], *(group["track"] for group in fixed.groups if group["track"])}),
        "languages": sorted({*instance["languages"], *(group["language"] for group in fixed.groups)}),
        "fixed": {
            "groups": [*already["groups"], *fixed.groups],
            "individuals": [*already["individuals"], *fixed.visits],
        },
        "pins": names,
    }


def contradictions_of(instance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what no week could keep of what is fixed: where in the request it is, and the fact in the checker's words.

    A pin that breaks a rule by itself is named; where only several together do, the pins are as a whole, and where
    nothing is pinned the week is.
    """
    whole = instance_from_json(instance)
    begun = whole.begun()
    alone: list[tuple[str, str]] = []
    for number, fixed in sorted(_single(whole, instance.get("pins")), key=lambda one: one[0]):
        beside = Timetable((*begun.groups, *fixed.groups), (*begun.visits, *fixed.visits))
        faults = contradictions(replace(whole, fixed=beside))
        alone += [(f"/pins/{number}", _without_place(fault)) for fault in faults]
    where = "/pins" if "pins" in instance else "/week"
    return alone or [(where, fault) for fault in contradictions(whole)]


def _single(whole: Instance, pins: Mapping[str, Sequence[int | None]] | None) -> Iterator[tuple[int, Timetable]]:
    if pins is None:
        return
    for number, group in zip(pins["groups"], whole.fixed.groups, strict=True):
        if number is not None:
            yield number, Timetable(groups=(group,))
    for number, visit in zip(pins["individuals"], whole.fixed.visits, strict=True):
        if number is not None:
            yield number, Timetable(visits=(visit,))


def _without_place(fault: str) -> str:
    where, _, what = fault.partition(": ")
    return what if where.partition(" ")[0] in {"group", "visit"} else fault


def _has_begun(instance: Mapping[str, Any], session: Appointment, grid: WeekGrid) -> bool:
    place = grid.place(session.start)
    return place is not None and place[0] * SLOTS_A_DAY + place[1] < instance.get("begins", 0)


def _of_those_planned(instance: Mapping[str, Any], session: Appointment) -> Appointment:
    planned = {patient["id"] for patient in instance["patients"]}
    return session.model_copy(update={"patient_ids": [one for one in session.patient_ids if str(one) in planned]})


def _is_there(instance: Mapping[str, Any], session: Appointment) -> bool:
    staff = {practitioner["id"] for practitioner in instance["practitioners"]}
    needed = {str(one) for one in (session.practitioner_id, session.co_facilitator_id) if one is not None}
    return bool(session.patient_ids) and needed <= staff
