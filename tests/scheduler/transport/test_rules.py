"""Seats are given to whom they serve, never one too many, and nobody stays without while one is free."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.contracts.identifiers import AppointmentId, PatientId, RideId, RunId, SiteId, VehicleId
from services.contracts.scheduler.transport import Run, RunDirection
from services.scheduler.transport.facts import Coming, Leg, TakenSeat
from services.scheduler.transport.rules import LONGEST_GAP, LONGEST_WAIT, arranged, legs_of, serves, stays_of, ways_left

QUARTER = timedelta(minutes=15)
NOW = datetime(2026, 10, 6, 8, tzinfo=UTC)


def run(number: int, direction: RunDirection, start: int, seats: int) -> Run:
    begin = NOW + start * QUARTER
    return Run(
        id=RunId(UUID(int=number)),
        site_id=SiteId(UUID(int=1)),
        vehicle_id=VehicleId(UUID(int=1)),
        direction=direction,
        start=begin,
        end=begin + 2 * QUARTER,
        seats=seats,
        taken=0,
    )


def coming(number: int, patient: int, start: int, *, is_waived: bool = False) -> Coming:
    begin = NOW + start * QUARTER
    return Coming(PatientId(UUID(int=patient)), AppointmentId(UUID(int=number)), begin, begin + 4 * QUARTER, is_waived)


RUNS = st.lists(st.tuples(st.sampled_from(RunDirection), st.integers(-4, 40), st.integers(1, 3)), max_size=8).map(
    lambda found: [run(number, *one) for number, one in enumerate(found)]
)
# A patient's sessions never meet: each has a place of its own on a coarse grid.
SESSIONS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 6), st.booleans()), max_size=12, unique_by=lambda one: one[:2]
).map(lambda found: [coming(n, who, 5 * place, is_waived=waived) for n, (who, place, waived) in enumerate(found)])


@given(sessions=SESSIONS, runs=RUNS)
def test_each_way_gets_a_seat_that_serves_it_unless_all_of_those_are_taken(
    sessions: list[Coming], runs: list[Run]
) -> None:
    legs = list(legs_of(stays_of(sessions), NOW))

    found = arranged(legs, [], runs, NOW)

    by_id = {one.id: one for one in runs}
    taken = Counter(run_id for _, run_id in found.taken)
    assert all(taken[one.id] <= one.seats for one in runs)
    assert all(serves(by_id[run_id], leg) and by_id[run_id].start > NOW for leg, run_id in found.taken)
    pairs = [(run_id, leg.stay.patient_id) for leg, run_id in found.taken]
    assert len(pairs) == len(set(pairs))
    assert Counter([*(leg for leg, _ in found.taken), *found.missing]) == Counter(legs)
    for leg in found.missing:
        serving = [one for one in runs if serves(one, leg) and one.start > NOW]
        assert all(taken[one.id] == one.seats or (one.id, leg.stay.patient_id) in pairs for one in serving)


@given(sessions=SESSIONS, runs=RUNS)
def test_asked_again_nothing_more_is_taken(sessions: list[Coming], runs: list[Run]) -> None:
    legs = list(legs_of(stays_of(sessions), NOW))
    first = arranged(legs, [], runs, NOW)
    by_id = {one.id: one for one in runs}
    seats = [seat(number, leg, by_id[run_id]) for number, (leg, run_id) in enumerate(first.taken)]
    taken = Counter(one.run_id for one in seats)
    left = [one.model_copy(update={"taken": taken[one.id]}) for one in runs]

    again = arranged(legs, seats, left, NOW)

    assert (again.taken, again.useless) == ((), ())
    assert set(again.missing) == set(first.missing)


def seat(number: int, leg: Leg, on: Run) -> TakenSeat:
    return TakenSeat(
        ride_id=RideId(UUID(int=number)),
        run_id=on.id,
        patient_id=leg.stay.patient_id,
        appointment_id=leg.session.appointment_id,
        direction=on.direction,
        start=on.start,
        end=on.end,
    )


@given(sessions=SESSIONS)
def test_every_session_is_of_one_stay_and_stays_lie_apart(sessions: list[Coming]) -> None:
    stays = stays_of(sessions)

    assert Counter(one for stay in stays for one in stay.sessions) == Counter(sessions)
    for stay in stays:
        assert len({one.patient_id for one in stay.sessions}) == 1
        for other in stays:
            if other.patient_id == stay.patient_id and other.sessions[0].start > stay.sessions[-1].start:
                assert other.sessions[0].start - stay.sessions[-1].end > LONGEST_GAP


def test_nobody_waits_longer_than_an_hour_at_the_site() -> None:
    [leg, _] = legs_of(stays_of([coming(1, 1, 12)]), NOW)
    arrivals = {start: serves(run(1, RunDirection.TO_SITE, start, 1), leg) for start in range(12)}

    assert timedelta(hours=1) == LONGEST_WAIT
    assert [start for start, does in arrivals.items() if does] == [6, 7, 8, 9, 10]


def test_a_reason_for_one_session_is_one_for_the_whole_stay() -> None:
    assert list(legs_of(stays_of([coming(1, 1, 4), coming(2, 1, 9, is_waived=True)]), NOW)) == []
    assert len(list(legs_of(stays_of([coming(1, 1, 4), coming(2, 1, 30, is_waived=True)]), NOW))) == 2


def test_who_rode_to_a_session_that_is_given_up_keeps_a_way_to_what_is_left_of_the_stay() -> None:
    first, second, evening = coming(1, 1, 4), coming(2, 1, 9), coming(3, 1, 40)
    stays = stays_of([first, second, evening])
    ride = seat(1, Leg(stays[0], RunDirection.TO_SITE), run(1, RunDirection.TO_SITE, 0, 1))

    assert ways_left(stays, [ride], {(first.appointment_id, first.patient_id)}) == {
        (second.appointment_id, RunDirection.TO_SITE)
    }
    assert ways_left(stays, [ride], {(second.appointment_id, second.patient_id)}) == set()
    both = {(one.appointment_id, one.patient_id) for one in (first, second)}
    assert ways_left(stays, [ride], both) == set()
