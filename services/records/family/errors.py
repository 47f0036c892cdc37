"""The refusals of family."""

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType
from services.policy.decisions.answer import Denial


class ParticipationDeniedError(ServiceError):
    """Who sits with a patient learns that they attend, and no consent lets this person, or their group, learn it."""

    problem = ProblemType.DISCLOSURE_DENIED

    def __init__(self, denial: Denial, *, to_group: bool) -> None:
        who = "The other families of a multi-family group" if to_group else "This person"
        # They are nobody by name: a consent names their class.
        remedy = f"{denial.remedy}, whose recipient_kinds name multi_family_group" if to_group else denial.remedy
        super().__init__(
            f"{who} may not learn that the patient attends ({denial.clause}). To let this person take part, {remedy}.",
            code=denial.rule,
            errors=(InvalidField(location="body", pointer="/kind", detail=remedy),),
        )


class ParticipationKnownError(ServiceError):
    """The person takes part in this already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This person takes part in this already; nothing was changed.")
