"""What is refused of disclosures."""

from typing import Final

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.policy.decisions.answer import Denial


class DisclosureDeniedError(ServiceError):
    """A part of the record may not be disclosed so; the rule, its clause, and what would satisfy it are told."""

    problem = ProblemType.DISCLOSURE_DENIED

    def __init__(self, denial: Denial, pointer: str) -> None:
        super().__init__(
            f"This may not be disclosed ({denial.clause}); nothing was. To disclose it, {denial.remedy}.",
            code=denial.rule,
            errors=(InvalidField(location="body", pointer=pointer, detail=denial.remedy),),
        )


_ONLY_WHAT_THERE_IS: Final = (
    "must be a part that there is of this record; diagnoses are disclosed together with treatment_plan,"
    " as the plan of care that a clinician has signed, and claims with payer, records_from and"
    " records_until, once a session has been told of"
)


class NothingToDiscloseError(ServiceError):
    """A part of the record might be disclosed, but not in this way; nothing was."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, pointers: list[str], detail: str = _ONLY_WHAT_THERE_IS) -> None:
        super().__init__(
            "The request was refused; errors says where and why. Nothing was disclosed.",
            code="nothing-to-disclose",
            errors=tuple(InvalidField(location="body", pointer=pointer, detail=detail) for pointer in pointers),
        )


class RestedOnAnotherConsentError(ServiceError):
    """The answer of an Idempotency-Key rested on a consent that carries it no longer; another one would."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "What this Idempotency-Key disclosed rested on another consent, and is not given again;"
            " send a fresh key to disclose it on what holds now.",
            code="another-consent",
        )
