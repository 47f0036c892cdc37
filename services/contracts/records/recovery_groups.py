"""Peer and alumni groups: who wishes to be in one, now and after treatment; treatment never depends on it."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from services.contracts.base import RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, PatientId


class RecoveryGroup(StrEnum):
    """A group of people in recovery that is no treatment."""

    PEER = "peer"
    ALUMNI = "alumni"


class RecoveryGroupChoiceRequest(RequestModel):
    """Whether somebody wishes to be in a group; whoever says nothing is in none."""

    group: RecoveryGroup
    joins: bool = Field(
        description="True to opt in, false to opt out, at any time and without a reason. Whoever opted out by the own"
        " account opts in again by it, and is entered by nobody else."
    )


class RecoveryGroupChoice(ResourceModel):
    """What somebody wished at a time; the newest of a group stands, and the earlier ones are kept."""

    patient_id: PatientId
    number: int
    group: RecoveryGroup
    joins: bool
    by_patient: bool = Field(description="Whether the patient said so by the own account, and not to somebody else.")
    recorded_by: AccountId
    recorded_at: datetime


class RecoveryGroupChoices(ResourceModel):
    """What somebody wishes, and has wished."""

    patient_id: PatientId
    joins: list[RecoveryGroup] = Field(description="The groups that they wish to be in today.")
    items: list[RecoveryGroupChoice] = Field(description="Every choice, newest first.")


class RecoveryGroupMember(ResourceModel):
    """Somebody who wishes to be in a group."""

    patient_id: PatientId
    since: datetime


class RecoveryGroupMembers(ResourceModel):
    """Who of a site wishes to be in a group, whether in treatment or discharged; the longest first."""

    group: RecoveryGroup
    items: list[RecoveryGroupMember]
