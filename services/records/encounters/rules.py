"""What is true of encounters: which minutes count, and what a week came to."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from services.contracts.identifiers import EncounterId, PatientId
from services.contracts.records.encounters import AttendanceEvent, Encounter, HoursLedger, HoursLine, MissesRule
from services.contracts.records.treatment_plans import PlanRequirement
from services.contracts.rule_packs import RuleMark
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import ServiceKind

MISSES: Final = (
    MissesRule(
        applies_from=date(2022, 1, 1),
        fewest=3,
        citation="Gallefoss et al., Subst Abuse Treat Prev Policy 2022;17 (s13011-022-00489-9): dropout as three"
        " misses in a row",
        mark=RuleMark.CERTAIN,
    ),
)
"""Oldest first."""

_TO_SUNDAY: Final = timedelta(days=6)
_MINUTE: Final = timedelta(minutes=1)


def misses_on(day: date) -> MissesRule:
    """Return the rule of a day; the oldest holds for what is older than it."""
    return next((one for one in reversed(MISSES) if one.applies_from <= day), MISSES[0])


def encounter_of(event: AttendanceEvent, encounter_id: EncounterId) -> Encounter:
    """Return the encounter that an event tells of."""
    return Encounter.model_validate(
        {**event.model_dump(exclude={"zone"}), "id": encounter_id, "attended_minutes": attended_minutes(event)}
    )


def attended_minutes(event: AttendanceEvent) -> int:
    """Return the minutes of a session that the patient was there; none before it is known that the patient stayed."""
    if event.status is not AttendanceStatus.FULFILLED:
        return 0
    return max(0, (event.end - event.start) // _MINUTE - event.minutes_late - event.minutes_left_early)


def hours_ledger(
    patient_id: PatientId, monday: date, requirement: PlanRequirement | None, encounters: Iterable[Encounter]
) -> HoursLedger:
    """Return a week's ledger; a service that was attended beyond what is required makes up for no other one."""
    required = [] if requirement is None else requirement.required_services
    asked = {one.service: one.minutes_per_week for one in required}
    found = list(encounters)
    kinds = [kind for kind in ServiceKind if kind in asked or any(one.service is kind for one in found)]
    services = [_line(kind, asked.get(kind, 0), [one for one in found if one.service is kind]) for kind in kinds]
    return HoursLedger(
        patient_id=patient_id,
        week=monday,
        due=monday + _TO_SUNDAY,
        plan_version=None if requirement is None else requirement.plan_version,
        services=services,
        required_minutes=sum(line.required_minutes for line in services),
        attended_minutes=sum(line.attended_minutes for line in services),
        missing_minutes=sum(line.missing_minutes for line in services),
    )


def _line(service: ServiceKind, required: int, encounters: list[Encounter]) -> HoursLine:
    attended = sum(one.attended_minutes for one in encounters)
    return HoursLine(
        service=service,
        required_minutes=required,
        attended_minutes=attended,
        excused_minutes=sum(_length(one) for one in encounters if one.excused is True),
        missed_minutes=sum(_length(one) for one in encounters if _is_missed(one)),
        missing_minutes=max(0, required - attended),
    )


def _is_missed(one: Encounter) -> bool:
    return one.status is AttendanceStatus.NOSHOW or one.excused is False


def _length(one: Encounter) -> int:
    return (one.end - one.start) // _MINUTE
