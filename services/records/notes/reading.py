"""What can be read of notes, of what is not documented yet, and of what is a completed service."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from services.chassis.errors import NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import EncounterId, NoteId, PatientId, SiteId
from services.contracts.records.notes import DeliveredService, Note, OpenNote
from services.records.documentation.logic import Standards
from services.records.documentation.rules import Standard
from services.records.errors import NotAMondayError
from services.records.gate import Gate
from services.records.notes.logic import NOTES
from services.records.notes.service_storage import Delivered, ServiceQueries
from services.records.notes.storage import Kept, NoteQueries
from services.records.patients.logic import PatientReads
from services.records.person_seal import PersonSeal


class NoteReads:
    """What can be read of notes; a draft is nobody's but its author's."""

    def __init__(self, queries: NoteQueries, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def one(self, note_id: NoteId) -> Note:
        """Return a note: its draft, or the newest version that was signed.

        Raises:
            NotFoundError: There is no such note here, or not for the caller.
        """
        kept, seal = await self._found(note_id)
        return kept.told(seal)

    async def versions(self, note_id: NoteId) -> Page[Note]:
        """Return every version that was signed, newest first.

        Raises:
            NotFoundError: There is no such note here, or not for the caller.
        """
        _, seal = await self._found(note_id)
        return Page(items=[one.told(seal) for one in await self._queries.versions(note_id)], next_page_token=None)

    async def page(self, patient_id: PatientId, requested: PageRequest) -> Page[Note]:
        """Return a page of a patient's notes, oldest first.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        seal = await self._patients.seal(patient_id, NOTES)
        found = await self._queries.page(patient_id, self._gate.caller.account_id, requested)
        return requested.page([one.told(seal) for one in found])

    async def _found(self, note_id: NoteId) -> tuple[Kept, PersonSeal]:
        kept = await self._queries.one(note_id)
        if kept is None or (kept.is_draft and kept.author_id != self._gate.caller.account_id):
            self._gate.refuse(note_id)
            raise NotFoundError
        return kept, await self._patients.seal(kept.patient_id, NOTES)


class ServiceReads:
    """What can be read of services: whether they are documented, and by when they have to be."""

    def __init__(self, queries: ServiceQueries, patients: PatientReads, standards: Standards, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._standards = standards
        self._gate = gate

    async def undocumented(self, site_id: SiteId, requested: PageRequest) -> Page[OpenNote]:
        """Return a page of attended sessions that lack a signed note, of those at a site whom the caller treats."""
        reached = await self._patients.reached(site_id, NOTES)
        found = await self._queries.undocumented(reached, requested)
        # Where somebody is treated now may not be where the session was, which is what the deadline depends on.
        standards = await self._standards.of_all({_place(one) for one in found})
        now = self._gate.clock.now()
        page = requested.page([_open(one, standards[_place(one)], now) for one in found])
        self._patients.shown({one.patient_id for one in page.items}, NOTES)
        return page

    async def undocumented_of(self, patient_id: PatientId) -> list[OpenNote]:
        """Return a patient's sessions that lack a signed note, oldest first; the caller has let the patient through."""
        found = await self._queries.undocumented_of(patient_id)
        standards = await self._standards.of_all_sites({_place(one) for one in found})
        return [_open(one, standards[_place(one)], self._gate.clock.now()) for one in found]

    async def completed(self, encounter_ids: Sequence[EncounterId]) -> frozenset[EncounterId]:
        """Return which of these sessions are attended and signed by all who must; the caller has passed the gate."""
        return await self._queries.completed(encounter_ids)

    async def delivered(self, patient_id: PatientId, monday: date) -> Page[DeliveredService]:
        """Return the sessions of a week that the patient attended, and which of them are completed services.

        Raises:
            NotAMondayError: The day does not begin a week.
            NotFoundError: There is no such patient here, or not for the caller.
        """
        if monday.weekday() != 0:
            raise NotAMondayError
        await self._patients.presence(patient_id, Information.ATTENDANCE)
        found = await self._queries.delivered(patient_id, monday)
        return Page(items=[_service(one) for one in found], next_page_token=None)


def _place(one: Delivered) -> tuple[SiteId, date]:
    return one.site_id, one.end.astimezone(UTC).date()


def _open(one: Delivered, standard: Standard | None, now: datetime) -> OpenNote:
    due = None if standard is None else standard.note_due(one.end)
    return OpenNote(
        id=one.id,
        patient_id=one.patient_id,
        site_id=one.site_id,
        service=one.service,
        end=one.end,
        due_at=due,
        is_overdue=due is not None and now > due,
        awaits_cosignature=one.is_signed,
        rule=None if standard is None else standard.note_rule,
    )


def _service(one: Delivered) -> DeliveredService:
    return DeliveredService(
        encounter_id=one.id,
        service=one.service,
        start=one.start,
        end=one.end,
        attended_minutes=one.attended_minutes,
        is_completed=one.is_completed,
    )
