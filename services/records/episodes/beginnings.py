"""On which day treatment began: what attendance says of it, beside what was written down."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.episodes import Episode
from services.records.episodes.rules import began_on, came_on


class AttendedSessions(Protocol):
    """Knows which sessions were attended; encounters know episodes, and not the other way round."""

    async def starts(self, patient_ids: set[PatientId]) -> Mapping[PatientId, list[datetime]]:
        """Return when the sessions began that each of these patients attended, in the order of time."""


class SiteZones(Protocol):
    """Knows by which zone the days of a site are counted."""

    async def zone(self, site_id: SiteId) -> ZoneInfo:
        """Return the zone of a site."""


class Beginning(NamedTuple):
    """How far an episode has come by today, which is the day at its site."""

    today: date
    attended_on: date | None
    """The day of the first session that the patient attended."""
    began_on: date | None
    """That day, or the one that was written down where it is earlier."""


class Beginnings(NamedTuple):
    """Tells on which day treatment began; whoever asks has let the patient through."""

    sessions: AttendedSessions
    zones: SiteZones

    async def of(self, episode: Episode, now: datetime) -> Beginning:
        """Return the beginning of an episode as it stands now."""
        zone = await self.zones.zone(episode.site_id)
        starts = (await self.sessions.starts({episode.patient_id})).get(episode.patient_id, [])
        today = now.astimezone(zone).date()
        attended = came_on(episode, starts, today, zone)
        return Beginning(today, min(attended, default=None), began_on(episode, starts, today, zone))
