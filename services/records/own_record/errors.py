"""What is refused of own records."""

from services.chassis.errors import ServiceError
from services.contracts.problems import ProblemType


class NoOwnRecordError(ServiceError):
    """The caller signs in as a patient, and is linked to none here; it says nothing of anybody's record."""

    problem = ProblemType.NOT_FOUND

    def __init__(self) -> None:
        super().__init__(
            "No record is linked to your account. Claim it (claim_own_record) with the code that the front desk of your"
            " programme gave you, or ask there for one.",
            code="no-own-record",
        )


class ClaimRefusedError(ServiceError):
    """Nothing can be claimed so; whether anything could be, and what did not fit, is not told."""

    problem = ProblemType.NOT_FOUND

    def __init__(self) -> None:
        super().__init__(
            "Nothing can be claimed with this code and date of birth. Look at both again, or ask the front desk of your"
            " programme for another code: one is good for three days and for five attempts.",
            code="claim-refused",
        )


class AccountLinkedError(ServiceError):
    """The patient has an account already, or the account is a patient's."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "This patient, or this account, is linked already. End that link (end_patient_account) to make another.",
            code="account-linked",
        )
