"""How a refusal is told from the event that the trail kept of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from services.contracts.records.access_denials import AccessDenial
from services.policy.decisions.answer import Denial, Rule
from services.records.refusals import REASONS, Reason, Refusal

_DENIALS: Final = {rule.value: Denial(rule) for rule in Rule}
_REASONS: Final[Mapping[str, Reason]] = MappingProxyType(
    {rule: Reason(denial.clause, denial.remedy) for rule, denial in _DENIALS.items()}
    | {refusal.value: reason for refusal, reason in REASONS.items()}
)


def reason_of(rule: str) -> Reason | None:
    """Return the clause and the remedy of a rule, or None where an older version knew it and this one does not."""
    return _REASONS.get(rule)


def denial_of(event: Mapping[str, Any]) -> AccessDenial:
    """Tell a refusal.

    What was sought by an identifier that is nobody's here is not told: it may be somebody's elsewhere.
    """
    rule = event["rule"]
    reason = reason_of(rule)
    subjects = [] if rule == Refusal.NOT_FOUND else event["subjects"]
    return AccessDenial.model_validate(
        {
            "id": event["id"],
            "denied_at": event["at"],
            "denied_to": event["account"],
            "roles": event["roles"],
            "acting_service": event["service"],
            "operation_id": event["operation"],
            "request": event["request"],
            "purpose": event["purpose"],
            "information": event.get("information"),
            "patient_id": next(iter(subjects), None),
            "recipient_id": event.get("recipient"),
            "rule": rule,
            "clause": reason and reason.clause,
            "remedy": reason and reason.remedy,
        }
    )
