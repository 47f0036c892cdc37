"""Who leads a group that is opened, who sits in it and where, and what forbids it. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.contracts.scheduler.group_openings import GroupOpeningRequest
from services.contracts.vocabulary import Modality
from services.scheduler.placements.rules import NO_SEAT
from services.scheduler.solver.instance import GroupKind, Id, Instance, TherapyGroup
from services.scheduler.solver.interactive.opening import GroupPlace, Opening

_NO_SEAT_FOR_ALL: Final = "not everybody can have a seat in it: name fewer or other people, or a larger room"
_IN_WORDS: Final = (
    *((fault, _NO_SEAT_FOR_ALL) for fault in NO_SEAT),
    ("lead may not", "who is named does not lead this service in its language"),
    ("co-facilitator may not", "who is named does not co-facilitate in its language"),
    ("one person", "one person cannot lead and co-facilitate"),
    ("on shift", "a practitioner is not on shift then"),
    ("on a break", "a practitioner is on a break, or away"),
    ("maximum", "a practitioner would work longer than may be"),
    ("closed", "the site, or the room, is closed then"),
    ("meets a commitment", "somebody has a commitment then"),
    ("than needed", "the plan of somebody requires no more of the service"),
    ("not needed", "the plan of somebody does not require the service"),
    ("on another track", "somebody is of another track"),
    ("lacks the language", "somebody does not speak the language"),
    (" twice", "somebody, or the room, has another session then"),
)
_OTHERWISE: Final = "it does not suit the day of somebody"


@dataclass(frozen=True, slots=True)
class Unopened:
    """Why there is nothing to open: a code, the member it is about, and the remedy."""

    code: str
    pointer: str
    sentence: str


def opened(
    request: GroupOpeningRequest, kind: GroupKind, place: GroupPlace, opening: Opening, instance: Instance
) -> TherapyGroup | Unopened:
    """Return the group with what is named in it, and with what is free for the rest."""
    lead = _first(_text(request.practitioner_id), opening.leaders)
    if lead is None:
        return Unopened("nobody-leads", "/practitioner_id", "nobody who leads it is free then: name another time")
    room = _text(request.room_id)
    rooms = {one.id: one.capacity for one in instance.rooms}
    largest = max((rooms[one] for one in opening.rooms), default=0)
    places = rooms.get(room, 0) if room is not None else largest
    if request.modality is Modality.TELEHEALTH:
        places = kind.size.maximum
    elif not places:
        return Unopened("no-room", "/room_id", "no room is free then: name another time, or telehealth")
    helper = _first(_text(request.co_facilitator_id), [one for one in opening.helpers if one != lead])
    alone = min(kind.size.maximum, kind.size.co_facilitator_above)
    seats = min(places, alone if helper is None else kind.size.maximum)
    members = opening.people[:seats] if request.patient_ids is None else tuple(map(str, request.patient_ids))
    if len(members) < kind.size.minimum:
        return Unopened(
            "too-few-people",
            "/patient_ids",
            f"a group needs {kind.size.minimum} people, and {len(members)} lack it and can come then",
        )
    is_assisted = request.co_facilitator_id is not None or len(members) > alone
    return TherapyGroup(
        kind=kind.code,
        day=place.day,
        slot=place.slot,
        modality=place.modality,
        track=place.track,
        language=place.language,
        lead=lead,
        co=helper if is_assisted else None,
        room=None if request.modality is Modality.TELEHEALTH else room or _smallest(opening.rooms, rooms, len(members)),
        members=members,
    )


def _first(named: Id | None, free: Sequence[Id]) -> Id | None:
    return named if named is not None else next(iter(free), None)


def _smallest(free: Iterable[Id], capacities: dict[Id, int], people: int) -> Id | None:
    fitting = [one for one in free if capacities[one] >= people]
    return min(fitting, key=lambda one: (capacities[one], one), default=None)


def _text(identifier: object | None) -> str | None:
    return None if identifier is None else str(identifier)


def broken_by(before: Iterable[str], after: Iterable[str]) -> list[str]:
    """Say which rules are broken that were kept before, each once; the checker's errors name people, and this none."""
    new = (Counter(after) - Counter(before)).elements()
    return list(dict.fromkeys(_worded(error) for error in new))


def _worded(error: str) -> str:
    return next((words for fault, words in _IN_WORDS if fault in error), _OTHERWISE)
