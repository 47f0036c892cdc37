"""What is allowed with notes: an author drafts and signs, a supervisor co-signs, and nobody changes what was signed."""

import secrets
from datetime import UTC, datetime
from typing import Final, NamedTuple

from services.chassis.database import new_id
from services.chassis.errors import NotFoundError, StaleVersionError
from services.contracts.disclosure import Information
from services.contracts.identifiers import EncounterId, NoteId
from services.contracts.records.encounters import Encounter
from services.contracts.records.notes import Note, NoteAmendment, NoteText
from services.records.documentation.logic import Standards
from services.records.encounters.logic import Sessions
from services.records.gate import Gate
from services.records.notes.errors import (
    CosignatureNotYoursError,
    NoteExistsError,
    NoteSignedError,
    NoteUnsignedError,
    SessionOpenError,
)
from services.records.notes.others import OthersInTexts
from services.records.notes.rules import digest, is_settled
from services.records.notes.storage import Kept, NoteRows, Signature
from services.records.patients.logic import PatientCommands
from services.records.person_seal import PersonSeal
from services.records.refusals import Refusal
from services.records.supervisions.logic import Supervisors

NOTES: Final = Information.PROGRESS_NOTES


class Around(NamedTuple):
    """What a note depends on beside its own rows, within one unit of work."""

    sessions: Sessions
    supervisors: Supervisors
    standards: Standards


class NoteCommands:
    """Changes to notes, within one unit of work."""

    def __init__(self, rows: NoteRows, patients: PatientCommands, around: Around, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._around = around
        self._others = OthersInTexts(around.sessions, patients, gate)
        self._gate = gate

    async def create(self, encounter_id: EncounterId, text: NoteText) -> Note:
        """Draft the caller's note of a session.

        Raises:
            NotFoundError: There is no such session here, or not for the caller.
            NoteExistsError: The caller has a note of it.
            OthersNamedError: A text names somebody who sat beside the patient, in whichever session.
        """
        encounter = await self._around.sessions.one(encounter_id)
        if encounter is None:
            self._gate.refuse(encounter_id)
            raise NotFoundError
        seal = (await self._patients.lock_sealed(encounter.patient_id, NOTES)).seal
        await self._others.refuse(encounter.patient_id, encounter.id, text)
        return (await self.add(encounter, text, seal)).told(seal)

    async def add(self, encounter: Encounter, text: NoteText, seal: PersonSeal) -> Kept:
        """Write the first draft of a note of a session whose patient is locked.

        Raises:
            NoteExistsError: The caller has a note of it.
        """
        author = self._gate.caller.account_id
        if await self._rows.exists(encounter.id, author):
            raise NoteExistsError
        now = self._gate.clock.now()
        note_id = NoteId(new_id(now, secrets.token_bytes(10)))
        return await self._rows.add(Kept(note_id, encounter.patient_id, encounter.id, author, now), text, seal)

    async def redraft(self, note_id: NoteId, text: NoteText, version: int) -> Note:
        """Write a draft over the one before.

        Raises:
            NotFoundError: There is no such note here, or not for the caller.
            NoteSignedError: It is signed.
            StaleVersionError: The draft has been changed meanwhile.
            OthersNamedError: A text names somebody who sat beside the patient, in whichever session.
        """
        kept, seal = await self._lock_own(note_id)
        if not kept.is_draft:
            raise NoteSignedError
        _refuse_stale(kept, version)
        await self._others.refuse(kept.patient_id, kept.encounter_id, text)
        return (await self._rows.redraft(kept, text, seal)).told(seal)

    async def sign(self, note_id: NoteId, version: int) -> Note:
        """Sign the draft that was read; from then on it stays as it is.

        Raises:
            NotFoundError: There is no such note here, or not for the caller.
            NoteSignedError: It is signed already.
            StaleVersionError: The draft has been changed meanwhile.
            SessionOpenError: What became of the session is not known.
            OthersNamedError: A text names somebody who has sat beside the patient meanwhile.
        """
        kept, seal = await self._lock_own(note_id)
        if not kept.is_draft:
            raise NoteSignedError
        _refuse_stale(kept, version)
        encounter = await self._session(kept)
        if not is_settled(encounter):
            raise SessionOpenError
        text, _ = kept.said(seal)
        await self._others.refuse(encounter.patient_id, encounter.id, text)
        now = self._gate.clock.now()
        is_late = await self._is_late(encounter, now)
        return await self._write(kept, text, None, seal, is_late_entry=is_late)

    async def cosign(self, note_id: NoteId, version: int) -> Note:
        """Answer for the newest version beside its author.

        Raises:
            NotFoundError: There is no such note here, or not for the caller.
            NoteUnsignedError: It is a draft of the caller's own.
            StaleVersionError: Another version has been signed meanwhile.
            CosignatureNotYoursError: The caller does not supervise the author, or none is awaited.
        """
        kept, seal = await self._lock(note_id)
        if kept.signed_at is None or kept.signed_by is None:
            raise NoteUnsignedError
        _refuse_stale(kept, version)
        caller, now = self._gate.caller.account_id, self._gate.clock.now()
        # Who supervised when it was signed may give it, and who has taken over since.
        supervisors = await self._around.supervisors.of(kept.signed_by, kept.signed_at, now)
        if not kept.needs_cosignature or kept.cosigned_at is not None or caller not in supervisors:
            raise CosignatureNotYoursError
        return (await self._rows.cosign(kept, caller, now)).told(seal)

    async def amend(self, note_id: NoteId, request: NoteAmendment, version: int) -> Note:
        """Sign another version; what was signed before stays beside it.

        Raises:
            NotFoundError: There is no such note here, or not for the caller.
            NoteUnsignedError: It is a draft.
            StaleVersionError: Another version has been signed meanwhile.
            OthersNamedError: A text names somebody who sat beside the patient, in whichever session.
        """
        kept, seal = await self._lock_own(note_id)
        if kept.is_draft:
            raise NoteUnsignedError
        _refuse_stale(kept, version)
        await self._others.refuse(kept.patient_id, kept.encounter_id, request.text, "/text", request.reason)
        return await self._write(kept, request.text, request.reason, seal, is_late_entry=bool(kept.is_late_entry))

    async def _write(
        self, kept: Kept, text: NoteText, reason: str | None, seal: PersonSeal, *, is_late_entry: bool
    ) -> Note:
        now, caller = self._gate.clock.now(), self._gate.caller.account_id
        number = (kept.number or 0) + 1
        signature = Signature(
            number=number,
            is_late_entry=is_late_entry,
            needs_cosignature=bool(await self._around.supervisors.of(caller, now)),
            signed_by=caller,
            signed_at=now,
            sha256=digest(kept.id, kept.encounter_id, number, text, reason=reason, by=caller),
        )
        return (await self._rows.sign(kept, text, reason, signature, seal)).told(seal)

    async def _is_late(self, encounter: Encounter, now: datetime) -> bool:
        standard = await self._around.standards.on(encounter.site_id, encounter.end.astimezone(UTC).date())
        return standard is not None and now > standard.note_due(encounter.end)

    async def _session(self, kept: Kept) -> Encounter:
        encounter = await self._around.sessions.one(kept.encounter_id)
        assert encounter is not None  # noqa: S101 - a foreign key says so
        return encounter

    async def _lock_own(self, note_id: NoteId) -> tuple[Kept, PersonSeal]:
        kept, seal = await self._lock(note_id)
        if kept.author_id != self._gate.caller.account_id:
            self._gate.refuse(note_id, Refusal.NOT_THE_AUTHOR)
            raise NotFoundError
        return kept, seal

    async def _lock(self, note_id: NoteId) -> tuple[Kept, PersonSeal]:
        found = await self._rows.one(note_id)
        if found is None:
            self._gate.refuse(note_id)
            raise NotFoundError
        seal = (await self._patients.lock_sealed(found.patient_id, NOTES)).seal
        # Read again: it may have been signed before the patient was locked.
        kept = await self._rows.one(note_id) or found
        if kept.is_draft and kept.author_id != self._gate.caller.account_id:
            self._gate.refuse(note_id, Refusal.NOT_THE_AUTHOR)
            raise NotFoundError
        return kept, seal


def _refuse_stale(kept: Kept, version: int) -> None:
    if kept.version != version:
        raise StaleVersionError("The note has changed since you read it; read it again and send its ETag.")
