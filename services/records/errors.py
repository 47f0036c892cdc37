"""What the records service refuses."""

from collections.abc import Sequence
from uuid import UUID

from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemType


class HoursOutOfRangeError(ServiceError):
    """The plan's week has fewer or more hours than its level of care allows."""

    problem = ProblemType.HOURS_OUT_OF_RANGE

    def __init__(self, allowed: str, citation: str) -> None:
        super().__init__(
            f"required_services must come to {allowed} a week ({citation}).",
            errors=(InvalidField(location="body", pointer="/required_services", detail=f"must come to {allowed}"),),
        )


class UnschedulableServicesError(ServiceError):
    """The plan asks for minutes that no sequence of sessions adds up to."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, fields: tuple[InvalidField, ...]) -> None:
        super().__init__(
            "The plan asks for what cannot be scheduled; errors says where, and what can be.",
            code="unschedulable-services",
            errors=fields,
        )


class UnknownPatientsError(ServiceError):
    """The body names people who are no patients of this organization, whether or not they are another's."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, pointers: list[str]) -> None:
        super().__init__(
            "The request was refused; errors says where and why.",
            code="unknown-patient",
            errors=tuple(
                InvalidField(location="body", pointer=pointer, detail="must be a patient of your organization")
                for pointer in pointers
            ),
        )


class OpenedToBeReadError(ServiceError):
    """The caller broke a glass, which opens the record to be read, and would write in it."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__(
            "An emergency access opens the record to be read. Who leads the programme can enter you in the care team; "
            "then you may write in it.",
            code="opened-to-be-read",
        )


class ProgrammeClosedError(ServiceError):
    """The programme that an inquiry is for takes nobody in any more."""

    problem = ProblemType.NOT_FOUND

    def __init__(self) -> None:
        super().__init__(
            "This programme takes in no inquiries any more, and nothing of yours was kept. Choose another one from the "
            "directory; in an emergency call 911, in a crisis call or text 988.",
            code="programme-closed",
        )


class PairAlreadyExistsError(ServiceError):
    """The two patients are kept apart already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("These two patients are kept apart already; nothing was changed.")


class NotAMondayError(ServiceError):
    """A week is named by its Monday (ISO 8601)."""

    problem = ProblemType.WEEK_REFUSED

    def __init__(self) -> None:
        super().__init__(
            "A week is named by its Monday.",
            errors=(InvalidField(location="query", pointer="week", detail="must be a Monday"),),
        )


class AlreadyAMemberError(ServiceError):
    """The account is in this care team, or at this site, at this time already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This account is a member already; nothing was changed.")


class OwnReviewError(ServiceError):
    """Who broke the glass does not review it."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("Somebody else must review what you opened.", code="own-review")


class OverAlreadyError(ServiceError):
    """What should end, or be reviewed, is over or reviewed already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This is over already; nothing was changed.", code="over-already")


class ProgrammeOverlapsError(ServiceError):
    """The patient has a draw programme on one of these days."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__(
            "The patient has another draw programme on some of these days: change or end that one first.",
            code="programme-overlaps",
        )


class NotDrawnError(ServiceError):
    """The day was not drawn, or its draw has not been released: the same words for both."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "No draw that has been released fell on this day: read the site's drawn days after its release.",
            code="not-drawn",
        )


class AlreadyTakenUpError(ServiceError):
    """The drawn day has its test."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This drawn day has been taken up already; nothing was changed.")


class StepOutOfTurnError(ServiceError):
    """No such step can follow where the test stands."""

    problem = ProblemType.CONFLICT

    def __init__(self, status: str, possible: list[str]) -> None:
        super().__init__(
            f"The test is {status}; what can be recorded of it now: {', '.join(possible) or 'nothing more'}.",
            code="step-out-of-turn",
        )


class ConsentIncompleteError(ServiceError):
    """The consent lacks what 42 CFR 2.31 asks for, so it cannot become active."""

    problem = ProblemType.CONSENT_INCOMPLETE

    def __init__(self, fields: tuple[InvalidField, ...]) -> None:
        super().__init__("The consent cannot become active; errors names each element that is missing.", errors=fields)


class ConsentSettledError(ServiceError):
    """The consent is not in the status that this takes."""

    problem = ProblemType.CONFLICT

    def __init__(self, needed: str) -> None:
        super().__init__(f"Only a consent that is {needed} can be changed in this way.", code=f"not-{needed}")


class EpisodeOpenError(ServiceError):
    """The patient has an episode in this programme that overlaps with the new one."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("The patient is admitted to this programme already: discharge them from it first.")


class EpisodeOverError(ServiceError):
    """The patient has been discharged from this episode."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This episode has ended; what comes later belongs to a new one.", code="episode-over")


class EpisodeClockRunsError(ServiceError):
    """The clock runs from that day already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This clock runs from that day already; nothing was changed.")


class MonthSettledError(ServiceError):
    """It was said already why this month goes without family counselling."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("It was said already why this month goes without; nothing was changed.")


class NothingCorrectedError(ServiceError):
    """All that was sent is written so already."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("All of it is written like that already: nothing was changed.", code="nothing-corrected")


class AftercareKnownError(ServiceError):
    """The episode has its aftercare."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("This episode has its aftercare; nothing was changed.")


class EpisodeNotOverError(ServiceError):
    """Aftercare follows an episode, and this one has not ended."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("Discharge the patient from this episode first.", code="episode-not-over")


class NobodyToCallError(ServiceError):
    """The episode ended with the patient's death."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("The patient was discharged because of death: nobody is to be called.", code="nobody-to-call")


class ContactNotDueError(ServiceError):
    """The day of the contact has not come."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__(
            "Close it from its day on (due_on); until then record an attempt. That the patient died or declined closes"
            " it at any time.",
            code="contact-not-due",
        )


class TermsKnownError(ServiceError):
    """Of this payer and this day something is written already."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self) -> None:
        super().__init__("Something is written of this payer from this day on already: enter a later day.")


class TaperWeeksError(ServiceError):
    """Weeks that cannot be taper weeks of this episode."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, fields: tuple[InvalidField, ...]) -> None:
        super().__init__(
            "These cannot be the taper weeks; errors says which and why.", code="taper-weeks", errors=fields
        )


class ReferralSettledError(ServiceError):
    """The person was admitted, or the referral closed."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("This referral is settled; nothing was changed.", code="referral-settled")


class PatientKnownError(ServiceError):
    """Patients here have the name and the birth date of somebody who is to become a new patient."""

    problem = ProblemType.ALREADY_EXISTS

    def __init__(self, patient_ids: Sequence[UUID]) -> None:
        super().__init__(
            "There are patients of this name and birth date: send patient_id, or is_another_person.",
            code="patient-known",
            members={"patient_ids": [str(patient_id) for patient_id in patient_ids]},
        )


class EventRefusedError(ServiceError):
    """The event is not signed by the scheduler, or not lately."""

    problem = ProblemType.CREDENTIALS_REFUSED

    def __init__(self) -> None:
        super().__init__("Only the scheduler tells of attendance and of sites, and signs it (Standard Webhooks).")
