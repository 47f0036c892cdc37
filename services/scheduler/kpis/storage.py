"""Where key figures are counted: in the database, over what is in the book.

Each figure is a numerator and a denominator of the weeks from `asked.first` to `asked.last` (Mondays): of a whole
range, or of each week of it, in one statement either way. Every one binds `site_id`, `first` and `last`, and some the
site's `zone` or the minutes that count as full compliance.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Final, NamedTuple

from sqlalchemy import Date, Select, Uuid, bindparam, select, text

from services.chassis.database import Query, Read
from services.contracts.identifiers import SiteId
from services.contracts.scheduler.kpis import KpiCode
from services.scheduler.timetables.tables import TimetableRow

_RANGE: Final = "(select cast(:first as date) as first, cast(:last as date) as last) asked"
_EACH_WEEK: Final = """(
    select cast(:first as date) + 7 * number as first, cast(:first as date) + 7 * number as last
    from generate_series(0, (cast(:last as date) - cast(:first as date)) / 7) number
) asked"""


def _counted(asked: str, figure: str) -> Query:
    statement: Select[*tuple[object, ...]] = select(
        text("asked.first as week"), text("figure.numerator"), text("figure.denominator")
    ).select_from(text(f"{asked} cross join lateral {figure}"))
    return Query(statement.order_by(text("asked.first")))


_PLACEMENT: Final = """(
    select sum(fully_served)::float8 as numerator, sum(patients)::float8 as denominator
    from (
        select distinct on (week) fully_served, patients from timetables
        where site_id = cast(:site_id as uuid) and week between asked.first and asked.last
        order by week, version desc
    ) newest
) figure"""

# Who has been given seats beside the version that counts is one of those who should have the hours, too.
_NINE_HOURS: Final = """(
    select sum(full_weeks)::float8 as numerator, sum(greatest(patients, people))::float8 as denominator
    from (
        select week, count(*) as people, count(*) filter (where minutes >= cast(:full_minutes as integer)) as full_weeks
        from (
            select a.week, sum(extract(epoch from upper(a.during) - lower(a.during))) / 60 as minutes
            from appointments a
            join appointment_patients p on p.organization_id = a.organization_id and p.appointment_id = a.id
            where a.site_id = cast(:site_id as uuid) and a.week between asked.first and asked.last
                and a.status = 'booked' and p.held_until is null
            group by a.week, p.patient_id
        ) weeks
        group by week
    ) seated
    full join (
        select distinct on (week) week, patients from timetables
        where site_id = cast(:site_id as uuid) and week between asked.first and asked.last
        order by week, version desc
    ) newest using (week)
) figure"""

_SEAT_FILL: Final = """(
    select sum(seats)::float8 as numerator, sum(capacity)::float8 as denominator
    from (
        select a.capacity, count(p.patient_id) as seats from appointments a
        left join appointment_patients p
            on p.organization_id = a.organization_id and p.appointment_id = a.id and p.held_until is null
        where a.site_id = cast(:site_id as uuid) and a.week between asked.first and asked.last
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
            where site_id = cast(:site_id as uuid) and week between asked.first and asked.last
        ) weeks"""
_DAY: Final = "weeks.week + array_position(array['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'], {of} ->> 'weekday') - 1"

_PRACTITIONERS: Final = f"""(
    select (
        select sum(extract(epoch from upper(a.during) - lower(a.during)) / 60) from appointments a
        join appointment_practitioners p on p.organization_id = a.organization_id and p.appointment_id = a.id
        where a.site_id = cast(:site_id as uuid) and a.week between asked.first and asked.last
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
        where site_id = cast(:site_id as uuid) and week between asked.first and asked.last
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
            where a.site_id = cast(:site_id as uuid) and a.week between asked.first and asked.last
                and a.status = 'booked'
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
        where a.site_id = cast(:site_id as uuid) and a.week between asked.first and asked.last
            and a.status = 'booked' and p.held_until is null
    ) days
) figure"""

# Versions made by hand name the proposal of the one before them: its changes are those of its first version alone.
_REPLANS: Final = """(
        select organization_id, proposal_id, published_at from timetables t
        where site_id = cast(:site_id as uuid) and week between asked.first and asked.last
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
        and (closed_at at time zone cast(:zone as text))::date between asked.first and asked.last + 6
) figure"""

_CONFLICTS: Final = """(
    select count(*) filter (where exists (
        select 1 from commitments c
        where c.organization_id = p.organization_id and c.patient_id = p.patient_id and c.during && p.during
    ))::float8 as numerator, count(*)::float8 as denominator
    from appointments a
    join appointment_patients p on p.organization_id = a.organization_id and p.appointment_id = a.id
    where a.site_id = cast(:site_id as uuid) and a.week between asked.first and asked.last
        and a.status = 'booked' and p.held_until is null
) figure"""

_COHORTS: Final = """(
    with seats as (
        select a.week, a.id, p.patient_id, m.cohort_id from appointments a
        join appointment_patients p on p.organization_id = a.organization_id and p.appointment_id = a.id
        join cohort_members m on m.organization_id = p.organization_id and m.patient_id = p.patient_id
        where a.site_id = cast(:site_id as uuid) and a.week between asked.first and asked.last
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

_FIGURES: Final[Mapping[KpiCode, str]] = MappingProxyType(
    {
        KpiCode.PLACEMENT_RATE: _PLACEMENT,
        KpiCode.NINE_HOUR_COMPLIANCE: _NINE_HOURS,
        KpiCode.DAYS_A_WEEK: _DAYS,
        KpiCode.SEAT_FILL: _SEAT_FILL,
        KpiCode.PRACTITIONER_UTILISATION: _PRACTITIONERS,
        KpiCode.ROOM_UTILISATION: _ROOMS,
        KpiCode.FAIRNESS_SPREAD: _FAIRNESS,
        KpiCode.CHANGES_PER_REPLAN: _CHANGES,
        KpiCode.NOTICE_HOURS: _NOTICE,
        KpiCode.WAITLIST_DAYS: _WAITLIST,
        KpiCode.CALENDAR_CONFLICTS: _CONFLICTS,
        KpiCode.COHORTS_TOGETHER: _COHORTS,
    }
)
_OF_RANGE: Final = MappingProxyType({code: _counted(_RANGE, figure) for code, figure in _FIGURES.items()})
_OF_EACH_WEEK: Final = MappingProxyType({code: _counted(_EACH_WEEK, figure) for code, figure in _FIGURES.items()})
_PUBLISHED: Final = Query(
    select(TimetableRow.week)
    .where(
        TimetableRow.site_id == bindparam("site_id", type_=Uuid),
        TimetableRow.week.between(bindparam("first", type_=Date), bindparam("last", type_=Date)),
    )
    .distinct()
    .order_by(TimetableRow.week)
)


class Fraction(NamedTuple):
    """What was counted from a week on; what there is nothing of is zero."""

    week: date
    numerator: float
    denominator: float

    @property
    def value(self) -> float | None:
        """The one divided by the other; None where there is nothing to divide by."""
        return self.numerator / self.denominator if self.denominator else None


async def fractions(
    read: Read, code: KpiCode, site_id: SiteId, first: date, last: date, *, zone: str, full_minutes: int, by_week: bool
) -> list[Fraction]:
    """Count one figure: over all of the weeks, or of each of them, the first one first."""
    query = (_OF_EACH_WEEK if by_week else _OF_RANGE)[code]
    asked = {"site_id": site_id, "first": first, "last": last, "zone": zone, "full_minutes": full_minutes}
    return [
        Fraction(row["week"], row["numerator"] or 0.0, row["denominator"] or 0.0)
        for row in await read.all(query, **asked)
    ]


async def published_weeks(read: Read, site_id: SiteId, first: date, last: date) -> list[date]:
    """Fetch which of the weeks are published, in their order."""
    return [row["week"] for row in await read.all(_PUBLISHED, site_id=site_id, first=first, last=last)]
