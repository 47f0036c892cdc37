"""Where a version of a plan of care stands, by what was done to it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from services.contracts.records.plans_of_care import PlanActKind, PlanOfCareStatus
from services.records.plans_of_care.facts import ActFacts

_UNSIGNED = frozenset({PlanOfCareStatus.DRAFT, PlanOfCareStatus.AWAITING_COSIGNATURE})
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


def signed_at(acts: Sequence[ActFacts]) -> datetime | None:
    """Return when a version first had the signatures of clinicians that it needs, or None where none has them yet.

    The acts are in the order in which they were recorded. What is signed holds until an amendment is.
    """
    for number, last in enumerate(acts, 1):
        own = [act for act in acts[:number] if act.version == last.version]
        status = status_of({act.kind for act in own}, needs_cosignature=any(act.needs_cosignature for act in own))
        if status not in _UNSIGNED:
            return last.at
    return None
