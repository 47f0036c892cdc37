"""Who of those that lack seats could have which free one, and what stays short. Pure.

A screen, not a timetable: who has the fewest choices is seated first, each on the least wanted seat that there is, so
that scarce seats are kept for those who can come at no other time. Seating rules and the lengths of days are the
solver's business.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.contracts.identifiers import PatientId
from services.contracts.records.treatment_plans import PatientWeek
from services.contracts.scheduler.horizon import PartOfWeek
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.horizon.meetings import ExpectedMeeting, ExpectedWeek

Busy = Mapping[PatientId, Sequence[tuple[datetime, datetime]]]


@dataclass(frozen=True, slots=True)
class Short:
    """Seats that one person lacks of one service, and the parts of the week in which they have time for it."""

    patient_id: PatientId
    service: ServiceKind
    seats: int
    parts: frozenset[PartOfWeek]


@dataclass(frozen=True, slots=True)
class Filling:
    """Free seats that could be given, by the position of the meeting, and what nobody can be given."""

    given: Mapping[int, int]
    short: tuple[Short, ...]


@dataclass(frozen=True, slots=True)
class Opening:
    """A stretch of wall time in which meetings could take place, in instants of one week."""

    start: datetime
    end: datetime
    part: PartOfWeek


class Filler:
    """Seats the people of one week."""

    def __init__(
        self, week: ExpectedWeek, people: Mapping[PatientId, PatientWeek], busy: Busy, openings: Sequence[Opening]
    ) -> None:
        self._week = week
        self._people = people
        self._busy = busy
        self._openings = openings
        self._free = [max(0, meeting.seats - len(meeting.members)) for meeting in week.meetings]
        self._own: dict[PatientId, list[ExpectedMeeting]] = defaultdict(list)
        for meeting in week.meetings:
            for member in meeting.members if not meeting.is_closed else ():
                self._own[member].append(meeting)

    def fill(self, lengths: Mapping[ServiceKind, int]) -> Filling:
        """Give free seats; `lengths` are the usual minutes of a meeting, by which what is short is counted."""
        choices = {key: self._choices(*key) for key in self._week.lacking}
        wanted = Counter(number for numbers in choices.values() for number in numbers)
        given: Counter[int] = Counter()
        short = []
        for key in sorted(choices, key=lambda key: (len(choices[key]), str(key[0]), key[1].value)):
            left = self._seat(key, sorted(choices[key], key=lambda number: (wanted[number], number)), given)
            if left > 0:
                parts = frozenset(self._parts(key[0], lengths[key[1]]))
                short.append(Short(*key, -(-left // lengths[key[1]]), parts))
        return Filling(given, tuple(short))

    def _choices(self, patient_id: PatientId, service: ServiceKind) -> list[int]:
        return [
            number
            for number, meeting in enumerate(self._week.meetings)
            if self._free[number] and meeting.booked.service is service and self._may_sit(patient_id, meeting)
        ]

    def _may_sit(self, patient_id: PatientId, meeting: ExpectedMeeting) -> bool:
        person, booked = self._people[patient_id], meeting.booked
        speaks = booked.language is None or booked.language in person.languages
        suits = booked.is_of_track(person.track) and speaks and booked.modality in person.modalities
        return suits and self._has_time(patient_id, booked.start, booked.end, booked.modality)

    def _has_time(self, patient_id: PatientId, start: datetime, end: datetime, modality: Modality) -> bool:
        way = timedelta(minutes=self._people[patient_id].travel_minutes if modality is Modality.ON_SITE else 0)
        return not any(begin < end + way and start - way < until for begin, until in self._busy.get(patient_id, ()))

    def _seat(self, key: tuple[PatientId, ServiceKind], choices: Iterable[int], given: Counter[int]) -> int:
        patient_id, service = key
        left = self._week.lacking[key]
        for number in choices:
            meeting = self._week.meetings[number]
            if left < meeting.booked.minutes or not self._free[number] or self._clashes(patient_id, service, meeting):
                continue
            self._free[number] -= 1
            given[number] += 1
            self._own[patient_id].append(meeting)
            left -= meeting.booked.minutes
        return left

    def _clashes(self, patient_id: PatientId, service: ServiceKind, meeting: ExpectedMeeting) -> bool:
        """Say whether the person is elsewhere then, or has the service that day already."""
        start, end = meeting.booked.start, meeting.booked.end
        return any(
            (own.booked.start < end and start < own.booked.end)
            or (own.booked.service is service and own.booked.start.date() == start.date())
            for own in self._own[patient_id]
        )

    def _parts(self, patient_id: PatientId, minutes: int) -> Iterable[PartOfWeek]:
        """Yield the parts of the week in which the person has time for a meeting while the site is open."""
        modalities = self._people[patient_id].modalities
        modality = Modality.ON_SITE if Modality.ON_SITE in modalities else Modality.TELEHEALTH
        length, step = timedelta(minutes=minutes), timedelta(minutes=30)
        for opening in self._openings:
            start = opening.start
            while start + length <= opening.end:
                if self._has_time(patient_id, start, start + length, modality):
                    yield opening.part
                    break
                start += step
