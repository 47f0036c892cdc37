"""What is fair: work by contract and start date, and bad times for nobody in particular. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from services.contracts.identifiers import PatientId
from services.contracts.records.treatment_plans import PreferenceCost
from services.contracts.scheduler.fairness import PatientFairness, PractitionerFairness, WorkShare
from services.scheduler.fairness.contact import Attended, Employment, PractitionerContact

_WEEK = timedelta(weeks=1)


def practitioners_of(
    employed: Sequence[Employment], worked: Iterable[PractitionerContact], weeks: Iterable[date]
) -> list[PractitionerFairness]:
    """Compare what each has done in the published weeks with a part by contract minutes.

    Weeks before the start date count for nothing on either side, so who is new owes nothing for them.
    """
    published = list(weeks)
    done = {contact.practitioner_id: contact for contact in worked}
    active = {one.practitioner_id: sum(one.starts_on < week + _WEEK for week in published) for one in employed}
    contract = {one.practitioner_id: active[one.practitioner_id] * one.contract_minutes_week for one in employed}
    contacts = [
        done.get(one.practitioner_id, PractitionerContact(one.practitioner_id, 0, 0, 0))
        for one in employed
        if contract[one.practitioner_id] or one.practitioner_id in done
    ]
    every = sum(contract.values())

    def share(minutes: int, total: int, mine: int) -> WorkShare:
        fair = total * mine / every if every else 0.0
        return WorkShare(minutes=minutes, fair_minutes=fair, balance=minutes - fair)

    totals = [
        sum(parts) for parts in zip(*((one.minutes, one.evening, one.weekend) for one in contacts), strict=True)
    ] or [0, 0, 0]
    return [
        PractitionerFairness(
            practitioner_id=one.practitioner_id,
            weeks=active[one.practitioner_id],
            contract_minutes=contract[one.practitioner_id],
            contact=share(one.minutes, totals[0], contract[one.practitioner_id]),
            evening=share(one.evening, totals[1], contract[one.practitioner_id]),
            weekend=share(one.weekend, totals[2], contract[one.practitioner_id]),
        )
        for one in contacts
    ]


def spread_of(practitioners: Iterable[PractitionerFairness]) -> float | None:
    """Return the largest less the smallest load, which is contact minutes a contract minute."""
    loads = [one.contact.minutes / one.contract_minutes for one in practitioners if one.contract_minutes]
    return max(loads) - min(loads) if loads else None


def patients_of(attended: Iterable[Attended], preferences: Mapping[PatientId, PreferenceCost]) -> list[PatientFairness]:
    """Count how much of each patient's time lies in the parts of the week that the plan minds most."""
    total: dict[PatientId, int] = defaultdict(int)
    worst: dict[PatientId, int] = defaultdict(int)
    for session in attended:
        total[session.patient_id] += session.minutes
        if session.part in _least_preferred(preferences.get(session.patient_id)):
            worst[session.patient_id] += session.minutes
    return [
        PatientFairness(
            patient_id=patient_id,
            minutes=minutes,
            least_preferred_minutes=worst[patient_id],
            share=worst[patient_id] / minutes if _least_preferred(preferences.get(patient_id)) else None,
        )
        for patient_id, minutes in sorted(total.items())
    ]


def _least_preferred(cost: PreferenceCost | None) -> set[str]:
    costs: dict[str, int] = {} if cost is None else cost.model_dump()
    most = max(costs.values(), default=0)
    return {part for part, minded in costs.items() if minded == most > 0}
