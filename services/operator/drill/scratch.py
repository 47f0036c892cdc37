"""The clinic that races are held in: made by SQL before, and judged by SQL afterwards."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self
from uuid import uuid4

import asyncpg

from services.contracts.identifiers import OrganizationId
from services.operator.drill.contests import CAPACITY, Race

_WRONG_COUNTS: Final = """
    select count(*) from appointments a
    left join (select appointment_id, count(*) as seats from appointment_patients where booked group by 1) p
        on p.appointment_id = a.id
    where a.taken <> coalesce(p.seats, 0) or coalesce(p.seats, 0) > a.capacity
"""
_OVERLAPS: Final = """
    select count(*) from appointment_patients one join appointment_patients other using (patient_id)
    where one.appointment_id < other.appointment_id and one.booked and other.booked and one.during && other.during
"""
_SEATS_BY_RACE: Final = """
    select a.track as race, count(p.patient_id) filter (where p.held_until is null or p.held_until > $1) as seats
    from appointments a left join appointment_patients p on p.appointment_id = a.id and p.booked
    group by a.track
"""


class Verdict(NamedTuple):
    """What the database shows: sessions miscounted or overfull, overlapping pairs of seats, races with wrong seats."""

    wrong_counts: int
    overlaps: int
    wrong_races: int


class ScratchClinic:
    """One organization of a migrated scheduler database, seen as the scheduler itself sees it."""

    def __init__(self, connection: Any, organization_id: OrganizationId, now: datetime) -> None:
        self._connection = connection
        self._organization_id = organization_id
        self._now = now
        self._site_id = uuid4()
        self._during = asyncpg.Range(now + timedelta(days=1), now + timedelta(days=1, minutes=90))

    @classmethod
    async def open(cls, app_url: str, organization_id: OrganizationId, now: datetime) -> Self:
        """Connect as the application, which row-level security binds, and make the site."""
        connection = await asyncpg.connect(app_url, server_settings={"eventide.organization_id": str(organization_id)})
        clinic = cls(connection, organization_id, now)
        await connection.execute(
            "insert into sites values ($1, $2, 'Drill', 'UTC', '[]', 0, 0, $3)", organization_id, clinic._site_id, now
        )
        return clinic

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def prepare(self, first: int, races: Sequence[Race]) -> None:
        """Enter the sessions of races; a session's track is the number of its race."""
        sessions = [(str(number), session) for number, race in enumerate(races, first) for session in race.sessions]
        await self._connection.executemany(
            "insert into appointments (organization_id, id, site_id, week, timetable_version, status, service, "
            "modality, during, track, language, capacity, taken, changed_at) "
            "values ($1, $2, $3, $4, 1, 'booked', 'process_group', 'on_site', $5, $6, 'en', $7, $8, $9)",
            [
                (
                    self._organization_id,
                    session.id,
                    self._site_id,
                    self._now.date(),
                    self._during,
                    track,
                    CAPACITY,
                    len(session.seats),
                    self._now,
                )
                for track, session in sessions
            ],
        )
        await self._connection.executemany(
            "insert into appointment_patients "
            "(organization_id, appointment_id, patient_id, during, booked, held_until, by_hand) "
            "values ($1, $2, $3, $4, true, $5::timestamptz, $5::timestamptz is not null)",
            [
                (self._organization_id, session.id, patient_id, self._during, held_until)
                for _, session in sessions
                for patient_id, held_until in session.seats.items()
            ],
        )

    async def judge(self, seats_after: Sequence[int]) -> Verdict:
        """Compare what is there with what must be, for every race by its number."""
        rows = await self._connection.fetch(_SEATS_BY_RACE, self._now)
        seats = {int(row["race"]): row["seats"] for row in rows}
        return Verdict(
            wrong_counts=await self._connection.fetchval(_WRONG_COUNTS),
            overlaps=await self._connection.fetchval(_OVERLAPS),
            wrong_races=sum(seats[number] != expected for number, expected in enumerate(seats_after)),
        )
