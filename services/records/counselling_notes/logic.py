"""What is allowed with counselling notes: without a consent for them only their author uses them."""

import secrets
from typing import Final

from services.chassis.database import new_id
from services.chassis.errors import NotFoundError, StaleVersionError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, CounsellingNoteId, PatientId
from services.contracts.records.counselling_notes import (
    CounsellingNote,
    CounsellingNoteHead,
    CounsellingNoteRequest,
)
from services.records.counselling_notes.storage import CounsellingNoteQueries, CounsellingNoteRows, Kept
from services.records.gate import Gate, Reach
from services.records.patients.logic import PatientCommands, PatientReads

_NOTES: Final = Information.COUNSELLING_NOTES
_BESIDE: Final = Information.PROGRESS_NOTES
"""Who may write about a patient at all."""


class CounsellingNoteCommands:
    """Changes to counselling notes, within one unit of work."""

    def __init__(self, rows: CounsellingNoteRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def create(self, patient_id: PatientId, request: CounsellingNoteRequest) -> CounsellingNoteHead:
        """Keep a note about a patient whom the caller treats.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.lock(patient_id, _BESIDE)
        now = self._gate.clock.now()
        head = CounsellingNoteHead(
            id=CounsellingNoteId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            version=1,
            written_at=now,
        )
        await self._rows.add(head, self._gate.caller.account_id, request.text)
        return head

    async def write(
        self, note_id: CounsellingNoteId, request: CounsellingNoteRequest, version: int
    ) -> CounsellingNoteHead:
        """Write another version; the earlier one is kept.

        Raises:
            NotFoundError: There is no such note here, or it is not the caller's, who still treats the patient.
            StaleVersionError: Another version has been written meanwhile.
        """
        found = _own(await self._rows.one(note_id), note_id, self._gate)
        await self._patients.lock(found.patient_id, _BESIDE)
        # Read again: another version may have been written before the patient was locked.
        kept = await self._rows.one(note_id) or found
        if kept.version != version:
            raise StaleVersionError("The note has changed since you read it; read it again and send its ETag.")
        head = kept.head().model_copy(update={"version": version + 1, "written_at": self._gate.clock.now()})
        await self._rows.write(kept, head, request.text)
        return head


class CounsellingNotesToDisclose:
    """Counselling notes as a disclosure takes them, which decides on them itself."""

    def __init__(self, queries: CounsellingNoteQueries) -> None:
        self._queries = queries

    async def of_patient(self, patient_id: PatientId) -> list[CounsellingNote]:
        """Return all that is kept about a patient, in the newest versions."""
        return [self._queries.opened(one) for one in await self._queries.of_patient(patient_id)]

    async def are_by(self, patient_id: PatientId, account_id: AccountId) -> bool:
        """Whether there are notes about a patient, and one account wrote all of them; none is opened for it."""
        return {one.author_id for one in await self._queries.of_patient(patient_id)} == {account_id}


class CounsellingNoteReads:
    """What an author reads of the own counselling notes."""

    def __init__(self, queries: CounsellingNoteQueries, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def one(self, note_id: CounsellingNoteId) -> CounsellingNote:
        """Return a note to its author.

        Raises:
            NotFoundError: There is no such note here, or it is not the caller's.
        """
        return self._queries.opened(_own(await self._queries.one(note_id), note_id, self._gate))

    async def own(self, patient_id: PatientId) -> Page[CounsellingNoteHead]:
        """Return which notes the caller keeps about a patient, oldest first, and nobody else's.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.presence(patient_id, _BESIDE)
        found = await self._queries.own(patient_id, self._gate.caller.account_id)
        return Page(items=[one.head() for one in found], next_page_token=None)


def _own(kept: Kept | None, note_id: CounsellingNoteId, gate: Gate) -> Kept:
    if kept is None:
        gate.refuse(note_id)
        raise NotFoundError
    is_author = kept.author_id == gate.caller.account_id
    reach = Reach(kept.organization_id, is_author=is_author, is_sealed=kept.is_sealed)
    gate.pass_through(kept.patient_id, reach, _NOTES)
    return kept
