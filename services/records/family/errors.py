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


class PersonKnownError(ServiceError):
    """The same recipient is close to this patient already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "This recipient is a related person of the patient already (list_related_persons); nothing was changed. End"
            " that (end_related_person) to enter them anew."
        )


class PersonNotNamedError(ServiceError):
    """No consent of the patient names this person and lets them learn anything by themselves."""

    problem = ProblemType.DISCLOSURE_DENIED

    def __init__(self, denial: Denial) -> None:
        super().__init__(
            f"No consent of the patient lets this person read anything ({denial.clause}). To give them an account,"
            f" {denial.remedy}; the consent names the person for family_involvement.",
            code=denial.rule,
        )


class PersonLinkedError(ServiceError):
    """The person has an account already, or the account has still to claim somebody else."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "This person has an account already, or this account has still to claim who somebody else is. End that"
            " (end_related_person_account), or let it be claimed first.",
            code="account-linked",
        )


class NothingToReadError(ServiceError):
    """Nothing can be read so: in one and the same words, whether it is there, is not permitted, or never was."""

    problem = ProblemType.NOT_FOUND

    def __init__(self) -> None:
        super().__init__(
            "There is nothing here that you may read. What you may is listed by list_own_related_persons; whoever is in"
            " treatment decides on it by a written consent, and can change that at any time.",
            code="nothing-to-read",
        )
