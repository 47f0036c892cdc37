"""Where a version of a plan of care stands, by what was done to it."""

from collections.abc import Iterable

from services.contracts.records.plans_of_care import PlanActKind, PlanOfCareStatus

ANSWERS = frozenset({PlanActKind.PATIENT_SIGNED, PlanActKind.PATIENT_DECLINED})
"""What a patient may say to a plan; treatment goes on with either."""


def status_of(acts: Iterable[PlanActKind]) -> PlanOfCareStatus:
    """Return where a version stands that these acts were done to."""
    done = frozenset(acts)
    if PlanActKind.CLINICIAN_SIGNED not in done:
        return PlanOfCareStatus.DRAFT
    return PlanOfCareStatus.SIGNED if done & ANSWERS else PlanOfCareStatus.AWAITING_PATIENT
