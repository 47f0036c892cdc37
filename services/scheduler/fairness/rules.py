"""What is fair: work by contract and start date, and bad times for nobody in particular. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from fractions import Fraction
from typing import Final

from services.contracts.identifiers import PatientId
from services.contracts.records.treatment_plans import PreferenceCost
from services.contracts.scheduler.fairness import PatientFairness, PractitionerFairness, WorkShare
from services.scheduler.fairness.contact import Attended, Burden, Employment, PractitionerContact

_STEPS: Final = (Fraction(1, 10), Fraction(3, 10))
"""How far above the average a share lies from which a bad time counts once more."""


def practitioners_of(
    employed: Sequence[Employment], worked: Iterable[PractitionerContact]
) -> list[PractitionerFairness]:
    """Compare what each has done in the published weeks with a part by the contract minutes of each week.

    Weeks before the start date, and from the end on, count for nothing on either side: nobody owes anything for them.
    """
    done = {contact.practitioner_id: contact for contact in worked}
    active = {one.practitioner_id: len(one.contract_minutes) for one in employed}
    contract = {one.practitioner_id: sum(one.contract_minutes.values()) for one in employed}
    contacts = [
        done.get(one.practitioner_id, PractitionerContact(one.practitioner_id, 0, 0, 0, 0))
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
            days=one.days,
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


def burdens_of(
    attended: Iterable[Attended], unmet: Mapping[PatientId, int], preferences: Mapping[PatientId, PreferenceCost]
) -> dict[PatientId, Burden]:
    """Count how much of each patient's time lies where the plan minds it most, and how much was not delivered."""
    burdens: dict[PatientId, Burden] = defaultdict(Burden)
    for session in attended:
        burden = burdens[session.patient_id]
        burden.minutes += session.minutes
        burden.days.add(session.start.date())
        if session.part in _least_preferred(preferences.get(session.patient_id)):
            burden.least_preferred += session.minutes
    for patient_id, minutes in unmet.items():
        burdens[patient_id].unmet += minutes
    return burdens


def weights_of(burdens: Mapping[PatientId, Burden]) -> dict[PatientId, int]:
    """Return how many times as much a bad time is to count for each patient in the week that comes.

    Whose share of bad minutes, unmet or at the least preferred times, lies above the average of all counts twice or
    three times; who had nothing in the window owes and is owed nothing.
    """
    shares = {
        patient_id: Fraction(burden.least_preferred + burden.unmet, burden.due)
        for patient_id, burden in burdens.items()
        if burden.due
    }
    average = sum(shares.values(), Fraction()) / len(shares) if shares else Fraction()
    return {patient_id: 1 + sum(share - average > step for step in _STEPS) for patient_id, share in shares.items()}


def patients_of(
    burdens: Mapping[PatientId, Burden], preferences: Mapping[PatientId, PreferenceCost]
) -> list[PatientFairness]:
    """Write down each patient's part, and what it counts for from here on."""
    weights = weights_of(burdens)
    return [
        PatientFairness(
            patient_id=patient_id,
            minutes=burden.minutes,
            days=len(burden.days),
            days_a_week=_days_a_week(burden.days),
            least_preferred_minutes=burden.least_preferred,
            share=burden.least_preferred / burden.minutes
            if burden.minutes and _least_preferred(preferences.get(patient_id))
            else None,
            unmet_minutes=burden.unmet,
            weight=weights.get(patient_id, 1),
        )
        for patient_id, burden in sorted(burdens.items())
    ]


def _days_a_week(days: AbstractSet[date]) -> float | None:
    weeks = {day - timedelta(days=day.weekday()) for day in days}
    return len(days) / len(weeks) if weeks else None


def _least_preferred(cost: PreferenceCost | None) -> set[str]:
    costs: dict[str, int] = {} if cost is None else cost.model_dump()
    most = max(costs.values(), default=0)
    return {part for part, minded in costs.items() if minded == most > 0}
