"""The clinic that races are held in: made by SQL before, and judged by SQL afterwards."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Self
from uuid import UUID, uuid4

import asyncpg

from services.contracts.identifiers import OrganizationId, PatientId, SiteId
from services.operator.drill.contests import CAPACITY, Race
from services.operator.drill.front_desk import Place, plain_seating

_SESSION: Final = """
    insert into appointments (organization_id, site_id, week, during, changed_at, id, track, taken, capacity,
        timetable_version, status, service, modality, language)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, 'booked', 'process_group', 'on_site', 'en')
"""
_SEAT: Final = """
    insert into appointment_patients (organization_id, during, appointment_id, patient_id, booked, held_until, by_hand)
    values ($1, $2, $3, $4, true, $5::timestamptz, $5::timestamptz is not null)
"""
_ROOM: Final = "insert into rooms values ($1, $2, $3, $4, 1, $5)"
_PRACTITIONER: Final = """
    insert into practitioners (organization_id, id, site_id, display_name, role, leads, co_facilitates, individual,
        languages, shifts, breaks, max_minutes_day, max_minutes_week, contract_minutes_week, starts_on, created_at)
    values ($1, $2, $3, $4, 'counsellor', '[]', false, '[]', '[]', '[]', '[]', 480, 2400, 2400, $5::timestamptz, $5)
"""
_ENTRY: Final = """
    insert into waitlist_entries (organization_id, id, site_id, patient_id, service, windows, priority_facts, since,
        status, version, created_at)
    values ($1, $2, $3, $4, 'process_group', '[]', '{}', $5::timestamptz, 'waiting', 1, $5)
"""
_BATCH: Final = """
    insert into offer_batches (organization_id, id, site_id, appointment_id, seats, accepted, withdrawn, automatic,
        expires_at, created_at)
    values ($1, $2, $3, $4, 1, 0, false, false, $5::timestamptz + interval '1 hour', $5)
"""
_OFFER: Final = """
    insert into offers (organization_id, id, batch_id, entry_id, patient_id, rank, status, seating)
    values ($1, $2, $3, $4, $5, 1, 'open', $6)
"""
_WRONG_COUNTS: Final = """
    select count(*) from appointments a
    left join (select appointment_id, count(*) as seats from appointment_patients where booked group by 1) p
        on p.appointment_id = a.id
    where a.taken <> coalesce(p.seats, 0) or coalesce(p.seats, 0) > a.capacity
"""
_OVERLAPS: Final = """
    select count(*) from {table} one join {table} other using ({who})
    where one.{session} < other.{session} and one.{booked} and other.{booked} and one.during && other.during
"""
_PEOPLE_TWICE: Final = _OVERLAPS.format(
    table="appointment_patients", who="patient_id", session="appointment_id", booked="booked"
)
_PRACTITIONERS_TWICE: Final = _OVERLAPS.format(
    table="appointment_practitioners", who="practitioner_id", session="appointment_id", booked="booked"
)
_ROOMS_TWICE: Final = """
    select count(*) from appointments one join appointments other using (room_id)
    where one.id < other.id and one.status = 'booked' and other.status = 'booked' and one.during && other.during
"""
_WRONG_OFFERS: Final = """
    select count(*) from offer_batches b
    left join (select batch_id, count(*) as accepted from offers where status = 'accepted' group by 1) o
        on o.batch_id = b.id
    where b.accepted <> coalesce(o.accepted, 0) or coalesce(o.accepted, 0) > b.seats
"""
_SEATS_BY_RACE: Final = """
    select a.track as race, count(p.patient_id) filter (where p.held_until is null or p.held_until > $1) as seats
    from appointments a left join appointment_patients p on p.appointment_id = a.id and p.booked
    group by a.track
"""


class Verdict(NamedTuple):
    """How often the database shows what must not be.

    Sessions miscounted or overfull; two sessions at the same time of one person, in one room, of one practitioner;
    offers accepted too often; races that left a wrong number of seats.
    """

    wrong_counts: int
    overlaps: int
    rooms_twice: int
    practitioners_twice: int
    wrong_offers: int
    wrong_races: int


class ScratchClinic:
    """One organization of a migrated scheduler database, seen as the scheduler itself sees it."""

    def __init__(self, connection: Any, organization_id: OrganizationId, now: datetime) -> None:
        self._connection = connection
        self._now = now
        start = now + timedelta(days=1)
        self.place = Place(organization_id, SiteId(uuid4()), now.date(), start, start + timedelta(minutes=90))
        self._during = asyncpg.Range(self.place.start, self.place.end)

    @classmethod
    async def open(cls, app_url: str, organization_id: OrganizationId, now: datetime) -> Self:
        """Connect as the application, which row-level security binds, and make the site."""
        connection = await asyncpg.connect(app_url, server_settings={"eventide.organization_id": str(organization_id)})
        clinic = cls(connection, organization_id, now)
        site = "insert into sites values ($1, $2, 'Drill', 'UTC', '[]', 0, 0, $3)"
        await connection.execute(site, organization_id, clinic.place.site_id, now)
        return clinic

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def prepare(self, first: int, races: Sequence[Race]) -> None:
        """Enter what the races need; a session's track is the number of its race."""
        for statement, rows in (
            (_ROOM, self._resources([race.room_id for race in races])),
            (_PRACTITIONER, self._resources([race.practitioner_id for race in races])),
            (_SESSION, self._sessions(first, races)),
            (_SEAT, self._seats(races)),
        ):
            await self._connection.executemany(statement, list(rows))
        await self._offer(races)

    def _resources(self, identifiers: Sequence[UUID | None]) -> Iterator[tuple[Any, ...]]:
        organization_id, site_id = self.place.organization_id, self.place.site_id
        for one in filter(None, identifiers):
            yield organization_id, one, site_id, str(one), self._now

    def _sessions(self, first: int, races: Sequence[Race]) -> Iterator[tuple[Any, ...]]:
        place = (self.place.organization_id, self.place.site_id, self.place.week, self._during, self._now)
        for number, race in enumerate(races, first):
            for session in race.sessions:
                yield *place, session.id, str(number), len(session.seats), CAPACITY

    def _seats(self, races: Sequence[Race]) -> Iterator[tuple[Any, ...]]:
        for session in (session for race in races for session in race.sessions):
            for patient_id, held_until in session.seats.items():
                yield self.place.organization_id, self._during, session.id, patient_id, held_until

    async def _offer(self, races: Sequence[Race]) -> None:
        organization_id, site_id = self.place.organization_id, self.place.site_id
        batches, entries, offers = list[tuple[Any, ...]](), list[tuple[Any, ...]](), list[tuple[Any, ...]]()
        for made in (race.offers for race in races if race.offers is not None):
            batches.append((organization_id, made.id, site_id, made.appointment_id, self._now))
            for offer_id, patient_id in made.patients.items():
                # An entry has its offer's id: here nobody is asked twice.
                entries.append((organization_id, offer_id, site_id, patient_id, self._now))
                seating = plain_seating(PatientId(patient_id)).model_dump_json()
                offers.append((organization_id, offer_id, made.id, offer_id, patient_id, seating))
        await self._connection.executemany(_BATCH, batches)
        await self._connection.executemany(_ENTRY, entries)
        await self._connection.executemany(_OFFER, offers)

    async def judge(self, seats_after: Mapping[int, int]) -> Verdict:
        """Compare what is there with what must be, for each of these races by its number."""
        rows = await self._connection.fetch(_SEATS_BY_RACE, self._now)
        seats = {int(row["race"]): row["seats"] for row in rows}
        count = self._connection.fetchval
        return Verdict(
            wrong_counts=await count(_WRONG_COUNTS),
            overlaps=await count(_PEOPLE_TWICE),
            rooms_twice=await count(_ROOMS_TWICE),
            practitioners_twice=await count(_PRACTITIONERS_TWICE),
            wrong_offers=await count(_WRONG_OFFERS),
            wrong_races=sum(seats.get(number) != expected for number, expected in seats_after.items()),
        )
