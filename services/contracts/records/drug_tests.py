"""Drug tests: from the draw to the talk with the patient, step by step; no step is ever overwritten."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from services.contracts.base import Day, Distinct, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, DrawProgrammeId, DrugTestId, PatientId
from services.contracts.records.draw_programmes import Drawn
from services.contracts.records.specimens import Assessed, Collected, HandedOff


class DrugTestStatus(StrEnum):
    """Where a test stands; none of them is a verdict."""

    DRAWN = "drawn"
    NOTIFIED = "notified"
    REPORTED = "reported"
    LATE = "late"
    NO_SHOW = "no_show"
    REFUSED = "refused"
    UNABLE = "unable"
    """Came and could not give a specimen, as shy bladder has it."""
    EXCUSED = "excused"
    COLLECTED = "collected"
    ASSESSED = "assessed"
    PRESUMPTIVE = "presumptive"
    DEFINITIVE = "definitive"
    RECONCILED = "reconciled"
    REVIEWED = "reviewed"


class Substance(StrEnum):
    """What a panel looks for."""

    ALCOHOL = "alcohol"
    AMPHETAMINE = "amphetamine"
    METHAMPHETAMINE = "methamphetamine"
    BARBITURATES = "barbiturates"
    BENZODIAZEPINES = "benzodiazepines"
    BUPRENORPHINE = "buprenorphine"
    CANNABINOIDS = "cannabinoids"
    COCAINE = "cocaine"
    FENTANYL = "fentanyl"
    GABAPENTIN = "gabapentin"
    HEROIN = "heroin"
    KRATOM = "kratom"
    METHADONE = "methadone"
    OPIATES = "opiates"
    OXYCODONE = "oxycodone"
    PHENCYCLIDINE = "phencyclidine"
    TRAMADOL = "tramadol"
    XYLAZINE = "xylazine"


class NoticeChannel(StrEnum):
    """How the patient was told."""

    CALL_IN = "call_in"
    IN_PERSON = "in_person"
    TELEPHONE = "telephone"
    MESSAGE = "message"


class Notified(RequestModel):
    """The patient was told now; from now on runs the time to report."""

    kind: Literal["notified"]
    channel: NoticeChannel


class Reported(RequestModel):
    """The patient came now, in time or late."""

    kind: Literal["reported"]


class NoShow(RequestModel):
    """The time to report is over and the patient did not come."""

    kind: Literal["no_show"]


class Refused(RequestModel):
    """The patient declined to give a specimen."""

    kind: Literal["refused"]


class Unable(RequestModel):
    """The patient came and could not give a specimen."""

    kind: Literal["unable"]
    waited_minutes: Annotated[int, Field(ge=0, le=480)]


class ExcuseReason(StrEnum):
    """Why a test does not count against anybody."""

    NOT_NOTIFIED = "not_notified"
    PROGRAMME_ERROR = "programme_error"
    ILLNESS = "illness"
    HOSPITAL = "hospital"
    CUSTODY = "custody"
    BEREAVEMENT = "bereavement"
    TRANSPORT = "transport"
    WORK_OR_SCHOOL = "work_or_school"
    MEDICAL_CONDITION = "medical_condition"


class Excuse(RequestModel):
    """The test is excused; whoever sends it approves it."""

    reason: ExcuseReason


class Excused(RequestModel):
    """The test was excused."""

    kind: Literal["excused"]
    reason: ExcuseReason


class Looked(RequestModel):
    """Whether one substance was detected."""

    substance: Substance
    is_detected: bool


Panel = Annotated[list[Looked], Field(min_length=1, max_length=len(Substance))]


def _refuse_twice(results: list[Looked]) -> None:
    if len({looked.substance for looked in results}) != len(results):
        raise ValueError("results must name each substance once")


class ScreeningMethod(StrEnum):
    """How it was screened; both are presumptive."""

    POINT_OF_CARE = "point_of_care"
    LABORATORY_IMMUNOASSAY = "laboratory_immunoassay"


class Screened(RequestModel):
    """A presumptive result: what it detects is unconfirmed, and is called so wherever it is shown."""

    kind: Literal["presumptive"]
    method: ScreeningMethod
    results: Panel

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _refuse_twice(self.results)
        return self


class DefinitiveReason(StrEnum):
    """Why a definitive test was made: to confirm everything is no reason."""

    WOULD_CHANGE_CARE = "would_change_care"
    DISPUTED = "disputed"


class Confirmed(RequestModel):
    """A definitive result, as by liquid chromatography with tandem mass spectrometry."""

    kind: Literal["definitive"]
    because: DefinitiveReason
    laboratory: Name
    results: Panel

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        _refuse_twice(self.results)
        return self


class PrescriptionSource(StrEnum):
    """Where it was looked up what the patient is prescribed."""

    MEDICATION_LIST = "medication_list"
    MONITORING_PROGRAMME = "monitoring_programme"
    PRESCRIBER = "prescriber"
    CONTAINER = "container"


class Prescription(RequestModel):
    """A prescribed medicine, and what of a panel it explains."""

    medication: Name
    explains: Annotated[Distinct[Substance], Field(min_length=1)]
    source: PrescriptionSource
    is_as_needed: bool = Field(
        default=False, description="Not taken every day, or not known to be: that it was not detected says nothing."
    )


class Reconciliation(RequestModel):
    """What a result is held against beside the record's medication list, which is always taken along by itself."""

    sources: Distinct[PrescriptionSource] = Field(
        default=frozenset(), description="Where it was looked beside the medication list."
    )
    prescriptions: Annotated[list[Prescription], Field(max_length=30)] = Field(
        default_factory=list, description="What was found beside the medication list."
    )

    @model_validator(mode="after")
    def _looked_where_it_found(self) -> Self:
        if any(prescription.source not in self.sources for prescription in self.prescriptions):
            raise ValueError("sources must name where each prescription was found")
        if PrescriptionSource.MEDICATION_LIST in self.sources:
            raise ValueError("sources must not name medication_list: what is on it is taken along by itself")
        return self


class Reconciled(RequestModel):
    """The result was held against what the patient is prescribed; only now may it be called unexpected."""

    kind: Literal["reconciled"]
    sources: Distinct[PrescriptionSource]
    prescriptions: list[Prescription]


class PatientResponse(StrEnum):
    """What the patient said to it."""

    AGREES = "agrees"
    DISPUTES = "disputes"
    EXPLAINS = "explains"
    SAYS_NOTHING = "says_nothing"


class Review(RequestModel):
    """It is talked over with the patient; a test serves treatment, and is no sole ground for discharge."""

    response: PatientResponse
    plan_is_to_change: bool


class Reviewed(Review):
    """It was talked over with the patient."""

    kind: Literal["reviewed"]


StepRequest = Annotated[
    Notified | Reported | NoShow | Refused | Unable | Collected | HandedOff | Assessed | Screened | Confirmed,
    Field(discriminator="kind"),
]
"""What whoever tests records; excuse, reconciliation and review are each of their own who may do them."""

Step = Annotated[
    Notified
    | Reported
    | NoShow
    | Refused
    | Unable
    | Excused
    | Collected
    | HandedOff
    | Assessed
    | Screened
    | Confirmed
    | Reconciled
    | Reviewed,
    Field(discriminator="kind"),
]
"""What can stand in a test's history."""


class DrugTestRequest(RequestModel):
    """A drawn day is taken up."""

    programme_id: DrawProgrammeId
    version: Annotated[int, Field(ge=1, le=9999)]
    day: Day


class DrugTestStep(ResourceModel):
    """One step, and who recorded it when; of an excuse, who approved it."""

    number: int
    status: DrugTestStatus = Field(description="Where the test stood after it.")
    details: Step | None = Field(
        description="Null for a reconciliation where the caller may not see what the patient is prescribed."
    )
    recorded_by: AccountId
    recorded_at: datetime


class SpecimenFlag(StrEnum):
    """What is not as it should be with a specimen."""

    TEMPERATURE = "temperature"
    DILUTE = "dilute"
    SUBSTITUTED = "substituted"
    SPECIFIC_GRAVITY = "specific_gravity"
    APPEARANCE = "appearance"


class Reading(ResourceModel):
    """One substance as it stands: `is_expected` is null until the result was held against prescriptions."""

    substance: Substance
    is_detected: bool
    is_confirmed: bool = Field(description="False for presumptive results: show them as unconfirmed.")
    is_expected: bool | None


class ReconciledReading(Reading):
    """A reading, with what it was held against."""

    prescribed: list[str] = Field(
        description="The prescribed medicines that explain it where it was detected, and lead to it where it was not."
    )


class Finding(StrEnum):
    """What may be said of the test as a whole."""

    NO_RESULT = "no_result"
    """Not yet, or never: a missed, refused or excused test is not a positive one."""
    UNRECONCILED = "unreconciled"
    NOT_TOLD = "not_told"
    """It was reconciled: those who treat the patient know what came of it, others once it was reviewed."""
    AS_EXPECTED = "as_expected"
    UNEXPECTED_UNCONFIRMED = "unexpected_unconfirmed"
    UNEXPECTED = "unexpected"


class DrugTest(ResourceModel):
    """A test with its history."""

    id: DrugTestId
    patient_id: PatientId
    programme_id: DrawProgrammeId
    programme_version: int
    day: date
    status: DrugTestStatus
    version: int
    due_at: datetime | None = Field(description="Until when the patient may report; null before the notice.")
    specimen_flags: list[SpecimenFlag] | None = Field(description="Null until the specimen was assessed.")
    readings: list[ReconciledReading]
    finding: Finding
    steps: list[DrugTestStep]
    created_at: datetime


class DrawnPatient(Drawn):
    """A patient who is to be tested on a day, and whether anybody has taken it up."""

    test_id: DrugTestId | None = Field(description="The test that began with it; null where nobody has taken it up.")


class AwaitedAct(StrEnum):
    """What a test waits for from those who treat the patient."""

    OUTCOME = "outcome"
    """The time to report, or the drawn day, is over, and nobody has recorded what became of it."""
    RECONCILIATION = "reconciliation"
    REVIEW = "review"
    CONFIRMATION = "confirmation"
    """The patient disputes it, or the specimen was handed on after the review, and no definitive result is here."""


class UnsettledTest(ResourceModel):
    """A test that waits for somebody, until it was reconciled and reviewed; what it showed is not told in a list."""

    id: DrugTestId
    patient_id: PatientId
    day: date
    status: DrugTestStatus
    version: int
    awaits: AwaitedAct
    since: datetime = Field(description="When the last step was recorded, or the day was taken up.")


class UnsettledTests(ResourceModel):
    """The tests of a site that await one of these acts, the longest waiting first."""

    items: list[UnsettledTest]
