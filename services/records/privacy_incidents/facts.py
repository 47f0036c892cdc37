"""What is kept of an incident, and what follows from the acts that were added to it."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from services.contracts.identifiers import PrivacyIncidentId
from services.contracts.records.privacy_incidents import (
    AuthorityNoticeRequest,
    IncidentDecision,
    IncidentDecisionRequest,
    NoticeDelayRequest,
    NotifiedParty,
    PrivacyIncidentRequest,
    RiskAssessment,
    RiskAssessmentRequest,
)

SPOKEN_DELAY_DAYS: Final = 30
"""How long law enforcement delays notices at most by a statement that is not in writing (45 CFR 164.412(b)(2))."""


class ActKind(StrEnum):
    """What is done about an incident."""

    ASSESSED = "assessed"
    DECIDED = "decided"
    DELAYED = "delayed"
    PATIENTS_ADDED = "patients_added"
    PATIENTS_NOTIFIED = "patients_notified"
    AUTHORITY_NOTIFIED = "authority_notified"
    CLOSED = "closed"


class Discovered(NamedTuple):
    """Between which days incidents were discovered; None where there is no bound."""

    from_on: date | None
    until_on: date | None


class Act(NamedTuple):
    """One thing that was done; `details` is what was said of it, as JSON."""

    kind: ActKind
    details: bytes
    done_by: UUID
    done_at: datetime


class Counted(NamedTuple):
    """How many residents of a state are affected, how many of them were told, and when the last was first told."""

    state: str
    affected: int
    notified: int
    last_on: date | None


class Incident(NamedTuple):
    """An incident as it is kept."""

    id: PrivacyIncidentId
    told: PrivacyIncidentRequest
    recorded_by: UUID
    recorded_at: datetime
    acts: Sequence[Act]
    counted: Sequence[Counted]

    @property
    def version(self) -> int:
        """Counts what was done."""
        return len(self.acts)

    @property
    def affected(self) -> int:
        """How many patients are affected."""
        return sum(one.affected for one in self.counted)

    @property
    def assessment(self) -> RiskAssessment | None:
        """The newest assessment."""
        act = self.newest(ActKind.ASSESSED)
        if act is None:
            return None
        said = RiskAssessmentRequest.model_validate_json(act.details)
        return RiskAssessment.model_validate(
            {**said.model_dump(), "assessed_by": act.done_by, "assessed_at": act.done_at}
        )

    @property
    def decision(self) -> IncidentDecision | None:
        """The newest decision."""
        act = self.newest(ActKind.DECIDED)
        if act is None:
            return None
        said = IncidentDecisionRequest.model_validate_json(act.details)
        return IncidentDecision.model_validate(
            {**said.model_dump(), "decided_by": act.done_by, "decided_at": act.done_at}
        )

    @property
    def delayed_until(self) -> date | None:
        """Until when notices wait for law enforcement, as the newest statement says."""
        act = self.newest(ActKind.DELAYED)
        return None if act is None else NoticeDelayRequest.model_validate_json(act.details).until

    def spoken_delay_ends(self, now: datetime) -> date:
        """Return until when statements that are not in writing may delay notices: the first of them sets it."""
        spoken = (
            act.done_at
            for act in self.acts
            if act.kind is ActKind.DELAYED
            and NoticeDelayRequest.model_validate_json(act.details).document_sha256 is None
        )
        return min(spoken, default=now).date() + timedelta(days=SPOKEN_DELAY_DAYS)

    def newest(self, kind: ActKind) -> Act | None:
        """Return the last thing of a kind that was done."""
        return next((act for act in reversed(self.acts) if act.kind is kind), None)

    def told_on(self, notified: NotifiedParty, state: str | None) -> date | None:
        """Return when the Secretary, or the media of a state, were first told."""
        said = [
            AuthorityNoticeRequest.model_validate_json(act.details)
            for act in self.acts
            if act.kind is ActKind.AUTHORITY_NOTIFIED
        ]
        return min((one.sent_on for one in said if (one.notified, one.state) == (notified, state)), default=None)
