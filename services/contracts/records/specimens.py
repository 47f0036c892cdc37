"""Specimens: their chain of custody, and what is measured of them before anything is looked for in them."""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from services.contracts.base import Code, Distinct, Name, RequestModel
from services.contracts.identifiers import AccountId
from services.contracts.records.draw_programmes import Specimen


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
    identifiers: Annotated[Distinct[Identifier], Field(min_length=2)]
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
