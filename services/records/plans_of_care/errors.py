"""The refusals of plans of care."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class PlanLockedError(ServiceError):
    """What was signed is not written anew."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This plan is signed and stays as it is: amend it.", code="plan-locked")


class PlanUnsignedError(ServiceError):
    """A draft is neither amended, attested, reviewed nor certified."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This plan is a draft: a clinician signs it first.", code="plan-unsigned")


class PlanCosignatureNotYoursError(ServiceError):
    """The caller does not supervise who signed, or no co-signature is awaited."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "No co-signature of yours is awaited: somebody who supervises the clinician that signed gives it, once.",
            code="cosignature-not-awaited",
        )


class SignedAlreadyError(ServiceError):
    """A person signs a version once."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This signature is there already: a version is signed once by each.", code="signed-already")
