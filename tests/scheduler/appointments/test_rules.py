"""Whatever a week was and becomes, the difference between the two is whole, and nobody is in two places."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import Modality, ServiceKind
from services.scheduler.appointments.book import BookedSession, Seat
from services.scheduler.appointments.rules import KeptApart, difference

NINE = datetime(2026, 10, 5, 13, tzinfo=UTC)
SERVICES = (ServiceKind.PROCESS_GROUP, ServiceKind.SKILLS_GROUP, ServiceKind.INDIVIDUAL)
PATIENTS = [PatientId(UUID(int=number)) for number in range(1, 7)]
LEADS = [PractitionerId(UUID(int=number)) for number in range(101, 104)]
KNOWN: tuple[KeptApart, ...] = ({}, {patient: frozenset() for patient in PATIENTS})
few = settings(max_examples=60)


@st.composite
def weeks(draw: st.DrawFn) -> list[Session]:
    """A week without double bookings: each day has up to two sessions at once, of different people."""
    sessions = []
    for day in draw(st.sets(st.integers(0, 5), max_size=4)):
        people = draw(st.permutations(PATIENTS))
        for part in (people[:3], people[3:])[: draw(st.integers(1, 2))]:
            service = draw(st.sampled_from(SERVICES))
            members = part[: draw(st.integers(1, 3))] if service.is_group else part[:1]
            sessions.append(
                Session(
                    service=service,
                    modality=draw(st.sampled_from(Modality)),
                    start=NINE + timedelta(days=day, hours=draw(st.integers(0, 1))),
                    end=NINE + timedelta(days=day, hours=2),
                    room_id=None,
                    practitioner_id=draw(st.sampled_from(LEADS)),
                    co_facilitator_id=None,
                    track=None,
                    language=None,
                    capacity=draw(st.integers(len(members), 4)) if service.is_group else 1,
                    patient_ids=members,
                )
            )
    return sessions


@st.composite
def books(draw: st.DrawFn) -> list[BookedSession]:
    """A week in the book: some of its seats given by hand, some given back."""
    return [
        BookedSession(
            id=AppointmentId(UUID(int=1000 + number)),
            sequence=0,
            service=session.service,
            modality=session.modality,
            start=session.start,
            end=session.end,
            room_id=None,
            practitioner_id=session.practitioner_id,
            co_facilitator_id=None,
            seats={
                one: Seat(one, by_hand=session.service.is_group and draw(st.booleans()))
                for one in session.patient_ids[number % 2 :]
            },
            released=frozenset(session.patient_ids[: number % 2]),
        )
        for number, session in enumerate(draw(weeks()))
    ]


@few
@given(books(), weeks(), st.integers(-1, 6), st.sampled_from(KNOWN))
def test_a_difference_is_whole_and_seats_nobody_twice(
    booked: list[BookedSession], planned: list[Session], day: int, apart: KeptApart
) -> None:
    now = NINE + timedelta(days=day)

    changes = difference(booked, planned, apart=apart, now=now)

    ahead = [session for session in booked if session.start > now]
    assert Counter(one.id for one in (*changes.cancelled, *(kept.before for kept in changes.kept))) == Counter(
        session.id for session in ahead
    )
    wanted = [session for session in planned if session.start > now or not booked]
    assert sorted(map(repr, (*changes.added, *(kept.after for kept in changes.kept)))) == sorted(map(repr, wanted))
    seats = [(kept.after, [seat.patient_id for seat in kept.seats]) for kept in changes.kept]
    seats += [(session, session.patient_ids) for session in changes.added]
    assert all(len(set(people)) == len(people) <= session.capacity for session, people in seats)
    for (one, people), (other, others) in combinations(seats, 2):
        assert not (one.start < other.end and other.start < one.end) or set(people).isdisjoint(others)


@few
@given(books(), weeks())
def test_an_identifier_stays_with_its_service_and_with_one_person_s_session_s_person(
    booked: list[BookedSession], planned: list[Session]
) -> None:
    for kept in difference(booked, planned, apart={}, now=NINE - timedelta(days=1)).kept:
        assert kept.before.service is kept.after.service
        assert kept.before.service.is_group or kept.before.people == set(kept.after.patient_ids)


@few
@given(books())
def test_a_version_that_changes_nothing_changes_nothing(booked: list[BookedSession]) -> None:
    planned = [
        Session(
            service=session.service,
            modality=session.modality,
            start=session.start,
            end=session.end,
            room_id=None,
            practitioner_id=session.practitioner_id,
            co_facilitator_id=None,
            track=None,
            language=None,
            capacity=4,
            patient_ids=sorted(
                session.released | {seat.patient_id for seat in session.seats.values() if not seat.by_hand}
            ),
        )
        for session in booked
    ]

    changes = difference(booked, planned, apart={}, now=NINE - timedelta(days=1))

    assert (changes.cancelled, changes.added, changes.undone_by_hand) == ((), (), 0)
    for kept in changes.kept:
        assert not kept.is_changed
        assert {seat.patient_id: seat for seat in kept.seats} == kept.before.seats
        assert set(kept.released) == kept.before.released
