"""Drug tests: from the draw to the talk with the patient, step by step; no step is ever overwritten."""

from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import Code, Day, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, DrawProgrammeId, DrugTestId, PatientId
from services.contracts.records.draw_programmes import Specimen


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


class Identifier(StrEnum):
    """By what the patient was identified at collection."""

    FULL_NAME = "full_name"
    BIRTH_DATE = "birth_date"
    PHOTO_IDENTITY = "photo_identity"
    RECORD_NUMBER = "record_number"
    KNOWN_TO_COLLECTOR = "known_to_collector"


class HandOff(RequestModel):
    """The sealed specimen passed from the one who had it to another."""

    handed_to: Name
    at: AwareDatetime


class Collected(RequestModel):
    """A specimen was collected: clinical custody, not the federal custody and control form of workplace testing."""

    kind: Literal["collected"]
    specimen: Specimen
    identifiers: Annotated[frozenset[Identifier], Field(min_length=2)]
    collector_id: AccountId
    witness_id: AccountId | None = Field(default=None, description="Who watched; null where nobody did.")
    seal_number: Code
    collected_at: AwareDatetime
    sealed_at: AwareDatetime
    hand_offs: Annotated[list[HandOff], Field(max_length=10)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_a_chain(self) -> Self:
        if self.witness_id == self.collector_id:
            raise ValueError("witness_id must be somebody else than collector_id")
        times = [self.collected_at, self.sealed_at, *(hand_off.at for hand_off in self.hand_offs)]
        if any(later < earlier for earlier, later in pairwise(times)):
            raise ValueError("collected_at, sealed_at and the hand_offs must follow one another in time")
        return self


class HandedOff(RequestModel):
    """The specimen went on, such as to the laboratory's courier."""

    kind: Literal["handed_off"]
    hand_off: HandOff


class Assessed(RequestModel):
    """What was measured of the specimen itself, before anything was looked for in it."""

    kind: Literal["assessed"]
    temperature_fahrenheit: Annotated[float, Field(ge=32, le=130)] | None = None
    temperature_after_minutes: Annotated[float, Field(ge=0, le=60)] | None = None
    creatinine_mg_per_dl: Annotated[float, Field(ge=0, le=1000)] | None = None
    specific_gravity: Annotated[float, Field(ge=0.9, le=1.1)] | None = None
    looks_normal: bool = Field(description="Colour, smell and clarity are such as they are.")

    @model_validator(mode="after")
    def _says_when_it_was_warm(self) -> Self:
        if (self.temperature_fahrenheit is None) is not (self.temperature_after_minutes is None):
            raise ValueError("temperature_fahrenheit and temperature_after_minutes go together")
        return self


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
    explains: Annotated[frozenset[Substance], Field(min_length=1)]
    source: PrescriptionSource


class Reconciled(RequestModel):
    """The result was held against what the patient is prescribed; only now may it be called unexpected."""

    kind: Literal["reconciled"]
    sources: Annotated[frozenset[PrescriptionSource], Field(min_length=1)]
    prescriptions: Annotated[list[Prescription], Field(max_length=30)]

    @model_validator(mode="after")
    def _looked_where_it_found(self) -> Self:
        if any(prescription.source not in self.sources for prescription in self.prescriptions):
            raise ValueError("sources must name where each prescription was found")
        return self


class PatientResponse(StrEnum):
    """What the patient said to it."""

    AGREES = "agrees"
    DISPUTES = "disputes"
    EXPLAINS = "explains"
    SAYS_NOTHING = "says_nothing"


class Reviewed(RequestModel):
    """It was talked over with the patient; a test serves treatment, and is no sole ground for discharge."""

    kind: Literal["reviewed"]
    response: PatientResponse
    plan_is_to_change: bool


StepRequest = Annotated[
    Notified
    | Reported
    | NoShow
    | Refused
    | Unable
    | Collected
    | HandedOff
    | Assessed
    | Screened
    | Confirmed
    | Reconciled
    | Reviewed,
    Field(discriminator="kind"),
]
"""What the team records of a test."""

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
    details: Step
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


class Finding(StrEnum):
    """What may be said of the test as a whole."""

    NO_RESULT = "no_result"
    """Not yet, or never: a missed, refused or excused test is not a positive one."""
    UNRECONCILED = "unreconciled"
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
    readings: list[Reading]
    finding: Finding
    steps: list[DrugTestStep]
    created_at: datetime
