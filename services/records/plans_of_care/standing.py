"""Where a version of a plan of care stands, by what was done to it."""

from collections.abc import Collection

from services.contracts.records.plans_of_care import PlanActKind, PlanOfCareStatus

ANSWERS = frozenset({PlanActKind.PATIENT_SIGNED, PlanActKind.PATIENT_DECLINED})
"""What a patient may say to a plan; treatment goes on with either."""


def awaits_cosignature(done: Collection[PlanActKind], *, needs_cosignature: bool) -> bool:
    """Whether a version lacks the signature of who supervises a clinician that signed it."""
    return needs_cosignature and PlanActKind.COSIGNED not in done


def status_of(done: Collection[PlanActKind], *, needs_cosignature: bool) -> PlanOfCareStatus:
    """Return where a version stands that these acts were done to."""
    if PlanActKind.CLINICIAN_SIGNED not in done:
        return PlanOfCareStatus.DRAFT
    if awaits_cosignature(done, needs_cosignature=needs_cosignature):
        return PlanOfCareStatus.AWAITING_COSIGNATURE
    return PlanOfCareStatus.AWAITING_PATIENT if ANSWERS.isdisjoint(done) else PlanOfCareStatus.SIGNED
