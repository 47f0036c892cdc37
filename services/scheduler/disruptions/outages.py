"""What solves, placements, publications and bookings may not use of a week."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import date

from services.chassis.database import Read
from services.contracts.identifiers import AppointmentId, PractitionerId, SiteId
from services.contracts.scheduler.disruptions import DisruptionKind
from services.scheduler.closures.logic import ClosuresReader
from services.scheduler.disruptions import storage
from services.scheduler.disruptions.errors import SessionDisruptedError
from services.scheduler.disruptions.rules import outages_of, what_is_missing
from services.scheduler.solves.outages import Outages
from services.scheduler.solves.setup_rules import Hours
from services.scheduler.solves.setups import SetupsReader
from services.scheduler.weeks import WeekGrid


class OutagesReader:
    """Reads what is missing from a week."""

    def __init__(self, read: Read, closures: ClosuresReader, setups: SetupsReader) -> None:
        self._read = read
        self._closures = closures
        self._setups = setups

    async def of_week(self, site_id: SiteId, grid: WeekGrid) -> Outages:
        """Return what open disruptions, closures in force and changes of the setup keep from a site's week."""
        disruptions = await storage.open_in_week(self._read, site_id, grid.monday)
        closed = await self._closures.in_force(site_id, grid.start, grid.end)
        return outages_of(disruptions, closed, grid, await self._setups.in_week(site_id, grid.monday))

    async def changed_hours(
        self, site_id: SiteId, grids: Collection[WeekGrid]
    ) -> dict[date, Mapping[PractitionerId, Hours]]:
        """Return whose hours of some weeks are not the usual ones."""
        found = await storage.open_in_weeks(self._read, site_id, [grid.monday for grid in grids])
        return {
            grid.monday: outages_of([one for one in found if one.week == grid.monday], (), grid).hours for grid in grids
        }

    async def refuse_disrupted(self, appointment_id: AppointmentId) -> None:
        """Keep seats of a session from being given that will not take place as it is published.

        Raises:
            SessionDisruptedError: Its practitioner is out, its room is lost, or its site is closed.
        """
        missing = (await self._missing([appointment_id])).get(appointment_id)
        if missing is not None:
            raise SessionDisruptedError(missing)

    async def disrupted(self, appointments: Collection[AppointmentId]) -> AbstractSet[AppointmentId]:
        """Return those of the sessions that will not take place as they are published."""
        return (await self._missing(appointments)).keys()

    async def _missing(self, appointments: Collection[AppointmentId]) -> dict[AppointmentId, DisruptionKind]:
        weeks: dict[tuple[SiteId, date], tuple[WeekGrid, Outages]] = {}
        missing: dict[AppointmentId, DisruptionKind] = {}
        for session in await storage.disturbed_sessions(self._read, appointments):
            key = session.site_id, session.week
            if key not in weeks:
                grid = WeekGrid(session.zone, session.week)
                weeks[key] = grid, await self.of_week(session.site_id, grid)
            grid, outages = weeks[key]
            if (kind := what_is_missing(session, outages, grid)) is not None:
                missing[session.id] = kind
        return missing
