"""What patients had in the weeks before one: minutes, and the days on which something was offered them."""

from collections import Counter, defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Final

from services.chassis.database import Read
from services.contracts.identifiers import PatientId
from services.scheduler.attendance import history_storage
from services.scheduler.attendance.facts import Attended
from services.scheduler.attendance.rules import delivered

LOOK_BACK: Final = timedelta(weeks=26)
"""How far the weeks before are looked at; no figure is about more of them."""


class AttendedReader:
    """Reads what patients had; whoever asks has let them through, or counts them only."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def before(self, week: date, patients: Collection[PatientId]) -> dict[PatientId, Attended]:
        """Return what each of the patients had before a week; who had nothing is left out."""
        minutes: dict[PatientId, Counter[date]] = defaultdict(Counter)
        last: dict[PatientId, datetime] = {}
        for patient_id, of_week, entry in await history_storage.entries(
            self._read, sorted(patients), week - LOOK_BACK, week
        ):
            minutes[patient_id][of_week] += entry.minutes if entry.status is None else delivered(entry)
            last[patient_id] = max(entry.start, last.get(patient_id, entry.start))
        return {one: Attended(dict(weeks), last[one]) for one, weeks in minutes.items()}
