"""What a person decided about changes of a proposal."""

from dataclasses import dataclass
from datetime import datetime

from services.contracts.identifiers import AccountId
from services.contracts.scheduler.timetables import ChangeStatus, RejectionReason


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision, of one person at one instant, about one change or several."""

    status: ChangeStatus
    reason: RejectionReason | None
    decided_by: AccountId
    decided_at: datetime
