"""Which run serves which session. Pure."""

from datetime import datetime, timedelta
from typing import Final

from services.contracts.scheduler.transport import Run, RunDirection
from services.contracts.vocabulary import Modality
from services.scheduler.transport.facts import Visit

LONGEST_WAIT: Final = timedelta(hours=1)
"""How long somebody may be left waiting at the site before a session, or after it."""


def refusal(run: Run, visit: Visit, stop_at: datetime, now: datetime) -> tuple[str, str] | None:
    """Say why a run does not serve a visit, as a code and a sentence; None where it does."""
    wait = visit.start - run.end if run.direction is RunDirection.TO_SITE else run.start - visit.end
    facts = (
        (run.start > now, "run-begun", "The run has begun."),
        (visit.modality is Modality.ON_SITE, "no-way-to-go", "The session takes place by telehealth."),
        (run.site_id == visit.site_id, "other-site", "The run serves another site than the session's."),
        (wait >= timedelta(), "run-too-late", "The run meets the session: it must arrive before, or leave after it."),
        (wait <= LONGEST_WAIT, "run-too-far", "The run is more than an hour from the session."),
        (run.start <= stop_at <= run.end, "stop-outside-run", "The stop is not within the run's time."),
    )
    return next(((code, sentence) for holds, code, sentence in facts if not holds), None)
