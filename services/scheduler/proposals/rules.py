"""What is true of a proposal: its sessions, what it leaves unmet, and how it differs. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.contracts.identifiers import PatientId, PractitionerId, ProposalChangeId, RoomId
from services.contracts.scheduler.timetables import (
    ChangedSession,
    ChangeStatus,
    CheckerVerdict,
    ProposalChange,
    ProposalDiff,
    Session,
    UnmetReason,
    UnmetRequirement,
)
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.rules import KeptApart
from services.scheduler.proposals.changes import Change, Seat
from services.scheduler.solver.check import Verdict
from services.scheduler.solver.instance import Id, Instance, TherapyGroup, Timetable, Visit
from services.scheduler.weeks import SLOT_MINUTES, WeekGrid

_ONE_SEAT: Final = 1
_ABOUT_GROUP_SIZES: Final = frozenset({"too_few_members", "no_group_worth_opening"})


def sessions_of(instance: Instance, timetable: Timetable, grid: WeekGrid) -> list[Session]:
    """Return the sessions of a timetable in order of time, as instants with the site's offset."""
    sessions = [_group_session(instance, group, grid) for group in timetable.groups]
    sessions += [_visit_session(instance, visit, grid) for visit in timetable.visits]
    return sorted(sessions, key=lambda session: (session.start, session.end, session.patient_ids))


def _group_session(instance: Instance, group: TherapyGroup, grid: WeekGrid) -> Session:
    kind = instance.kinds[group.kind]
    start, end = grid.span(group.day, group.slot, kind.slots)
    seats = [kind.size.maximum, *(room.capacity for room in instance.rooms if room.id == group.room)]
    if group.co is None:
        seats.append(kind.size.co_facilitator_above)
    return Session(
        service=ServiceKind(kind.service),
        modality=Modality(group.modality),
        start=start,
        end=end,
        room_id=None if group.room is None else RoomId(_uuid(group.room)),
        practitioner_id=PractitionerId(_uuid(group.lead)),
        co_facilitator_id=None if group.co is None else PractitionerId(_uuid(group.co)),
        track=group.track,
        language=group.language,
        # Of what has begun it is known who came, also where a smaller number is allowed by now.
        capacity=max(len(group.members), min(seats)),
        patient_ids=sorted(PatientId(_uuid(member)) for member in group.members),
    )


def _visit_session(instance: Instance, visit: Visit, grid: WeekGrid) -> Session:
    patient = next(patient for patient in instance.patients if patient.id == visit.patient)
    start, end = grid.span(visit.day, visit.slot, instance.visit_slots(patient, visit.service))
    return Session(
        service=ServiceKind(visit.service),
        modality=Modality(visit.modality),
        start=start,
        end=end,
        room_id=None,
        practitioner_id=None if visit.practitioner is None else PractitionerId(_uuid(visit.practitioner)),
        co_facilitator_id=None,
        track=None,
        language=None,
        capacity=_ONE_SEAT,
        patient_ids=[PatientId(_uuid(visit.patient))],
    )


def _uuid(identifier: Id) -> UUID:
    return UUID(str(identifier))


def unmet_of(instance: Instance, timetable: Timetable, reported: Sequence[Mapping[str, Any]]) -> list[UnmetRequirement]:
    """Return what the timetable leaves undelivered, counted here, with the reasons that the solver gave."""
    reasons = {(entry["patient"], entry["service"]): entry.get("reasons", []) for entry in reported}
    delivered = Counter[tuple[Id, str]]()
    for patient_id, service, slots in _deliveries(instance, timetable):
        delivered[patient_id, service] += slots
    return [
        UnmetRequirement(
            patient_id=PatientId(_uuid(patient.id)),
            service=ServiceKind(service),
            minutes=missing * SLOT_MINUTES,
            reasons=[_reason(instance, service, reason) for reason in reasons.get((patient.id, service), [])],
        )
        for patient in instance.patients
        for service, needed in patient.needs.items()
        if (missing := needed - delivered[patient.id, service]) > 0
    ]


def _deliveries(instance: Instance, timetable: Timetable) -> Iterator[tuple[Id, str, int]]:
    people = {patient.id: patient for patient in instance.patients}
    for group in timetable.groups:
        kind = instance.kinds[group.kind]
        yield from ((member, kind.service, kind.slots) for member in group.members)
    for visit in timetable.visits:
        yield visit.patient, visit.service, instance.visit_slots(people[visit.patient], visit.service)


def _reason(instance: Instance, service: str, reason: Mapping[str, Any]) -> UnmetReason:
    """Write a reason down; one about the size of groups says whose figure that is, where it is a rule pack's."""
    sentence = reason["sentence"]
    if reason["code"] in _ABOUT_GROUP_SIZES:
        citations = instance.limits.citations
        kinds = [kind.code for kind in instance.kinds.values() if kind.service == service]
        sources = sorted({source for kind in kinds if (source := citations.get(f"group_size:{kind}")) is not None})
        sentence = f"{sentence} ({'; '.join(sources)})" if sources else sentence
    return UnmetReason(code=reason["code"], sentence=sentence)


def kept_apart(instance: Instance) -> KeptApart:
    """Return whom each patient of the week may not meet."""
    apart: dict[PatientId, set[PatientId]] = {PatientId(_uuid(patient.id)): set() for patient in instance.patients}
    for one, other in instance.no_contact:
        apart[PatientId(_uuid(one))].add(PatientId(_uuid(other)))
        apart[PatientId(_uuid(other))].add(PatientId(_uuid(one)))
    return apart


def riders_of(instance: Mapping[str, Any]) -> set[PatientId]:
    """Return whose plans needed transport when the week was solved; an earlier release did not write it down."""
    patients = instance["patients"]
    return {PatientId(_uuid(patient["id"])) for patient in patients if patient.get("needs_transport", False)}


def people_to_come(instance: Instance, timetable: Timetable) -> set[PatientId]:
    """Return who has a session in the timetable that has not begun."""
    members = {one for group in timetable.groups if not instance.has_begun(group) for one in group.members}
    visitors = {visit.patient for visit in timetable.visits if not instance.has_begun(visit)}
    return {PatientId(_uuid(one)) for one in members | visitors}


def required_minutes_of(instance: Instance) -> int:
    """Return the minutes that all plans together require."""
    return SLOT_MINUTES * sum(sum(patient.needs.values()) for patient in instance.patients)


def diff_of(instance: Instance, timetable: Timetable) -> ProposalDiff:
    """Count what changes for patients against what they were told."""
    told = instance.published_keys()
    planned = set(instance.session_keys(timetable))
    return ProposalDiff(added=len(planned - told), removed=len(told - planned), kept=len(planned & told))


def change_to_contract(
    instance: Instance, change: Change, grid: WeekGrid, change_id: ProposalChangeId
) -> ProposalChange:
    """Write a change down as it is shown, before anybody has decided about it."""
    return ProposalChange(
        **difference_to_contract(instance, change, grid),
        id=change_id,
        number=change.number,
        status=ChangeStatus.PENDING,
        reason=None,
        decided_by=None,
        decided_at=None,
    )


def difference_to_contract(instance: Instance, change: Change, grid: WeekGrid) -> dict[str, Any]:
    """Write down what becomes of a patient's session: the members that all descriptions of a change have."""
    seat = change.seats[0]
    return {
        "kind": change.kind,
        "patient_id": PatientId(_uuid(seat.patient)),
        "service": ServiceKind(seat.service),
        "before": _changed_session(instance, change.before, grid),
        "after": _changed_session(instance, change.after, grid),
    }


def _changed_session(instance: Instance, seat: Seat | None, grid: WeekGrid) -> ChangedSession | None:
    if seat is None:
        return None
    if isinstance(seat.session, TherapyGroup):
        session = _group_session(instance, seat.session, grid)
    else:
        session = _visit_session(instance, seat.session, grid)
    return ChangedSession(**session.model_dump(include=set(ChangedSession.model_fields)))


def gap_of(objective: float, bound: float | None) -> float | None:
    """Return how far the objective may be from the best, as a share of it; None without a bound."""
    if bound is None:
        return None
    return 0.0 if objective == 0 else max(0.0, (objective - bound) / objective)


def to_contract(verdict: Verdict) -> CheckerVerdict:
    """Write down what the checker said."""
    return CheckerVerdict(ok=verdict.ok, objective=verdict.cost, errors=list(verdict.errors))
