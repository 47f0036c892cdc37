"""First fit, as at a front desk: down the week's hours, first come first served."""

from itertools import product

from services.operator.bench.peers.facts import Facts, bits
from services.operator.bench.peers.week import Meeting, Week
from services.scheduler.solver.instance import (
    DAYS,
    INDIVIDUAL_SERVICES,
    MODALITIES,
    ON_SITE,
    SLOTS_A_DAY,
    Instance,
    Timetable,
)


def first_fit(instance: Instance) -> Timetable:
    """Fill the week once, without looking back."""
    return first_fit_week(Facts(instance)).timetable()


def first_fit_week(facts: Facts) -> Week:
    """Open every group that gathers enough people when its hour comes, then place each patient's visits."""
    week = Week(facts)
    starts = range(0, SLOTS_A_DAY, facts.instance.limits.group_start_step)
    for day, slot in product(range(DAYS), starts):
        for family in facts.families:
            while (meeting := gathered(week, family, day, slot)) is not None:
                members, meeting.members = meeting.members, []
                week.open(meeting, members)
    for patient in range(len(facts.instance.patients)):
        for service in INDIVIDUAL_SERVICES:
            while (visit := first_visit(week, patient, service)) is not None:
                week.open(visit, [patient])
    week.forget()
    return week


def gathered(week: Week, family: tuple[str, str | None, str, str], day: int, slot: int) -> Meeting | None:
    """Compose a group with the first people who can come, in their order, up to one leader's seats."""
    code, track, language, modality = family
    kind = week.facts.instance.kinds[code]
    lead = first_leader(week, kind.service, language, (day, slot, kind.slots))
    if lead is None:
        return None
    meeting = Meeting(kind.service, kind.slots, day, slot, modality, lead, kind, track, language)
    if modality == ON_SITE:
        rooms = week.free_rooms(day, slot, kind.slots)
        if not rooms:
            return None
        meeting.room = rooms[-1]
    for patient in range(len(week.facts.instance.patients)):
        if week.may_join(patient, meeting):
            meeting.members.append(patient)
    return meeting if len(meeting.members) >= kind.size.minimum else None


def first_leader(week: Week, service: str, language: str, when: tuple[int, int, int]) -> int | None:
    """Find the first practitioner who may lead the service and is free at (day, slot, slots)."""
    for number, person in enumerate(week.facts.instance.practitioners):
        if service in person.leads and language in person.languages and week.may_work(number, *when):
            return number
    return None


def first_visit(week: Week, patient: int, service: str) -> Meeting | None:
    """Find the first hour of the week at which the visit can take place."""
    facts = week.facts
    slots = facts.instance.visit_slots(facts.instance.patients[patient], service)
    if slots == 0 or week.left[patient].get(service, 0) < slots:
        return None
    for day, modality in product(range(DAYS), MODALITIES):
        for slot in bits(facts.visit(patient, service, modality, slots)[day]):
            place = day, slot, modality
            if not week.has_place(service, slots, place) or not week.may_attend(patient, service, slots, place):
                continue
            for lead in facts.team(patient, service):
                if lead is None or week.may_work(lead, day, slot, slots):
                    return Meeting(service, slots, day, slot, modality, lead)
    return None
