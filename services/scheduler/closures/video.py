"""Who may go on by video while a site is closed: what a single session asks, asked of a week's sessions."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from services.contracts.identifiers import AppointmentId, PatientId, PractitionerId
from services.contracts.records.treatment_plans import WeekRequirements
from services.scheduler.appointments.book import BookedSession
from services.scheduler.closures.rules import by_video
from services.scheduler.licences.logic import LicencesReader


class VideoReader:
    """Reads where those who lead sessions may treat."""

    def __init__(self, licences: LicencesReader) -> None:
        self._licences = licences

    async def of_week(
        self, sessions: Sequence[BookedSession], week: WeekRequirements, zone: ZoneInfo
    ) -> set[tuple[AppointmentId, PatientId]]:
        """Return who of these sessions, all of one week, may go on in which of them by video."""
        found: set[tuple[AppointmentId, PatientId]] = set()
        by_day: dict[date, list[BookedSession]] = {}
        for session in sessions:
            by_day.setdefault(session.start.astimezone(zone).date(), []).append(session)
        for day, held in by_day.items():
            licensed = await self._licences.on_day({who for session in held for who in _leads(session)}, day)
            for session in held:
                found |= by_video(session, week, {who: licensed[who] for who in _leads(session)}, zone)
        return found


def _leads(session: BookedSession) -> list[PractitionerId]:
    return [who for who in (session.practitioner_id, session.co_facilitator_id) if who is not None]
