"""What can be charged for, and what each line lacks: computed from attended and signed sessions, never entered."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from services.contracts.base import Code, Day, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, EncounterId, PartialStayId, PatientId, PayerAuthorizationId
from services.contracts.rule_packs import RuleMark
from services.contracts.vocabulary import ServiceKind

ChargeCodeText = Annotated[str, Field(pattern=r"^([A-Z][0-9]{4}|[0-9]{4})$", description="HCPCS Level II, or an APC.")]
LONGEST_CLAIMED: Final = 92
"""Over how many days lines are asked for at most."""

_Cents = Annotated[int, Field(ge=1, le=10_000_000)]


class BillingMethod(StrEnum):
    """How a payer pays for intensive outpatient treatment."""

    H0015_PER_DIEM = "h0015_per_diem"
    S9480_PER_DIEM = "s9480_per_diem"
    CMHC_SERVICES_PER_DAY = "cmhc_services_per_day"
    HOSPITAL_SERVICES_PER_DAY = "hospital_services_per_day"
    OTP_WEEKLY = "otp_weekly"
    SERVICE_LEVEL = "service_level"


class ChargeUnit(StrEnum):
    """What one unit of a code is."""

    DAY = "day"
    WEEK = "week"
    """Seven contiguous days from the first service."""
    SESSION = "session"
    QUARTER_HOUR = "quarter_hour"


class CodeSystem(StrEnum):
    """Whose code it is; the American Medical Association's are not kept here."""

    HCPCS = "hcpcs"
    APC = "apc"


class ChargeCode(ResourceModel):
    """A code and what it asks for, as dated data with its citation."""

    code: str
    system: CodeSystem
    method: BillingMethod
    service: ServiceKind | None = Field(description="The service that it is for; null where it is a day.")
    title: str
    unit: ChargeUnit
    unit_minutes_fewest: int | None = Field(description="From which minute on a started unit counts.")
    day_minutes_fewest: int | None
    week_days_fewest: int | None = Field(description="Days of a Monday-to-Sunday week that hold as much.")
    services_fewest: int | None
    services_most: int | None
    primary_fewest: int | None = Field(description="How many of them are primary therapy.")
    plan_within_days: int | None = Field(
        description="Until how many days after the admission its plan of care may be signed and still hold for the "
        "days before; null where it rests on no plan."
    )
    condition_code: str | None
    revenue_code: str | None
    citation: str
    mark: RuleMark
    effective_from: date
    effective_until: date | None


class ChargeOverlap(ResourceModel):
    """Within how many days of a claim of another kind a line is returned."""

    days: int
    condition_code: str
    citation: str
    mark: RuleMark
    effective_from: date


class ChargeCertification(ResourceModel):
    """For how many days after a certification of the plan of care a line of a condition code can be claimed."""

    condition_code: str
    days: int
    citation: str
    mark: RuleMark
    effective_from: date


class ChargeCodes(ResourceModel):
    """Every code that lines are made of, and the rules of overlaps and of certifications."""

    codes: list[ChargeCode]
    overlaps: list[ChargeOverlap]
    certifications: list[ChargeCertification]


class PayerContractRequest(RequestModel):
    """How a payer pays, from a day on; a later one takes the place of an earlier one from its own day on."""

    payer: Code
    method: BillingMethod
    requires_authorization: bool
    effective_from: Day
    source: Name = Field(description="Where it is written.")


class PayerContract(ResourceModel):
    """How a payer pays, from a day on."""

    payer: str
    method: BillingMethod
    requires_authorization: bool
    effective_from: date
    source: str
    entered_by: AccountId
    entered_at: datetime


class ChargeRateRequest(RequestModel):
    """What a payer pays for one unit of a code, from a day on."""

    payer: Code
    code: ChargeCodeText
    amount_cents: _Cents
    effective_from: Day
    source: Name = Field(description="The contract, the fee schedule, and its date.")


class ChargeRate(ResourceModel):
    """What a payer pays for one unit of a code, from a day on."""

    payer: str
    code: str
    amount_cents: int = Field(description="US cents.")
    effective_from: date
    source: str
    entered_by: AccountId
    entered_at: datetime


class PayerAuthorizationRequest(RequestModel):
    """What a payer has authorized for a patient."""

    payer: Code
    number: Name = Field(description="The payer's own number of it.")
    code: ChargeCodeText
    units: Annotated[int, Field(ge=1, le=1000)]
    from_on: Day
    until_on: Day = Field(description="The last day.")

    @model_validator(mode="after")
    def _is_a_time(self) -> Self:
        if not 0 <= (self.until_on - self.from_on).days < 366:  # noqa: PLR2004 - a year, leap years among them
            raise ValueError("until_on must not lie before from_on, nor more than a year after it")
        return self


class PayerAuthorization(ResourceModel):
    """What a payer has authorized for a patient."""

    id: PayerAuthorizationId
    patient_id: PatientId
    payer: str
    number: str
    code: str
    units: int
    from_on: date
    until_on: date
    entered_by: AccountId
    entered_at: datetime


class PartialStayRequest(RequestModel):
    """Days of partial hospitalization that were claimed for a patient, here or elsewhere."""

    from_on: Day
    until_on: Day

    @model_validator(mode="after")
    def _is_a_time(self) -> Self:
        if self.until_on < self.from_on:
            raise ValueError("until_on must not lie before from_on")
        return self


class PartialStay(ResourceModel):
    """Days of partial hospitalization that were claimed for a patient."""

    id: PartialStayId
    patient_id: PatientId
    from_on: date
    until_on: date
    entered_by: AccountId
    entered_at: datetime


class ChargeGap(StrEnum):
    """What a line lacks."""

    NOT_ATTENDED = "not_attended"
    ATTENDANCE_OPEN = "attendance_open"
    NOTE_UNSIGNED = "note_unsigned"
    DAY_TOO_SHORT = "day_too_short"
    FEWER_DAYS_THAN_ASKED = "fewer_days_than_asked"
    FEWER_SERVICES_THAN_ASKED = "fewer_services_than_asked"
    NO_PRIMARY_THERAPY = "no_primary_therapy"
    NO_CODE = "no_code"
    NO_RATE = "no_rate"
    NO_CONTRACT = "no_contract"
    AUTHORIZATION_LACKING = "authorization_lacking"
    AUTHORIZATION_USED_UP = "authorization_used_up"
    EPISODE_NOT_OPEN = "episode_not_open"
    PLAN_UNSIGNED = "plan_unsigned"
    """No plan of care of the stay has the signatures of clinicians that it needs, or none had them in time."""
    CERTIFICATION_LACKING = "certification_lacking"
    """Nobody certified on or before the day that the treatment is needed, or too long before it."""
    NEAR_PARTIAL_HOSPITALIZATION = "near_partial_hospitalization"
    PAID_BY_PATIENT = "paid_by_patient"
    """The patient paid in full, and a restriction keeps it from health plans (45 CFR 164.522(a)(1)(vi))."""
    RESTRICTED = "restricted"
    """A restriction that was granted keeps it from health plans (42 CFR 2.26)."""


class ChargeLine(ResourceModel):
    """A line that could be charged, and what it lacks; only one that lacks nothing is billable."""

    first_on: date
    last_on: date
    code: str | None
    title: str | None
    units: int
    revenue_code: str | None
    condition_code: str | None
    services: int = Field(description="Attended sessions that it rests on, unsigned ones left out.")
    minutes: int
    amount_cents: int | None = Field(description="Units at the rate of its first day; null where none is loaded.")
    encounter_ids: list[EncounterId]
    authorization_id: PayerAuthorizationId | None
    gaps: list[ChargeGap]
    is_billable: bool
    citation: str | None
    mark: RuleMark | None


class ChargeLines(ResourceModel):
    """A patient's lines of some days for one payer, in the order of days."""

    patient_id: PatientId
    payer: str
    from_on: date
    until_on: date
    items: list[ChargeLine]
    billable_cents: int = Field(description="Of the lines that lack nothing.")
