"""What is missing where a session is to go on by telehealth, or to come back into a room. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from services.contracts.records.treatment_plans import PatientSeating
from services.contracts.scheduler.bookings import BrokenRule
from services.contracts.scheduler.modality_changes import ModalityObstacle
from services.contracts.vocabulary import Modality
from services.scheduler.bookings.facts import SessionFacts
from services.scheduler.bookings.rules import (
    Interval,
    calendar_rules_broken,
    patient_by_telehealth_broken,
    plan_rules_broken,
    session_by_telehealth_broken,
)
from services.scheduler.modality_changes.facts import Circumstances

_HANGS_ON_THE_MODALITY: Final = frozenset({"modality-not-planned", "commitment-collides"})


def peak(session: SessionFacts, others: Iterable[Interval]) -> int:
    """Return how many of the others take place at once, at most, during the session."""
    begins = sorted((max(start, session.start), end) for start, end in others if start < session.end)
    return max(
        (sum(start <= begin < end for start, end in begins) for begin, end in begins if end > session.start), default=0
    )


def obstacles(found: Circumstances) -> list[ModalityObstacle]:
    """Say everything that speaks against the change: first what is nobody's own, then what is of each patient."""
    by_telehealth = found.modality is Modality.TELEHEALTH
    of_all = session_by_telehealth_broken(found.facts, found.licensed) if by_telehealth else _of_the_house(found)
    return [
        *(ModalityObstacle(code=rule.code, sentence=rule.sentence, patient_id=None) for rule in of_all),
        *(
            ModalityObstacle(code=rule.code, sentence=rule.sentence, patient_id=seating.patient_id)
            for seating in found.seatings
            for rule in _of_patient(found, seating)
        ),
    ]


def _of_the_house(found: Circumstances) -> list[BrokenRule]:
    room, is_group = found.room, found.facts.service.is_group
    too_small = room is not None and room.capacity < len(found.session.patients)
    no_place = found.places_left is not None and found.places_left < 1
    faults = (
        (is_group and room is None, "room-missing", "a group meets in a room of its site: send its room_id"),
        (not is_group and room is not None, "room-not-needed", "only groups meet in a group room: leave room_id out"),
        (too_small, "room-too-small", "the room has fewer seats than the session has patients"),
        (no_place, "no-office", "no office is free at that time"),
    )
    return [BrokenRule(code=code, sentence=sentence) for is_so, code, sentence in faults if is_so]


def _of_patient(found: Circumstances, seating: PatientSeating) -> Iterator[BrokenRule]:
    facts = found.facts
    busy = found.busy.get(seating.patient_id, ())
    for rule in (*plan_rules_broken(facts, seating), *calendar_rules_broken(facts, seating, busy)):
        if rule.code in _HANGS_ON_THE_MODALITY:
            yield rule
    if found.modality is Modality.TELEHEALTH:
        yield from patient_by_telehealth_broken(facts, seating, found.licensed)
