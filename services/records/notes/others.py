"""Keeps other patients' names out of what is written about one (42 CFR 2.13(a))."""

from uuid import UUID

from pydantic import BaseModel

from services.contracts.identifiers import PatientId
from services.records.encounters.logic import Sessions
from services.records.gate import Gate
from services.records.notes.errors import OthersNamedError
from services.records.notes.names import PersonName
from services.records.notes.rules import naming, texts_of
from services.records.patients.logic import PatientCommands
from services.records.refusals import Refusal


class OthersInTexts:
    """Looks for everybody who ever had a seat beside a patient: a session of one's own is where others are told of."""

    def __init__(self, sessions: Sessions, patients: PatientCommands, gate: Gate) -> None:
        self._sessions = sessions
        self._patients = patients
        self._gate = gate

    async def refuse(
        self, patient_id: PatientId, written_of: UUID, contents: BaseModel, at: str = "", reason: str | None = None
    ) -> None:
        """Refuse what names somebody else in a text of its own; `at` is where it lies in the request.

        Raises:
            OthersNamedError: A text names somebody who had a seat in a session of the patient's.
        """
        others = await self._sessions.beside(patient_id)
        if not others:
            return
        names = {one: PersonName(*name) for one, name in (await self._patients.names([patient_id, *others])).items()}
        own = names.pop(patient_id, None)
        pointers = naming({**texts_of(contents, at), "/reason": reason}, names.values(), own)
        if pointers:
            # Trying names one after another would tell who is in a group: each try is on the trail.
            self._gate.refuse(written_of, Refusal.OTHERS_NAMED)
            raise OthersNamedError(pointers)
