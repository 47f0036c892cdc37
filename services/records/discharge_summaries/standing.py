"""Where a signed version of a summary stands, which what is stored and what is decided both ask."""

from datetime import datetime

from services.contracts.records.discharge_summaries import DischargeSummaryStatus


def status_of(*, needs_cosignature: bool, cosigned_at: datetime | None) -> DischargeSummaryStatus:
    """Return where a signed version stands."""
    if needs_cosignature and cosigned_at is None:
        return DischargeSummaryStatus.AWAITING_COSIGNATURE
    return DischargeSummaryStatus.SIGNED
