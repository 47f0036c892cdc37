"""The refusals of closings."""

from collections.abc import Collection

from services.chassis.errors import ServiceError
from services.contracts.disclosure import Information
from services.contracts.problems import InvalidField, ProblemType


class ClosingOpenError(ServiceError):
    """The organization's programme closes already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "The programme closes already; cancel that closing (cancel_programme_closing) to open another."
        )


class ClosingOverError(ServiceError):
    """The closing is sealed, or was cancelled."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "This closing is sealed or was cancelled; nothing of it changes any more.", code="over-already"
        )


class ProgrammeGoesOnError(ServiceError):
    """The last day of the programme is not over."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "The programme's last day is not over yet; seal its records when it is. Until then patients can consent.",
            code="programme-goes-on",
        )


class UndecidedError(ServiceError):
    """Of some records nothing is decided."""

    problem = ProblemType.CONFLICT

    def __init__(self, undecided: int) -> None:
        super().__init__(
            f"Of {undecided} records nothing is decided; list_dispositions names them. Nothing was sealed.",
            code="undecided",
        )


class TransferWithoutConsentError(ServiceError):
    """Not all of this record was given to another programme by a consent of the patient's that names it."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, missing: Collection[Information]) -> None:
        detail = (
            "must be one of this patient's disclosures to one treating provider, made since this closing was opened on"
            " a consent that names that provider, neither of them limited to some days; together they give all that"
            " there is (42 CFR 2.19(a)(1)): see create_disclosure"
        )
        if missing:
            detail += f". Not given: {', '.join(sorted(missing))}"
        super().__init__(
            "The request was refused; errors says where and why. Nothing was decided.",
            errors=(InvalidField(location="body", pointer="/disclosure_id", detail=detail),),
        )
