"""What is true of incidents: how they stand after all that was done, and who must be told by which day."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from services.contracts.records.privacy_incidents import (
    BreachDeadline,
    IncidentOutcome,
    IncidentStatus,
    NotifiedParty,
    PrivacyIncident,
)
from services.records.privacy_incidents.facts import ActKind, Incident
from services.records.privacy_notices.rules import is_past

_EAST: Final = timedelta(hours=14)


class BreachRule(NamedTuple):
    """Who is told by when, from a day of discovery on."""

    effective_from: date
    days: int
    """After discovery; for patients, media, and of a large breach the Secretary."""
    large_from: int
    """So many affected make a breach large."""
    days_after_year: int
    """After the end of the year of discovery; of a breach that is not large, for the Secretary."""
    media_above: int
    """The media of a state are told where more of its residents are affected."""
    citations: Mapping[str, str]


_HIPAA: Final = {
    "patients": "45 CFR 164.404(b)",
    "secretary_large": "45 CFR 164.408(b)",
    "secretary_small": "45 CFR 164.408(c)",
    "media": "45 CFR 164.406",
}
BREACH_RULES: Final = (
    BreachRule(date(2013, 9, 23), 60, 500, 60, 500, _HIPAA),
    # The same for every programme, covered entity or not (89 FR 12472, compliance by 16 February 2026).
    BreachRule(
        date(2026, 2, 16), 60, 500, 60, 500, {name: f"42 CFR 2.16(b), {clause}" for name, clause in _HIPAA.items()}
    ),
)


def rule_on(day: date) -> BreachRule:
    """Return the rule for what is discovered on a day; the oldest for what was discovered before it."""
    return next((rule for rule in reversed(BREACH_RULES) if rule.effective_from <= day), BREACH_RULES[0])


def is_no_breach(incident: Incident) -> bool:
    """Whether it was decided that there was none: until then a breach is presumed (45 CFR 164.402, breach, (2))."""
    decision = incident.decision
    return decision is not None and decision.outcome is not IncidentOutcome.BREACH


def status_of(incident: Incident) -> IncidentStatus:
    """Return where an incident stands."""
    if incident.newest(ActKind.CLOSED) is not None:
        return IncidentStatus.CLOSED
    if incident.decision is None:
        return IncidentStatus.PRESUMED_BREACH
    return IncidentStatus.NO_BREACH if is_no_breach(incident) else IncidentStatus.BREACH


def deadlines(incident: Incident, now: datetime) -> list[BreachDeadline]:
    """Return who must be told by when; nobody where there was no breach."""
    return [] if is_no_breach(incident) else list(_deadlines(incident, now))


def _deadlines(incident: Incident, now: datetime) -> Iterator[BreachDeadline]:
    discovered_on = incident.told.discovered_on
    rule = rule_on(discovered_on)
    soon = discovered_on + timedelta(days=rule.days)

    def deadline(
        notified: NotifiedParty, state: str | None, due_on: date, met_on: date | None, clause: str
    ) -> BreachDeadline:
        due_on = max(due_on, incident.delayed_until or due_on)
        return BreachDeadline(
            notified=notified,
            state=state,
            due_on=due_on,
            met_on=met_on,
            is_overdue=met_on is None and is_past(due_on, now),
            citation=rule.citations[clause],
        )

    yield deadline(NotifiedParty.PATIENTS, None, soon, _patients_told_on(incident), "patients")
    secretary_told_on = incident.told_on(NotifiedParty.SECRETARY, None)
    if incident.affected >= rule.large_from:
        yield deadline(NotifiedParty.SECRETARY, None, soon, secretary_told_on, "secretary_large")
    else:
        of_year = date(discovered_on.year, 12, 31) + timedelta(days=rule.days_after_year)
        yield deadline(NotifiedParty.SECRETARY, None, of_year, secretary_told_on, "secretary_small")
    for one in incident.counted:
        if one.affected > rule.media_above:
            yield deadline(
                NotifiedParty.MEDIA, one.state, soon, incident.told_on(NotifiedParty.MEDIA, one.state), "media"
            )


def _patients_told_on(incident: Incident) -> date | None:
    if not incident.counted or any(one.notified < one.affected for one in incident.counted):
        return None
    return max(one.last_on for one in incident.counted if one.last_on is not None)


def is_large(incident: Incident) -> bool:
    """Whether the Secretary is told of it by itself, and not with the others of its year."""
    return incident.affected >= rule_on(incident.told.discovered_on).large_from


def has_begun(day: date, now: datetime) -> bool:
    """Whether it is this day, or a later one, anywhere on earth."""
    return day <= (now + _EAST).date()


def told(incident: Incident, now: datetime) -> PrivacyIncident:
    """Tell an incident as it stands."""
    closed = incident.newest(ActKind.CLOSED)
    return PrivacyIncident.model_validate(
        {
            **incident.told.model_dump(exclude={"information"}),
            "id": incident.id,
            "version": incident.version,
            "status": status_of(incident),
            "information": sorted(incident.told.information),
            "recorded_by": incident.recorded_by,
            "recorded_at": incident.recorded_at,
            "assessment": incident.assessment,
            "decision": incident.decision,
            "delayed_until": incident.delayed_until,
            "affected": incident.affected,
            "affected_by_state": {one.state: one.affected for one in incident.counted},
            "notified": sum(one.notified for one in incident.counted),
            "deadlines": deadlines(incident, now),
            "closed_at": None if closed is None else closed.done_at,
        }
    )
