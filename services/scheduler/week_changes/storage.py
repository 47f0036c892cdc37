"""Where it is found what the weeks of a site are like: one statement, so that all of it is of one moment.

The mark is made of whatever the list of a week's appointments tells, holds that are over left out as there.
"""

from datetime import date, datetime
from typing import Final

from sqlalchemy import Select, select, text

from services.chassis.database import Query, Read
from services.contracts.identifiers import SiteId
from services.scheduler.week_changes.facts import SeenWeek

_SEEN: Final = """(
    select published.week, published.version, (
        select string_agg((a.id, a.timetable_version, a.sequence, a.changed_at, a.service, a.modality, a.during,
            a.room_id, a.track, a.language, a.capacity, seats.held, seats.patients, leads.people)::text, ';'
            order by a.id)
        from appointments a
        cross join lateral (
            select count(*) filter (where p.held_until > cast(:now as timestamptz)) as held,
                array_agg(p.patient_id order by p.patient_id) filter (where p.held_until is null) as patients
            from appointment_patients p
            where p.organization_id = a.organization_id and p.appointment_id = a.id
        ) seats
        cross join lateral (
            select array_agg((l.part, l.practitioner_id)::text order by l.part) as people
            from appointment_practitioners l
            where l.organization_id = a.organization_id and l.appointment_id = a.id
        ) leads
        where a.site_id = cast(:site_id as uuid) and a.week = published.week and a.status = 'booked'
    ) as told
    from (
        select week, max(version) as version from timetables
        where site_id = cast(:site_id as uuid) and week >= cast(:first as date)
        group by week order by week limit cast(:most as integer)
    ) published
) seen"""


def _query() -> Query:
    statement: Select[*tuple[object, ...]] = select(
        text("week"), text("version"), text("('x' || left(md5(coalesce(told, '')), 16))::bit(64)::bigint as mark")
    )
    return Query(statement.select_from(text(_SEEN)))


_ALL: Final = _query()


async def weeks_from(read: Read, site_id: SiteId, first: date, now: datetime, *, most: int) -> dict[date, SeenWeek]:
    """Fetch what the published weeks of a site are like from a Monday on, the nearest of them."""
    rows = await read.all(_ALL, site_id=site_id, first=first, now=now, most=most)
    return {row["week"]: SeenWeek(row["version"], row["mark"] % 2**64) for row in rows}
