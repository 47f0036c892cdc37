"""Advice on capacity against brute force: no one meeting and no one shift more would serve more than what is named."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, product

from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.solver.check import check
from services.scheduler.solver.format import instance_from_json
from services.scheduler.solver.instance import (
    GroupKind,
    Id,
    Instance,
    Interval,
    Practitioner,
    Room,
    TherapyGroup,
    Timetable,
)
from services.scheduler.solver.interactive.capacity import GROUP, ROOM, SHIFT, Meetings, Unmet, _Shifts, advise
from services.scheduler.solver.interactive.frozen import FrozenWeek
from tests.scheduler.solver.interactive.conftest import small_document

MORE = "one more"


def short_of(seed: int) -> Instance:
    """A week in which nothing takes place yet: one or two work for some hours, in a small room, a large one or none."""
    document = small_document(seed)
    document["practitioners"] = document["practitioners"][: 1 + seed % 2]
    for person in document["practitioners"]:
        person["shifts"] = [[seed % 3, 8, 20]]
    document["rooms"] = [[], [{"id": 0, "capacity": 3}], [{"id": 0, "capacity": 5}]][seed % 5 % 3]
    document["patients"] = document["patients"][:6]
    for patient in document["patients"]:
        patient |= {"team": ["staff-0"], "primary": "staff-0"}
        patient |= {"languages": ["en"], "modalities": ["on_site"] if seed % 2 else ["on_site", "telehealth"]}
    document["no_contact"] = [["other-0", "other-1"]]
    return instance_from_json(document)


def most_served(instance: Instance) -> Iterator[tuple[str, int]]:
    """Try every meeting with nothing more, with one room more, and with one practitioner more; the checker judges."""
    room = Room(MORE, 99)
    for kind, day, slot in product(instance.kinds.values(), range(3), range(8, 36, 2)):
        person = replace(
            instance.practitioners[0],
            id=MORE,
            shifts=(Interval(day, slot, min(60, slot + kind.slots)),),
            breaks=(),
            max_slots_day=60,
            max_slots_week=420,
        )
        yield GROUP, seated(instance, kind, day, slot)
        yield ROOM, seated(replace(instance, rooms=(*instance.rooms, room)), kind, day, slot)
        yield SHIFT, seated(replace(instance, practitioners=(*instance.practitioners, person)), kind, day, slot)


def seated(instance: Instance, kind: GroupKind, day: int, slot: int) -> int:
    """The most slots that one meeting of a kind could serve, whoever leads it and wherever it is."""
    best = 0
    tracks = instance.tracks if kind.service == "process_group" else (None,)
    for track, language, modality in product(tracks, instance.languages, ("on_site", "telehealth")):
        meeting = TherapyGroup(kind.code, day, slot, modality, track, language, "", None, None, ())
        for lead, co, room in staffings(instance, kind, meeting):
            best = max(best, kind.slots * fullest(instance, kind, replace(meeting, lead=lead, co=co, room=room)))
    return best


def staffings(instance: Instance, kind: GroupKind, meeting: TherapyGroup) -> Iterator[tuple[Id, Id | None, Id | None]]:
    def is_there(person: Practitioner) -> bool:
        return person.works(meeting.day, meeting.slot, meeting.slot + kind.slots)

    there = [person.id for person in instance.practitioners if is_there(person)]
    rooms = [room.id for room in instance.rooms] if meeting.modality == "on_site" else [None]
    for lead, co, room in product(there, [None, *there], rooms):
        if lead != co:
            yield lead, co, room


def fullest(instance: Instance, kind: GroupKind, meeting: TherapyGroup) -> int:
    """Try every set of people, the largest first, of those who could come each with anybody at all."""
    lone = replace(kind, size=replace(kind.size, minimum=1))
    any_size = replace(instance, kinds={**instance.kinds, kind.code: lone})
    alone = replace(meeting, co=None)
    could = [
        patient.id
        for patient in instance.patients
        if check(any_size, Timetable((replace(alone, members=(patient.id,)),))).ok
    ]
    for size in range(min(len(could), kind.size.maximum), kind.size.minimum - 1, -1):
        for members in combinations(could, size):
            co = meeting.co if size > kind.size.co_facilitator_above else None
            if check(instance, Timetable((replace(meeting, members=members, co=co),))).ok:
                return size
    return 0


def test_no_meeting_more_serves_more_than_the_first_that_is_named() -> None:
    seen: Counter[str] = Counter()

    @given(st.integers(0, 500))
    @settings(max_examples=6, deadline=None, derandomize=True, database=None)
    def holds(seed: int) -> None:
        instance = short_of(seed)
        week = FrozenWeek(instance, Timetable())
        named: Counter[str] = Counter()
        for advice in Meetings(week, Unmet(week)).all():
            named[advice.lacks] = max(named[advice.lacks], advice.slots)
        forced: Counter[str] = Counter()
        for lacks, slots in most_served(instance):
            forced[lacks] = max(forced[lacks], slots)

        assert max(named.values(), default=0) == max(forced.values())
        assert named[GROUP] == forced[GROUP]
        for lacks in (ROOM, SHIFT):
            assert named[lacks] <= forced[lacks]
            seen[lacks] += forced[lacks] > forced[GROUP]
        seen[GROUP] += forced[GROUP] > 0

    holds()
    assert min(seen[lacks] for lacks in (GROUP, ROOM, SHIFT)) > 0, seen


def test_no_shift_more_serves_more_than_the_first_that_is_named() -> None:
    @given(st.integers(0, 500))
    @settings(max_examples=4, deadline=None, derandomize=True, database=None)
    def holds(seed: int) -> None:
        instance = short_of(seed)
        # Nobody needs a group, so that only shifts are named.
        people = tuple(replace(patient, needs={"individual": 4}) for patient in instance.patients[:3])
        week = FrozenWeek(replace(instance, patients=people, no_contact=()), Timetable())
        every = [screened.solved().slots for screened in _Shifts(week, Unmet(week)).screened()]

        named = [advice.slots for advice in advise(week, count=3)]

        assert every
        assert named[0] == max(every)

    holds()
