"""Care teams: who of the programme treats whom, and who opened a record without treating the patient."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import StringConstraints

from services.contracts.base import PRINTABLE, RequestModel, ResourceModel
from services.contracts.identifiers import (
    AccountId,
    CareTeamMemberId,
    EmergencyAccessId,
    PatientId,
    SiteId,
    SiteMemberId,
)


class CareTeamMemberRequest(RequestModel):
    """An account that joins a patient's care team, from now on."""

    account_id: AccountId


class SiteMemberRequest(RequestModel):
    """An account that works at a site, from now on."""

    site_id: SiteId
    account_id: AccountId


class CareTeamMember(ResourceModel):
    """An account in a patient's care team, from when until when; null while it lasts."""

    id: CareTeamMemberId
    patient_id: PatientId
    account_id: AccountId
    from_at: datetime
    until_at: datetime | None


class SiteMember(ResourceModel):
    """An account that sees every patient of a site, from when until when; null while it lasts."""

    id: SiteMemberId
    site_id: SiteId
    account_id: AccountId
    from_at: datetime
    until_at: datetime | None


class EmergencyNature(StrEnum):
    """Why a record must be seen at once by somebody who does not treat the patient."""

    MEDICAL_EMERGENCY = "medical_emergency"
    OVERDOSE = "overdose"
    SUICIDE_RISK = "suicide_risk"
    WITHDRAWAL = "withdrawal"
    VIOLENCE = "violence"
    COVERING_COLLEAGUE = "covering_colleague"


MEDICAL_NATURES = frozenset(EmergencyNature) - {EmergencyNature.COVERING_COLLEAGUE}
"""Which of them are a medical emergency towards those outside (42 CFR 2.51(a)); cover is the programme's own matter."""


REVIEW_WITHIN: Final = timedelta(days=3)
"""So long after it was broken a glass is to be reviewed: while those who were there remember."""

EmergencyReason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000), PRINTABLE]
"""What happened, in words that a reviewer can check: 10 to 1000 characters."""


class EmergencyAccessRequest(RequestModel):
    """Break the glass: see a patient's record for an hour, and be asked about it afterwards."""

    nature: EmergencyNature
    reason: EmergencyReason


class EmergencyAccess(ResourceModel):
    """A broken glass; review is due until somebody else has looked at it."""

    id: EmergencyAccessId
    patient_id: PatientId
    account_id: AccountId
    nature: EmergencyNature
    opened_at: datetime
    until_at: datetime
    review_due_at: datetime
    reviewed_by: AccountId | None
    reviewed_at: datetime | None


class EmergencyAccessReason(ResourceModel):
    """Why a glass was broken, in the words of who broke it; null where nobody was asked for any yet."""

    id: EmergencyAccessId
    reason: str | None
