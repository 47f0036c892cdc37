"""SUD counselling notes (42 CFR 2.11): a counsellor's own analysis of a conversation, kept apart from the record."""

from datetime import datetime

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, CounsellingNoteId, PatientId
from services.contracts.records.notes import Passage


class CounsellingNoteRequest(RequestModel):
    """What the counsellor keeps apart."""

    text: Passage = Field(
        description="Without medication, start and stop times, modality and frequency, test results, and summaries of"
        " diagnosis, function, plan, symptoms, prognosis and progress: those belong in the progress note (42 CFR 2.11)."
    )


class CounsellingNoteHead(ResourceModel):
    """That the caller keeps a note, without what it says."""

    id: CounsellingNoteId
    patient_id: PatientId
    version: int
    written_at: datetime


class CounsellingNote(ResourceModel):
    """A note in its newest version, for its author alone."""

    id: CounsellingNoteId
    patient_id: PatientId
    author_id: AccountId
    version: int
    text: str
    written_at: datetime
