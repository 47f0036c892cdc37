"""Group notes: written once, and from then on one note for each member, with nobody else in it."""

from services.contracts.identifiers import PatientId
from services.contracts.records.encounters import Encounter
from services.contracts.records.notes import GroupNote, GroupNoteRequest, NoteText
from services.records.encounters.logic import Sessions
from services.records.gate import Gate
from services.records.notes.errors import NotInSessionError, OthersNamedError
from services.records.notes.logic import NOTES, NoteCommands
from services.records.notes.names import PersonName
from services.records.notes.rules import is_attended, naming
from services.records.patients.logic import PatientCommands
from services.records.refusals import Refusal


class GroupNoteCommands:
    """Group notes, within one unit of work."""

    def __init__(self, notes: NoteCommands, patients: PatientCommands, sessions: Sessions, gate: Gate) -> None:
        self._notes = notes
        self._patients = patients
        self._sessions = sessions
        self._gate = gate

    async def create(self, request: GroupNoteRequest) -> GroupNote:
        """Draft a note for each part: all of them, or none where one is refused.

        Raises:
            NotFoundError: A part is of nobody here, or not for the caller.
            NotInSessionError: A part is of somebody who did not attend such a session.
            OthersNamedError: The group's part, or one member's, names somebody else of the group.
            NoteExistsError: The caller has a note of one of these sessions.
        """
        seals = {
            # In the order of their ids, so that two who write at once never wait for each other.
            patient_id: (await self._patients.lock_sealed(patient_id, NOTES)).seal
            for patient_id in sorted(part.patient_id for part in request.parts)
        }
        members = {one.patient_id: one for one in await self._sessions.members(request.appointment_id)}
        attended = {patient_id for patient_id, one in members.items() if is_attended(one)}
        absent = [index for index, part in enumerate(request.parts) if part.patient_id not in attended]
        if absent:
            raise NotInSessionError([f"/parts/{index}/patient_id" for index in absent])
        await self._refuse_names(request, members)
        notes = []
        for part in request.parts:
            text = NoteText(
                topic=request.topic, interventions=request.interventions, response=part.response, plan=part.plan
            )
            seal = seals[part.patient_id]
            notes.append((await self._notes.add(members[part.patient_id], text, seal)).told(seal))
        return GroupNote(
            appointment_id=request.appointment_id,
            notes=notes,
            without_part=await self._patients.within_reach(attended - seals.keys(), NOTES),
        )

    async def _refuse_names(self, request: GroupNoteRequest, members: dict[PatientId, Encounter]) -> None:
        found = await self._patients.names(sorted(members))
        names = {patient_id: PersonName(*name) for patient_id, name in found.items()}
        shared = {"/topic": request.topic, "/interventions": request.interventions}
        # The group's part goes to every member, so it names none of them; alone in a group one may be named.
        pointers = naming(shared, names.values(), None) if len(names) > 1 else []
        for index, part in enumerate(request.parts):
            texts = {f"/parts/{index}/response": part.response, f"/parts/{index}/plan": part.plan}
            others = [name for patient_id, name in names.items() if patient_id != part.patient_id]
            pointers += naming(texts, others, names[part.patient_id])
        if pointers:
            self._gate.refuse(request.appointment_id, Refusal.OTHERS_NAMED)
            raise OthersNamedError(pointers)
