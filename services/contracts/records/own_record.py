"""The patient's own record: the account by which a patient signs in, and what it is told."""

from datetime import datetime

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, PatientAccountId, PatientId
from services.contracts.records.disclosed import RecordParts
from services.contracts.security_labels import LabelledParts


class PatientAccountRequest(RequestModel):
    """The account by which a patient signs in; whoever sends it has seen that it is the patient's."""

    account_id: AccountId


class PatientAccount(ResourceModel):
    """The account by which a patient signs in, from when until when; null while it lasts."""

    id: PatientAccountId
    patient_id: PatientId
    account_id: AccountId
    from_at: datetime
    until_at: datetime | None
    linked_by: AccountId
    ended_by: AccountId | None


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
