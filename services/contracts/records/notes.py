"""Progress notes: what was done in a session, drafted, signed, co-signed, and amended without being overwritten."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.contracts.base import Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, AppointmentId, EncounterId, NoteId, PatientId, SiteId
from services.contracts.records.documentation import NoteRule
from services.contracts.vocabulary import ServiceKind

_NEITHER_TEXT_NOR_LAYOUT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Unicode's general categories Cc and Cs without line breaks and tabs."""


def _refuse_control_characters(value: str) -> str:
    if _NEITHER_TEXT_NOR_LAYOUT.search(value):
        raise ValueError("must not contain control characters other than line breaks and tabs")
    return value


Passage = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
    AfterValidator(_refuse_control_characters),
]
"""Text of a few paragraphs: 1 to 4,000 characters, line breaks and tabs among them."""


class NoteText(RequestModel):
    """What a progress note says; nobody is named in it who sat beside the patient, in whichever session."""

    topic: Name | None = Field(default=None, description="What the session was about.")
    interventions: Passage = Field(description="What the clinician did.")
    response: Passage = Field(description="How the patient took part, and what it led to.")
    plan: Passage | None = Field(default=None, description="What is to come next.")


class NoteStatus(StrEnum):
    """Where a note stands; only a signed or amended one documents a completed service."""

    DRAFT = "draft"
    AWAITING_COSIGNATURE = "awaiting_cosignature"
    SIGNED = "signed"
    AMENDED = "amended"
    """Signed again, in a later version that stands beside the earlier ones."""


class NoteAmendment(RequestModel):
    """Another version of a signed note, signed by its author with this request, and why."""

    text: NoteText
    reason: Passage


class Note(ResourceModel):
    """One note of one session of one patient, in one version."""

    id: NoteId
    patient_id: PatientId
    encounter_id: EncounterId
    author_id: AccountId
    status: NoteStatus
    version: int = Field(description="Of the draft while it is one; of what was signed from then on.")
    text: NoteText
    reason: str | None = Field(description="Why this version was written; null for a draft and the first version.")
    is_late_entry: bool = Field(description="Signed after the deadline that held for the session.")
    signed_by: AccountId | None
    signed_at: datetime | None
    sha256: str | None = Field(description="Digest of what was signed, in hexadecimal.")
    cosigned_by: AccountId | None
    cosigned_at: datetime | None
    created_at: datetime


class GroupPart(RequestModel):
    """What the note of one member of a group says beside the group's own part."""

    patient_id: PatientId
    response: Passage
    plan: Passage | None = None


class GroupNoteRequest(RequestModel):
    """A group session written down once; each member's note holds the group's part and their own, and no other."""

    appointment_id: AppointmentId
    topic: Name
    interventions: Passage
    parts: Annotated[list[GroupPart], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _has_one_part_each(self) -> Self:
        members = [part.patient_id for part in self.parts]
        if len(members) != len(set(members)):
            raise ValueError("parts names a patient twice")
        return self


class GroupNote(ResourceModel):
    """The drafts that a group session became."""

    appointment_id: AppointmentId
    notes: list[Note]
    without_part: list[PatientId] = Field(description="Members who attended and have no part in the request.")


class OpenNote(ResourceModel):
    """A session that was attended and is not documented yet: by when it has to be, and what is missing."""

    id: EncounterId = Field(description="The encounter's id.")
    patient_id: PatientId
    site_id: SiteId
    service: ServiceKind
    end: datetime
    due_at: datetime | None = Field(description="Null where the site is held to no rule on the session's day.")
    is_overdue: bool
    awaits_cosignature: bool = Field(description="A note is signed and lacks its supervisor's signature.")
    rule: NoteRule | None = Field(description="What sets the deadline.")


class DeliveredService(ResourceModel):
    """A session that was attended, and whether it is a completed service: an unsigned note does not make it one."""

    encounter_id: EncounterId
    service: ServiceKind
    start: datetime
    end: datetime
    attended_minutes: int
    is_completed: bool
