"""What is missing where a session is to go on by telehealth, or to come back into a room. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.modality_changes import ModalityObstacle
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import Interval, calendar_rules_broken, plan_rules_broken
from services.scheduler.modality_changes.facts import Circumstances

_HANGS_ON_THE_MODALITY: Final = frozenset({"modality-not-planned", "commitment-collides"})
_Fact = tuple[bool, str, str]


def peak(session: SessionFacts, others: Iterable[Interval]) -> int:
    """Return how many of the others take place at once, at most, during the session."""
    begins = sorted((max(start, session.start), end) for start, end in others if start < session.end)
    return max(
        (sum(start <= begin < end for start, end in begins) for begin, end in begins if end > session.start), default=0
    )


def obstacles(found: Circumstances) -> list[ModalityObstacle]:
    """Say everything that speaks against the change: first what is nobody's own, then what is of each patient."""
    to_telehealth = found.modality is Modality.TELEHEALTH
    of_all = _of_telehealth(found) if to_telehealth else _of_the_house(found)
    return [
        *(ModalityObstacle(code=code, sentence=sentence, patient_id=None) for holds, code, sentence in of_all if holds),
        *(
            ModalityObstacle(code=code, sentence=sentence, patient_id=seating.patient_id)
            for seating in found.seatings
            for code, sentence in _of_patient(found, seating)
        ),
    ]


def _of_telehealth(found: Circumstances) -> Iterator[_Fact]:
    needs_presence = found.facts.service is ServiceKind.NURSE_VISIT
    yield needs_presence, "service-needs-presence", "this service cannot be given by telehealth"
    is_alone = not found.session.practitioners
    yield is_alone, "practitioner-missing", "nobody leads the session, so nobody's licence can be looked at"


def _of_the_house(found: Circumstances) -> Iterator[_Fact]:
    room, is_group = found.room, found.facts.service.is_group
    yield is_group and room is None, "room-missing", "a group meets in a room of its site: send its room_id"
    yield not is_group and room is not None, "room-not-needed", "only groups meet in a group room: leave room_id out"
    too_small = room is not None and room.capacity < len(found.session.patients)
    yield too_small, "room-too-small", "the room has fewer seats than the session has patients"
    no_place = found.places_left is not None and found.places_left < 1
    yield no_place, "no-office", "no office is free at that time"


def _of_patient(found: Circumstances, seating: PatientSeating) -> Iterator[tuple[str, str]]:
    facts = found.facts
    busy = found.busy.get(seating.patient_id, ())
    for rule in (*plan_rules_broken(facts, seating), *calendar_rules_broken(facts, seating, busy)):
        if rule.code in _HANGS_ON_THE_MODALITY:
            yield rule.code, rule.sentence
    if found.modality is Modality.TELEHEALTH:
        yield from _of_telehealth_for(found, seating)


def _of_telehealth_for(found: Circumstances, seating: PatientSeating) -> Iterator[tuple[str, str]]:
    plan = seating.plan
    consented_on = None if plan is None else plan.telehealth_consented_on
    if consented_on is None or consented_on > found.session.day:
        yield "telehealth-not-consented", "a patient's consent to telehealth by that day is not in the plan"
    where = None if plan is None else plan.telehealth_jurisdiction
    if where is None:
        yield "jurisdiction-unknown", "the plan does not say where a patient is during telehealth"
    elif any(where not in found.licensed[who] for who in found.session.practitioners):
        yield "practitioner-not-licensed", f"a practitioner of the session has no licence for {where} on that day"
