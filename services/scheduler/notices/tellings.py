"""Who is told what of a new version of a week: those whose own sessions have changed, and nobody else. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from services.contracts.identifiers import AppointmentId, PatientId, SiteId
from services.contracts.scheduler.notices import NoticeKind
from services.contracts.scheduler.timetables import Session
from services.contracts.vocabulary import ServiceKind
from services.scheduler.appointments.book import BookedSession
from services.scheduler.appointments.rules import WeekDifference
from services.scheduler.notices.facts import NoticeFacts, Sitting


@dataclass(frozen=True, slots=True)
class Telling:
    """What one patient is to be told."""

    patient_id: PatientId
    kind: NoticeKind
    facts: NoticeFacts


@dataclass(frozen=True, slots=True)
class _Attended:
    """A session that a patient goes to; None for the identifier where nothing is booked yet."""

    appointment_id: AppointmentId | None
    sitting: Sitting


_Attendance = dict[tuple[PatientId, ServiceKind], list[_Attended]]


def tellings_of(
    difference: WeekDifference, added: Sequence[AppointmentId | None], site_id: SiteId, now: datetime
) -> list[Telling]:
    """Return what a new version is to tell, in the order of patients and time.

    A session that a patient loses is joined with one of the same service that the patient gets, in the order of time:
    to the patient, that one has moved. Who had nothing before is told once, of the first session.
    """
    before, after = _before(difference, now), _after(difference, added, now)
    if not difference.kept and not difference.cancelled:
        return list(_firsts(after, site_id))
    found = [
        Telling(patient_id, kind, facts)
        for patient_id, service in sorted(before.keys() | after.keys())
        for kind, facts in _changes(before[patient_id, service], after[patient_id, service], site_id)
    ]
    return sorted(found, key=lambda telling: (telling.patient_id, _when(telling)))


def _before(difference: WeekDifference, now: datetime) -> _Attendance:
    found: _Attendance = defaultdict(list)
    for session in (*difference.cancelled, *(kept.before for kept in difference.kept)):
        _note(found, session.id, session, session.members, now)
    return found


def _after(difference: WeekDifference, added: Sequence[AppointmentId | None], now: datetime) -> _Attendance:
    found: _Attendance = defaultdict(list)
    for kept in difference.kept:
        seated = [seat.patient_id for seat in kept.seats if seat.held_until is None]
        _note(found, kept.before.id, kept.after, seated, now)
    for appointment_id, session in zip(added, difference.added, strict=True):
        _note(found, appointment_id, session, session.patient_ids, now)
    return found


def _note(
    found: _Attendance,
    appointment_id: AppointmentId | None,
    session: Session | BookedSession,
    patients: Iterable[PatientId],
    now: datetime,
) -> None:
    if session.start > now:
        sitting = Sitting(session.start, session.end, session.modality, session.practitioner_id, session.room_id)
        attended = _Attended(appointment_id, sitting)
        for patient_id in patients:
            found[patient_id, session.service].append(attended)


def _changes(
    before: Sequence[_Attended], after: Sequence[_Attended], site_id: SiteId
) -> Iterator[tuple[NoticeKind, NoticeFacts]]:
    by_id: dict[AppointmentId | None, _Attended] = {
        attended.appointment_id: attended for attended in after if attended.appointment_id is not None
    }
    kept = {attended.appointment_id for attended in before} & by_id.keys()
    for attended in before:
        if attended.appointment_id in kept and not attended.sitting.is_like(by_id[attended.appointment_id].sitting):
            yield _change(attended, by_id[attended.appointment_id], site_id)
    lost = sorted((one for one in before if one.appointment_id not in kept), key=_start)
    gained = sorted((one for one in after if one.appointment_id not in kept), key=_start)
    for old, new in zip_longest(lost, gained):
        if old is None or new is None or not old.sitting.is_like(new.sitting):
            yield _change(old, new, site_id)


def _start(attended: _Attended) -> datetime:
    return attended.sitting.start


def _change(old: _Attended | None, new: _Attended | None, site_id: SiteId) -> tuple[NoticeKind, NoticeFacts]:
    newest = new or old
    facts = NoticeFacts(
        site_id,
        None if newest is None else newest.appointment_id,
        before=None if old is None else old.sitting,
        after=None if new is None else new.sitting,
    )
    if old is None:
        return NoticeKind.SESSION_ADDED, facts
    return (NoticeKind.SESSION_CANCELLED if new is None else NoticeKind.SESSION_CHANGED), facts


def _firsts(after: _Attendance, site_id: SiteId) -> Iterator[Telling]:
    firsts: dict[PatientId, _Attended] = {}
    for (patient_id, _), sessions in after.items():
        firsts[patient_id] = min([*sessions, *([firsts[patient_id]] if patient_id in firsts else [])], key=_start)
    for patient_id in sorted(firsts):
        yield Telling(patient_id, NoticeKind.WEEK_PUBLISHED, NoticeFacts(site_id, after=firsts[patient_id].sitting))


def _when(telling: Telling) -> datetime:
    sittings = [one.start for one in (telling.facts.before, telling.facts.after) if one is not None]
    return min(sittings)
