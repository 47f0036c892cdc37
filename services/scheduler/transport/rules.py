"""Which run serves which session, and who has a seat on which. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta, tzinfo
from typing import Final

from services.contracts.identifiers import AppointmentId, PatientId, RunId
from services.contracts.scheduler.transport import FreeRun, MissingRide, Run, RunDirection
from services.contracts.vocabulary import Modality
from services.scheduler.transport.facts import Arrangement, Coming, Leg, LostSeat, Replacement, Stay, TakenSeat, Visit

LONGEST_WAIT: Final = timedelta(hours=1)
"""How long somebody may be left waiting at the site before a session, or after it."""

LONGEST_GAP: Final = timedelta(hours=2)
"""How long somebody stays at the site between two sessions rather than being driven home and back."""


def refusal(run: Run, visit: Visit, stop_at: datetime, now: datetime) -> tuple[str, str] | None:
    """Say why a run does not serve a visit, as a code and a sentence; None where it does."""
    wait = _wait(run, visit.start if run.direction is RunDirection.TO_SITE else visit.end)
    facts = (
        (run.start > now, "run-begun", "The run has begun."),
        (visit.modality is Modality.ON_SITE, "no-way-to-go", "The session takes place by telehealth."),
        (run.site_id == visit.site_id, "other-site", "The run serves another site than the session's."),
        (wait >= timedelta(), "run-too-late", "The run meets the session: it must arrive before, or leave after it."),
        (wait <= LONGEST_WAIT, "run-too-far", "The run is more than an hour from the session."),
        stop_within(run, stop_at),
    )
    return next(((code, sentence) for holds, code, sentence in facts if not holds), None)


def stop_within(run: Run, stop_at: datetime) -> tuple[bool, str, str]:
    """Say whether a stop lies within a run, and what is wrong where it does not."""
    return run.start <= stop_at <= run.end, "stop-outside-run", "The stop is not within the run's time."


def _wait(run: Run | TakenSeat, at: datetime) -> timedelta:
    return at - run.end if run.direction is RunDirection.TO_SITE else run.start - at


def serves(run: Run | TakenSeat, leg: Leg) -> bool:
    """Whether a run brings somebody there in time, or takes them home, without a long wait."""
    return run.direction is leg.direction and timedelta() <= _wait(run, leg.at) <= LONGEST_WAIT


def stays_of(sessions: Iterable[Coming]) -> list[Stay]:
    """Join the sessions of each patient between which the patient stays at the site."""
    stays: list[list[Coming]] = []
    for session in sorted(sessions, key=lambda one: (one.patient_id, one.start)):
        last = stays[-1][-1] if stays else None
        if last is not None and last.patient_id == session.patient_id and session.start - last.end <= LONGEST_GAP:
            stays[-1].append(session)
        else:
            stays.append([session])
    return [Stay(tuple(stay)) for stay in stays]


def legs_of(stays: Iterable[Stay], now: datetime) -> Iterator[Leg]:
    """Yield the ways that are ahead, but for those of whom no ride is needed."""
    for stay in stays:
        if not stay.is_waived:
            yield from (leg for leg in (Leg(stay, direction) for direction in RunDirection) if leg.at > now)


def arranged(legs: Iterable[Leg], seats: Sequence[TakenSeat], runs: Sequence[Run], now: datetime) -> Arrangement:
    """Give each way that has no seat yet one on a run that serves it.

    A way that few runs serve comes first, so that it is not left without for one that had a choice; of the runs the one
    with the shortest wait. Seats that somebody has already are never taken away for somebody else.
    """
    ahead = [run for run in runs if run.start > now]
    free = Counter({run.id: run.seats - run.taken for run in ahead})
    open_legs = [leg for leg in legs if not any(_is_seat_of(seat, leg) for seat in seats)]
    choices = {leg: sorted(_serving(ahead, leg), key=lambda run: (_wait(run, leg.at), run.id)) for leg in open_legs}
    aboard = {(seat.run_id, seat.patient_id) for seat in seats}
    taken: list[tuple[Leg, RunId]] = []
    missing: list[Leg] = []
    for leg in sorted(open_legs, key=lambda one: _urgency(one, len(choices[one]))):
        run_id = _first_free(choices[leg], leg.stay.patient_id, free, aboard)
        if run_id is None:
            missing.append(leg)
            continue
        free[run_id] -= 1
        aboard.add((run_id, leg.stay.patient_id))
        taken.append((leg, run_id))
    useless = [seat.ride_id for leg, _ in taken for seat in seats if _goes_the_way(seat, leg)]
    return Arrangement(tuple(taken), tuple(useless), tuple(sorted(missing, key=lambda leg: _urgency(leg, 0))))


def replacement(lost: Iterable[LostSeat], legs: Iterable[Leg], seats: Sequence[TakenSeat]) -> Replacement:
    """Say which seat each has now for the way that a lost one was for, and which of these ways have none."""
    open_legs = list(legs)
    had = [(one, leg) for one in lost for leg in open_legs if leg.was_of(one)]
    found = {one.ride_id: next((seat for seat in seats if _is_seat_of(seat, leg)), None) for one, leg in had}
    missing = {leg for one, leg in had if found[one.ride_id] is None}
    return Replacement(
        {ride_id: seat for ride_id, seat in found.items() if seat is not None},
        sorted(missing, key=lambda leg: _urgency(leg, 0)),
    )


def ways_left(
    stays: Iterable[Stay], seats: Iterable[TakenSeat], leaving: AbstractSet[tuple[AppointmentId, PatientId]]
) -> set[tuple[AppointmentId, RunDirection]]:
    """Return which ways of which sessions lose their ride when people give up others of the same stay."""
    by_session = {(one.appointment_id, one.patient_id): stay for stay in stays for one in stay.sessions}
    gone = [(seat, by_session.get((seat.appointment_id, seat.patient_id))) for seat in seats]
    return {
        (other.appointment_id, seat.direction)
        for seat, stay in gone
        if stay is not None and (seat.appointment_id, seat.patient_id) in leaving
        for other in stay.sessions
        if (other.appointment_id, other.patient_id) not in leaving
    }


def missing_ride(leg: Leg, runs: Iterable[Run], zone: tzinfo, now: datetime) -> MissingRide:
    """Write a way without a seat down, with the runs of its day that have free ones."""
    day = leg.at.astimezone(zone).date()
    free = [
        run
        for run in sorted(runs, key=lambda run: (run.start, run.id))
        if run.direction is leg.direction and run.taken < run.seats and run.start > now
        if run.start.astimezone(zone).date() == day
    ]
    return MissingRide(
        patient_id=leg.stay.patient_id,
        appointment_id=leg.session.appointment_id,
        direction=leg.direction,
        at=leg.at.astimezone(zone),
        serving=[_free_run(run, zone) for run in free if serves(run, leg)],
        others=[_free_run(run, zone) for run in free if not serves(run, leg)],
    )


def _free_run(run: Run, zone: tzinfo) -> FreeRun:
    start, end = run.start.astimezone(zone), run.end.astimezone(zone)
    return FreeRun(run_id=run.id, start=start, end=end, free=run.seats - run.taken)


def _urgency(leg: Leg, choices: int) -> tuple[object, ...]:
    return choices, leg.at, leg.stay.patient_id


def _serving(runs: Iterable[Run], leg: Leg) -> Iterator[Run]:
    return (run for run in runs if serves(run, leg))


def _is_seat_of(seat: TakenSeat, leg: Leg) -> bool:
    return seat.patient_id == leg.stay.patient_id and serves(seat, leg)


def _goes_the_way(seat: TakenSeat, leg: Leg) -> bool:
    """Whether a seat was for this way of the stay, before the stay became another one."""
    of_stay = {session.appointment_id for session in leg.stay.sessions}
    is_hers = seat.patient_id == leg.stay.patient_id and seat.appointment_id in of_stay
    return is_hers and seat.direction is leg.direction


def _first_free(
    runs: Iterable[Run], patient_id: PatientId, free: Counter[RunId], aboard: set[tuple[RunId, PatientId]]
) -> RunId | None:
    return next((run.id for run in runs if free[run.id] > 0 and (run.id, patient_id) not in aboard), None)
