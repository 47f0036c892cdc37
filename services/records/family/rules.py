"""What is true of family counselling: which months are held, exempt, due or missed. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Final

from services.contracts.identifiers import EncounterId
from services.contracts.records.encounters import Encounter
from services.contracts.records.family import FamilyExemptionReason, FamilyMonth, FamilyMonthStatus, FamilyRule
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import ServiceKind
from services.records.site_zones.rules import Zones

_DECEMBER: Final = 12
Stay = tuple[date, date | None]
"""From admission to discharge, both days among it; None while the patient is admitted."""


def first_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """Return the first day of the month that follows."""
    return date(month.year + month.month // _DECEMBER, month.month % _DECEMBER + 1, 1)


def months_of(stays: Sequence[Stay], today: date) -> list[date]:
    """Return the months in which a patient was admitted on any day until today, each once, oldest first."""
    months: set[date] = set()
    for admitted, discharged in stays:
        month, last = first_of(admitted), min(discharged or today, today)
        while admitted <= last and month <= last:
            months.add(month)
            month = next_month(month)
    return sorted(months)


def counselled(encounters: Sequence[Encounter], zones: Zones) -> dict[date, list[EncounterId]]:
    """Return the attended family sessions of each month, by the day on which they began in the zone of their site."""
    held: dict[date, list[EncounterId]] = {}
    for one in encounters:
        if one.service is ServiceKind.FAMILY and one.status is AttendanceStatus.FULFILLED and one.attended_minutes:
            held.setdefault(first_of(zones.day(one.start, one.site_id)), []).append(one.id)
    return held


def month_status(
    month: date,
    rule: FamilyRule,
    held: Mapping[date, list[EncounterId]],
    exempt: Mapping[date, FamilyExemptionReason],
    today: date,
) -> FamilyMonth:
    """Return where a month stands; a session that was held counts also where none was asked for."""
    sessions, reason = held.get(month, []), exempt.get(month)
    if len(sessions) >= rule.sessions_fewest:
        status = FamilyMonthStatus.HELD
    elif reason is not None:
        status = FamilyMonthStatus.EXEMPT
    else:
        status = FamilyMonthStatus.DUE if month == first_of(today) else FamilyMonthStatus.MISSED
    return FamilyMonth(month=month, status=status, encounter_ids=sessions, exempt_because=reason)


def lacking(
    stays: Sequence[Stay],
    rule: FamilyRule,
    held: Mapping[date, list[EncounterId]],
    exempt: Collection[date],
    today: date,
) -> list[date]:
    """Return the months of these stays until today that are neither held nor exempt, oldest first."""
    months = months_of(stays, today)
    return [one for one in months if len(held.get(one, ())) < rule.sessions_fewest and one not in exempt]
