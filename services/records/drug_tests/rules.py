"""What is true of drug tests: which step may follow which, and what may be said of a result at each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from services.contracts.records.draw_programmes import DrawTerms
from services.contracts.records.drug_tests import (
    AwaitedAct,
    Confirmed,
    DrugTestStatus,
    Finding,
    NoShow,
    PatientResponse,
    Prescription,
    PrescriptionSource,
    Reading,
    Reconciled,
    ReconciledReading,
    Reconciliation,
    Reviewed,
    Screened,
    SpecimenFlag,
    Step,
    Substance,
)
from services.contracts.records.medications import MedicationRequest, Regimen
from services.contracts.records.specimens import Assessed, Collected, HandedOff
from services.records.drug_tests.limits import SpecimenLimits, notice_limit_on

_S = DrugTestStatus

TRANSITIONS: Final[Mapping[str, Mapping[DrugTestStatus, DrugTestStatus]]] = MappingProxyType(
    {
        kind: MappingProxyType({before: after or before for before in befores})
        for kind, befores, after in (
            ("notified", (_S.DRAWN,), _S.NOTIFIED),
            ("reported", (_S.NOTIFIED, _S.NO_SHOW), _S.REPORTED),
            ("no_show", (_S.NOTIFIED,), _S.NO_SHOW),
            ("refused", (_S.NOTIFIED, _S.REPORTED, _S.LATE, _S.UNABLE), _S.REFUSED),
            ("unable", (_S.REPORTED, _S.LATE), _S.UNABLE),
            ("excused", (_S.DRAWN, _S.NOTIFIED, _S.NO_SHOW, _S.LATE, _S.UNABLE), _S.EXCUSED),
            ("collected", (_S.REPORTED, _S.LATE, _S.UNABLE), _S.COLLECTED),
            ("handed_off", (_S.COLLECTED, _S.ASSESSED, _S.PRESUMPTIVE, _S.RECONCILED, _S.REVIEWED), None),
            ("assessed", (_S.COLLECTED,), _S.ASSESSED),
            ("presumptive", (_S.ASSESSED,), _S.PRESUMPTIVE),
            # What the patient disputes in the review goes to the laboratory after it.
            ("definitive", (_S.ASSESSED, _S.PRESUMPTIVE, _S.RECONCILED, _S.REVIEWED), _S.DEFINITIVE),
            ("reconciled", (_S.PRESUMPTIVE, _S.DEFINITIVE), _S.RECONCILED),
            (
                "reviewed",
                # It is talked over again where what was disputed is settled otherwise than by a laboratory.
                (_S.NO_SHOW, _S.REFUSED, _S.UNABLE, _S.EXCUSED, _S.ASSESSED, _S.RECONCILED, _S.REVIEWED),
                _S.REVIEWED,
            ),
        )
    }
)
"""By kind of step: the statuses it can follow, and where each leads; a report after the hour leads to late instead."""


def possible(status: DrugTestStatus) -> list[str]:
    """Return the kinds of step that can follow a status."""
    return [kind for kind, befores in TRANSITIONS.items() if status in befores]


def is_reviewable(status: DrugTestStatus) -> bool:
    """Whether a review with the patient can follow a status."""
    return status in TRANSITIONS["reviewed"]


# What the specimen still has to be looked at for awaits the laboratory, not those who treat the patient.
AWAITED: Final[Mapping[DrugTestStatus, AwaitedAct]] = MappingProxyType(
    dict.fromkeys(TRANSITIONS["reconciled"], AwaitedAct.RECONCILIATION)
    | dict.fromkeys(
        (one for one in TRANSITIONS["reviewed"] if one not in {_S.ASSESSED, _S.REVIEWED}), AwaitedAct.REVIEW
    )
)
"""By status: what a test waits for from those who treat the patient."""

UNTOLD: Final = frozenset({_S.DRAWN, _S.NOTIFIED})
"""What a test is in while nobody has recorded what became of it."""


def awaited(
    status: DrugTestStatus, day: date, due_at: datetime | None, now: datetime, today: date
) -> AwaitedAct | None:
    """Return what a test of a day waits for from those who treat the patient, or None while nobody is waited for.

    One that was reviewed is asked about where it awaits confirmation.
    """
    if status is _S.REVIEWED:
        return AwaitedAct.CONFIRMATION
    if status in UNTOLD:
        is_over = day < today if due_at is None else due_at < now
        return AwaitedAct.OUTCOME if is_over else None
    return AWAITED.get(status)


def awaits_confirmation(status: DrugTestStatus, steps: Sequence[Step], step: Step, *, awaited_before: bool) -> bool:
    """Say whether a definitive test is awaited after a step: of what is disputed, or handed on after the review."""
    if isinstance(step, Reviewed):
        is_shown = any(isinstance(one, Confirmed) for one in steps)
        is_screened = any(isinstance(one, Screened) for one in steps)
        return step.response is PatientResponse.DISPUTES and is_screened and not is_shown
    if isinstance(step, HandedOff) and status is _S.REVIEWED:
        return True
    return awaited_before and not isinstance(step, Confirmed)


def reconciled(asked: Reconciliation, listed: Sequence[MedicationRequest]) -> Reconciled:
    """Return a reconciliation with what the medication list has that explains anything, which nobody can leave out."""
    on_list = [
        Prescription(
            medication=one.name,
            explains=one.explains,
            source=PrescriptionSource.MEDICATION_LIST,
            # How often another medicine is taken is known to nobody here.
            is_as_needed=one.regimen is Regimen.OTHER,
        )
        for one in listed
        if one.explains
    ]
    return Reconciled(
        kind="reconciled",
        sources=asked.sources | {PrescriptionSource.MEDICATION_LIST},
        prescriptions=[*on_list, *asked.prescriptions],
    )


def status_after(status: DrugTestStatus, kind: str, due_at: datetime | None, now: datetime) -> DrugTestStatus | None:
    """Return where a step leads, or None where it cannot follow."""
    after = TRANSITIONS[kind].get(status)
    if after is _S.REPORTED and due_at is not None and now > due_at:
        return _S.LATE
    return after


def due_after(terms: DrawTerms, notified_at: datetime) -> datetime:
    """Return until when the patient may report."""
    if terms.report_within_minutes is not None:
        return notified_at + timedelta(minutes=terms.report_within_minutes)
    return notified_at + notice_limit_on(notified_at.date()).within[terms.specimen]


@dataclass(frozen=True, slots=True)
class Standing:
    """What a step must fit to, beside the status."""

    due_at: datetime | None
    since: datetime
    """When the test began: nothing of it can have happened earlier."""
    steps: Sequence[Step]
    limits: SpecimenLimits


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a step cannot be recorded now, though one of its kind could."""

    code: str
    pointer: str
    detail: str


def misfit(step: Step, standing: Standing, now: datetime) -> Misfit | None:
    """Return why a step does not fit, or None where it does."""
    if isinstance(step, NoShow) and (standing.due_at is None or now <= standing.due_at):
        return Misfit("not-due", "/kind", "must wait until due_at is over")
    if isinstance(step, Confirmed | HandedOff) and not any(isinstance(one, Collected) for one in standing.steps):
        return Misfit("no-specimen", "/kind", "must not be recorded: no specimen was collected")
    if isinstance(step, Screened | Confirmed) and SpecimenFlag.SUBSTITUTED in specimen_flags(standing):
        return Misfit("substituted", "/kind", "must not be recorded: the specimen is no urine; review it instead")
    times = [at for at in _times(step) if not standing.since <= at <= now]
    if times:
        return Misfit("not-then", "", "must say times between the beginning of the test and now")
    last = _last_hand(standing.steps)
    if isinstance(step, HandedOff) and last is not None and step.hand_off.at < last:
        return Misfit("not-then", "/hand_off/at", "must not lie before the hand-off that came before")
    return None


def _times(step: Step) -> Iterator[datetime]:
    if isinstance(step, Collected):
        yield from (step.collected_at, step.sealed_at, *(hand_off.at for hand_off in step.hand_offs))
    if isinstance(step, HandedOff):
        yield step.hand_off.at


def _last_hand(steps: Sequence[Step]) -> datetime | None:
    times = [at for step in steps for at in _times(step)]
    return max(times, default=None)


def specimen_flags(standing: Standing) -> list[SpecimenFlag]:
    """Return what is not as it should be with the specimen, by the limits of its day."""
    assessed = next((step for step in standing.steps if isinstance(step, Assessed)), None)
    return [] if assessed is None else list(_flags(assessed, standing.limits))


def _flags(assessed: Assessed, limits: SpecimenLimits) -> Iterator[SpecimenFlag]:
    if _is_of_wrong_warmth(assessed, limits):
        yield SpecimenFlag.TEMPERATURE
    creatinine, gravity = assessed.creatinine_mg_per_dl, assessed.specific_gravity
    if creatinine is not None and creatinine < limits.dilute_creatinine_below:
        yield SpecimenFlag.SUBSTITUTED if _is_no_urine(creatinine, gravity, limits) else SpecimenFlag.DILUTE
    if gravity is not None and gravity <= limits.lowest_specific_gravity:
        yield SpecimenFlag.SPECIFIC_GRAVITY
    if not assessed.looks_normal:
        yield SpecimenFlag.APPEARANCE


def _is_no_urine(creatinine: float, gravity: float | None, limits: SpecimenLimits) -> bool:
    """Say whether both figures are not a body's; creatinine alone says of nobody that they handed in something else."""
    return (
        creatinine < limits.substituted_creatinine_below
        and gravity is not None
        and not limits.substituted_gravity_at_most < gravity < limits.substituted_gravity_at_least
    )


def _is_of_wrong_warmth(assessed: Assessed, limits: SpecimenLimits) -> bool:
    warmth, after = assessed.temperature_fahrenheit, assessed.temperature_after_minutes
    if warmth is None or after is None:
        return False
    # What was measured later has cooled, and says nothing.
    in_time = after <= limits.temperature_within_minutes
    return in_time and not limits.coldest_fahrenheit <= warmth <= limits.warmest_fahrenheit


def readings(steps: Sequence[Step]) -> list[ReconciledReading]:
    """Return each substance as it stands: a definitive result overrides a presumptive one.

    Nothing is expected or unexpected before the newest result was held against what the patient is prescribed.
    """
    found: dict[Substance, tuple[bool, bool]] = {}
    held_against: list[Prescription] | None = None
    for step in steps:
        if isinstance(step, Screened | Confirmed):
            is_confirmed = isinstance(step, Confirmed)
            found |= {looked.substance: (looked.is_detected, is_confirmed) for looked in step.results}
            held_against = None
        elif isinstance(step, Reconciled):
            held_against = step.prescriptions
    prescribed = {substance: [one for one in held_against or () if substance in one.explains] for substance in found}
    return [
        ReconciledReading(
            substance=substance,
            is_detected=is_detected,
            is_confirmed=is_confirmed,
            is_expected=None if held_against is None else _is_expected(prescribed[substance], is_detected=is_detected),
            prescribed=[one.medication for one in prescribed[substance]],
        )
        for substance, (is_detected, is_confirmed) in sorted(found.items())
    ]


def _is_expected(prescribed: Sequence[Prescription], *, is_detected: bool) -> bool:
    return bool(prescribed) if is_detected else all(one.is_as_needed for one in prescribed)


def finding(of: Sequence[Reading]) -> Finding:
    """Return what may be said of the test as a whole."""
    if not of:
        return Finding.NO_RESULT
    if any(reading.is_expected is None for reading in of):
        return Finding.UNRECONCILED
    unexpected = [reading for reading in of if not reading.is_expected]
    if not unexpected:
        return Finding.AS_EXPECTED
    return Finding.UNEXPECTED if any(one.is_confirmed for one in unexpected) else Finding.UNEXPECTED_UNCONFIRMED


def kept_back(of: Sequence[ReconciledReading], said: Finding) -> tuple[list[ReconciledReading], Finding]:
    """Return what was measured, without what was concluded from it and what it was held against."""
    measured = [one.model_copy(update={"is_expected": None, "prescribed": []}) for one in of]
    return measured, said if said in {Finding.NO_RESULT, Finding.UNRECONCILED} else Finding.NOT_TOLD
