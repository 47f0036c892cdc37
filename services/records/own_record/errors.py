"""What is refused of own records."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class NoOwnRecordError(ServiceError):
    """The caller signs in as a patient, and is linked to none here; it says nothing of anybody's record."""

    problem = ProblemType.NOT_FOUND

    def __init__(self) -> None:
        super().__init__(
            "No record is linked to your account. Ask the front desk of your programme to link yours.",
            code="no-own-record",
        )


class AccountLinkedError(ServiceError):
    """The patient has an account already, or the account is a patient's."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "This patient, or this account, is linked already. End that link (end_patient_account) to make another.",
            code="account-linked",
        )
