"""Notes as a disclosure takes them, and whether a text names somebody who sat beside the patient."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.identifiers import EncounterId, NoteId, PatientId
from services.contracts.records.encounters import Encounter
from services.contracts.records.notes import Note, NoteStatus
from services.records.encounters.logic import AttendedReads
from services.records.notes.names import PersonName, names_somebody
from services.records.notes.storage import Kept, NoteQueries
from services.records.patients.logic import PatientReads
from services.records.person_seal import PersonSeal


@dataclass(frozen=True, slots=True)
class Company:
    """A patient's sessions, and who else had a seat in them; it is looked at, and never shown."""

    own: PersonName | None
    sessions: Mapping[EncounterId, Encounter]
    others: Sequence[PersonName]

    def names_anybody(self, texts: Iterable[str]) -> bool:
        """Whether a text names anybody who ever had a seat beside the patient, whichever session it is of."""
        return any(names_somebody(text, self.others, self.own) for text in texts)


class CompanyReads:
    """Finds out beside whom a patient sat."""

    def __init__(self, sessions: AttendedReads, patients: PatientReads) -> None:
        self._sessions = sessions
        self._patients = patients

    async def of(self, patient_id: PatientId) -> Company:
        """Return a patient's company; the trail is told whose names were looked at."""
        seats = await self._sessions.shared(patient_id)
        others = sorted({one.patient_id for one in seats} - {patient_id})
        found = await self._patients.names([patient_id, *others]) if others else {}
        names = {one: PersonName(*name) for one, name in found.items()}
        own = names.pop(patient_id, None)
        sessions = {one.id: one for one in seats if one.patient_id == patient_id}
        return Company(own, sessions, list(names.values()))


class NotesToDisclose:
    """Progress notes as a disclosure takes them, which decides on them itself."""

    def __init__(self, queries: NoteQueries) -> None:
        self._queries = queries

    async def signed(self, patient_id: PatientId, seal: PersonSeal) -> list[Note]:
        """Return each note in the newest version that is signed by all who must.

        What was signed before an amendment holds until whoever must co-sign that has done so; a draft is nobody's.
        """
        newest: dict[NoteId, Kept] = {}
        for kept in await self._queries.signed_of(patient_id):
            if kept.status in {NoteStatus.SIGNED, NoteStatus.AMENDED}:
                newest.setdefault(kept.id, kept)
        return [kept.told(seal) for kept in newest.values()]
