"""Where key figures are counted: in the database, over what is in the book.

Each query gives one row of a numerator and a denominator. Every one binds `site_id`, `first` and `last` (Mondays), and
some the site's `zone` or the minutes that count as full compliance.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from sqlalchemy import Select, select, text

from services.chassis.database import Query, Read
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.kpis import KpiCode


def _figure(sql: str) -> Query:
    statement: Select[*tuple[object, ...]] = select(text("numerator"), text("denominator")).select_from(text(sql))
    return Query(statement)


_PLACEMENT: Final = """(
    select sum(fully_served)::float8 as numerator, sum(patients)::float8 as denominator
    from (
        select distinct on (week) fully_served, patients from timetables
        where site_id = cast(:site_id as uuid) and week between cast(:first as date) and cast(:last as date)
        order by week, version desc
    ) newest
) figure"""

_NINE_HOURS: Final = """(
    select (
        select count(*) from (
            select 1 from appointments a
            join appointment_patients p on p.organization_id = a.organization_id and p.appointment_id = a.id
            where a.site_id = cast(:site_id as uuid) and a.week between cast(:first as date) and cast(:last as date)
                and a.status = 'booked' and p.held_until is null
            group by a.week, p.patient_id
            having sum(extract(epoch from upper(a.during) - lower(a.during))) >= cast(:full_minutes as integer) * 60
        ) full_weeks
    )::float8 as numerator,
    (
        select sum(patients) from (
            select distinct on (week) patients from timetables
            where site_id = cast(:site_id as uuid) and week between cast(:first as date) and cast(:last as date)
            order by week, version desc
        ) newest
    )::float8 as denominator
) figure"""

_SEAT_FILL: Final = """(
    select sum(seats)::float8 as numerator, sum(capacity)::float8 as denominator
    from (
        select a.capacity, count(p.patient_id) as seats from appointments a
        left join appointment_patients p
            on p.organization_id = a.organization_id and p.appointment_id = a.id and p.held_until is null
        where a.site_id = cast(:site_id as uuid) and a.week between cast(:first as date) and cast(:last as date)
            and a.status = 'booked' and a.service in ('process_group', 'skills_group', 'education_group')
        group by a.organization_id, a.id, a.capacity
    ) meetings
) figure"""

# What a site, a room or somebody who treats was in a week: by the newest version that counts then, else as it is now.
_VERSION: Final = """left join lateral (
            select v.document from setup_versions v
            where v.organization_id = {of}.organization_id and v.subject_id = {of}.id
                and (v.effective_on is null or v.effective_on <= weeks.week)
            order by v.version desc limit 1
        ) version on true"""
_WEEKS: Final = """(
            select distinct week from timetables
            where site_id = cast(:site_id as uuid) and week between cast(:first as date) and cast(:last as date)
        ) weeks"""
_DAY: Final = "weeks.week + array_position(array['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], {of} ->> 'weekday') - 1"

_PRACTITIONERS: Final = f"""(
    select (
        select sum(extract(epoch from upper(a.during) - lower(a.during)) / 60) from appointments a
        join appointment_practitioners p on p.organization_id = a.organization_id and p.appointment_id = a.id
        where a.site_id = cast(:site_id as uuid) and a.week between cast(:first as date) and cast(:last as date)
            and a.status = 'booked'
    )::float8 as numerator,
    (
        select sum(extract(epoch from (shift ->> 'end')::time - (shift ->> 'start')::time) / 60 - coalesce((
            select sum(greatest(0, extract(epoch from
                least((shift ->> 'end')::time, (pause ->> 'end')::time)
                - greatest((shift ->> 'start')::time, (pause ->> 'start')::time)))) / 60
            from jsonb_array_elements(
                case when d.id is null then coalesce(version.document -> 'breaks', p.breaks) else d.breaks end
            ) pause
            where pause ->> 'weekday' = shift ->> 'weekday'
        ), 0))
        from practitioners p
        cross join {_WEEKS}
        {_VERSION.format(of="p")}
        left join disruptions d on d.organization_id = p.organization_id and d.site_id = p.site_id
            and d.week = weeks.week and d.practitioner_id = p.id and d.kind = 'shift_changed' and d.status = 'open'
        cross join lateral jsonb_array_elements(coalesce(d.shifts, version.document -> 'shifts', p.shifts)) shift
        where p.site_id = cast(:site_id as uuid) and p.starts_on <= {_DAY.format(of="shift")}
            and (p.ends_on is null or p.ends_on > {_DAY.format(of="shift")})
    )::float8 as denominator
) figure"""  # noqa: S608 - put together from constants of this module

_ROOMS: Final = f"""(
    select (
        select sum(extract(epoch from upper(during) - lower(during)) / 60) from appointments
        where site_id = cast(:site_id as uuid) and week between cast(:first as date) and cast(:last as date)
            and status = 'booked' and room_id is not null
    )::float8 as numerator,
    (
        select sum(extract(epoch from (hours ->> 'end')::time - (hours ->> 'start')::time) / 60)
        from sites s
        cross join {_WEEKS}
        {_VERSION.format(of="s")}
        cross join lateral jsonb_array_elements(coalesce(version.document -> 'open', s.open)) hours
        join rooms r on r.organization_id = s.organization_id and r.site_id = s.id
            and coalesce(r.starts_on, (r.created_at at time zone cast(:zone as text))::date)
                <= {_DAY.format(of="hours")}
            and (r.ends_on is null or r.ends_on > {_DAY.format(of="hours")})
        where s.id = cast(:site_id as uuid) and (s.ends_on is null or s.ends_on > {_DAY.format(of="hours")})
    )::float8 as denominator
) figure"""  # noqa: S608 - put together from constants of this module

_FAIRNESS: Final = f"""(
    select max(load)::float8 - min(load)::float8 as numerator, avg(load)::float8 as denominator
    from (
        select sum(coalesce(worked.minutes, 0)) / nullif(sum(
            coalesce((version.document ->> 'contract_minutes_week')::integer, p.contract_minutes_week)
        ), 0) as load
        from practitioners p
        cross join {_WEEKS}
        {_VERSION.format(of="p")}
        left join (
            select ap.practitioner_id, a.week,
                sum(extract(epoch from upper(a.during) - lower(a.during)) / 60) as minutes
            from appointments a
            join appointment_practitioners ap on ap.organization_id = a.organization_id and ap.appointment_id = a.id
            where a.site_id = cast(:site_id as uuid) and a.status = 'booked'
            group by ap.practitioner_id, a.week
        ) worked on worked.practitioner_id = p.id and worked.week = weeks.week
        where p.site_id = cast(:site_id as uuid) and p.starts_on < weeks.week + 7
            and (p.ends_on is null or p.ends_on > weeks.week)
            and coalesce(version.document ->> 'role', p.role) in ('counsellor', 'therapist')
        group by p.id
    ) loads
) figure"""  # noqa: S608 - put together from constants of this module

_DAYS: Final = """(
    select count(*)::float8 as numerator, count(distinct (week, patient_id))::float8 as denominator
    from (
        select distinct a.week, p.patient_id, (lower(a.during) at time zone cast(:zone as text))::date
        from appointments a
        join appointment_patients p on p.organization_id = a.organization_id and p.appointment_id = a.id
        where a.site_id = cast(:site_id as uuid) and a.week between cast(:first as date) and cast(:last as date)
            and a.status = 'booked' and p.held_until is null
    ) days
) figure"""

# Versions made by hand name the proposal of the one before them: its changes are those of its first version alone.
_REPLANS: Final = """(
        select organization_id, proposal_id, published_at from timetables t
        where site_id = cast(:site_id as uuid) and week between cast(:first as date) and cast(:last as date)
            and version > 1 and reverted_to is null and not exists (
                select 1 from timetables earlier
                where earlier.organization_id = t.organization_id and earlier.site_id = t.site_id
                    and earlier.week = t.week and earlier.proposal_id = t.proposal_id and earlier.version < t.version
            )
    ) t"""

_CHANGES: Final = f"""(
    select (
        select count(*) from proposal_changes c
        join {_REPLANS} on t.organization_id = c.organization_id and t.proposal_id = c.proposal_id
        where c.status = 'accepted'
    )::float8 as numerator,
    (select count(*) from {_REPLANS})::float8 as denominator
) figure"""  # noqa: S608 - put together from constants of this module

_NOTICE: Final = f"""(
    select sum(extract(epoch from least((c.before ->> 'start')::timestamptz, (c.after ->> 'start')::timestamptz)
        - t.published_at) / 3600)::float8 as numerator, count(*)::float8 as denominator
    from proposal_changes c
    join {_REPLANS} on t.organization_id = c.organization_id and t.proposal_id = c.proposal_id
    where c.status = 'accepted'
) figure"""  # noqa: S608 - put together from constants of this module

_WAITLIST: Final = """(
    select sum((closed_at at time zone cast(:zone as text))::date - since)::float8 as numerator,
        count(*)::float8 as denominator
    from waitlist_entries
    where site_id = cast(:site_id as uuid) and status = 'placed'
        and (closed_at at time zone cast(:zone as text))::date between cast(:first as date) and cast(:last as date) + 6
) figure"""

_CONFLICTS: Final = """(
    select count(*) filter (where exists (
        select 1 from commitments c
        where c.organization_id = p.organization_id and c.patient_id = p.patient_id and c.during && p.during
    ))::float8 as numerator, count(*)::float8 as denominator
    from appointments a
    join appointment_patients p on p.organization_id = a.organization_id and p.appointment_id = a.id
    where a.site_id = cast(:site_id as uuid) and a.week between cast(:first as date) and cast(:last as date)
        and a.status = 'booked' and p.held_until is null
) figure"""

_COHORTS: Final = """(
    with seats as (
        select a.week, a.id, p.patient_id, m.cohort_id from appointments a
        join appointment_patients p on p.organization_id = a.organization_id and p.appointment_id = a.id
        join cohort_members m on m.organization_id = p.organization_id and m.patient_id = p.patient_id
        where a.site_id = cast(:site_id as uuid) and a.week between cast(:first as date) and cast(:last as date)
            and a.status = 'booked' and p.held_until is null
            and a.service in ('process_group', 'skills_group', 'education_group')
    )
    select count(*) filter (where meets)::float8 as numerator, count(*)::float8 as denominator
    from (
        select bool_or(one.id = other.id) as meets from seats one
        join seats other
            on other.cohort_id = one.cohort_id and other.week = one.week and other.patient_id > one.patient_id
        group by one.week, one.patient_id, other.patient_id
    ) pairs
) figure"""

_FIGURES: Final[Mapping[KpiCode, Query]] = MappingProxyType(
    {
        KpiCode.PLACEMENT_RATE: _figure(_PLACEMENT),
        KpiCode.NINE_HOUR_COMPLIANCE: _figure(_NINE_HOURS),
        KpiCode.DAYS_A_WEEK: _figure(_DAYS),
        KpiCode.SEAT_FILL: _figure(_SEAT_FILL),
        KpiCode.PRACTITIONER_UTILISATION: _figure(_PRACTITIONERS),
        KpiCode.ROOM_UTILISATION: _figure(_ROOMS),
        KpiCode.FAIRNESS_SPREAD: _figure(_FAIRNESS),
        KpiCode.CHANGES_PER_REPLAN: _figure(_CHANGES),
        KpiCode.NOTICE_HOURS: _figure(_NOTICE),
        KpiCode.WAITLIST_DAYS: _figure(_WAITLIST),
        KpiCode.CALENDAR_CONFLICTS: _figure(_CONFLICTS),
        KpiCode.COHORTS_TOGETHER: _figure(_COHORTS),
    }
)
_PUBLISHED: Final = _figure(
    """(
    select count(distinct week)::float8 as numerator, 1::float8 as denominator from timetables
    where site_id = cast(:site_id as uuid) and week between cast(:first as date) and cast(:last as date)
) figure"""
)

Fraction = tuple[float, float]


async def fraction(
    read: Read, code: KpiCode, site_id: SiteId, first: date, last: date, *, zone: str, full_minutes: int
) -> Fraction:
    """Count one figure; what there is nothing of is zero."""
    asked = {"site_id": site_id, "first": first, "last": last, "zone": zone, "full_minutes": full_minutes}
    row = await read.one_or_none(_FIGURES[code], **asked)
    return (0.0, 0.0) if row is None else (row["numerator"] or 0.0, row["denominator"] or 0.0)


async def published_weeks(read: Read, site_id: SiteId, first: date, last: date) -> int:
    """Count the weeks that are published."""
    row = await read.one_or_none(_PUBLISHED, site_id=site_id, first=first, last=last)
    return 0 if row is None else int(row["numerator"])
