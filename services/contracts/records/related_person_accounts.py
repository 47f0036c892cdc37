"""Accounts of related persons: by which account somebody close to a patient signs in, and what they may read."""

from datetime import datetime

from pydantic import Field

from services.contracts.base import Page, ResourceModel
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, PatientId, RelatedPersonAccountId, RelatedPersonId
from services.contracts.records.own_record import OwnRecordClaim, PatientAccountRequest


class RelatedPersonAccountRequest(PatientAccountRequest):
    """The account by which a related person is to sign in; it reads nothing until they have claimed to be that person.

    One account may claim to be several related persons, one after the other: the mother of two patients is two.
    """


class RelatedPersonAccount(ResourceModel):
    """The account by which a related person signs in, from when until when; null while it lasts."""

    id: RelatedPersonAccountId
    related_person_id: RelatedPersonId
    patient_id: PatientId
    account_id: AccountId
    from_at: datetime
    until_at: datetime | None
    claim_until: datetime = Field(description="Until when it can be claimed.")
    claimed_at: datetime | None = Field(description="Null until it is claimed; it reads nothing before.")
    linked_by: AccountId
    ended_by: AccountId | None


class RelatedPersonAccountToClaim(RelatedPersonAccount):
    """An account by which the related person has still to claim who they are, with the code that is told this once."""

    code: str = Field(description="Hand it to the person whom the patient's consent names, and to nobody else.")


class RelatedPersonClaim(OwnRecordClaim):
    """What the related person has and knows: the code that was handed out, and the patient's date of birth."""


class ClaimedRelatedPerson(ResourceModel):
    """Which related person the caller is from now on."""

    related_person_id: RelatedPersonId
    claimed_at: datetime


class OwnRelatedPerson(ResourceModel):
    """A related person who the caller is, and what the patient's consents let them read at this moment."""

    related_person_id: RelatedPersonId
    information: list[Information] = Field(description="Each may be asked for; of some there may be nothing yet.")
    has_family_sessions: bool = Field(description="Whether they take part in family sessions, and may read of those.")


OwnRelatedPersons = Page[OwnRelatedPerson]
