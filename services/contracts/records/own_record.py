"""The patient's own record: the account by which a patient signs in, and what it is told."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.contracts.base import Day, RequestModel, ResourceModel
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, PatientAccountId, PatientId
from services.contracts.records.consents import Consent, Digest
from services.contracts.records.disclosed import RecordParts
from services.contracts.security_labels import LabelledParts


class PatientAccountRequest(RequestModel):
    """The account by which a patient is to sign in; it reads nothing until the patient has claimed the record."""

    account_id: AccountId


class PatientAccount(ResourceModel):
    """The account by which a patient signs in, from when until when; null while it lasts."""

    id: PatientAccountId
    patient_id: PatientId
    account_id: AccountId
    from_at: datetime
    until_at: datetime | None
    claim_until: datetime = Field(description="Until when it can be claimed.")
    claimed_at: datetime | None = Field(description="Since when it reads the record; null until it is claimed.")
    linked_by: AccountId
    ended_by: AccountId | None


class PatientAccountToClaim(PatientAccount):
    """An account that the patient has still to claim the record by, with the code that is told this once."""

    code: str = Field(description="Hand it to the patient whom you have identified, and to nobody else.")


class OwnRecordClaim(RequestModel):
    """What the patient alone has and knows: the code that was handed out at the desk, and the date of birth."""

    code: Annotated[str, Field(min_length=10, max_length=20)]
    birth_date: Day


class OwnConsent(Consent):
    """A consent of one's own, with the digest by which it is revoked."""

    sha256: str = Field(description="Of what this version says, in hexadecimal.")


class OwnConsentRevocation(RequestModel):
    """A patient's own revocation of the consent that was read, by its digest."""

    sha256: Digest


class WithheldOfOwn(ResourceModel):
    """Something of the own record that is not told: by which rule and clause, and how that could be satisfied."""

    information: Information
    things: int | None = Field(description="How many of the part; null where it is all of it.")
    rule: str
    clause: str
    remedy: str


class OwnRecord(RecordParts):
    """What a patient reads of the own record (42 CFR 2.23, 45 CFR 164.524): signed, complete, and of nobody else."""

    patient_id: PatientId
    labels: list[LabelledParts]
    withheld: list[WithheldOfOwn]
