"""Seats that are kept, for a while, for people who can come at few other times."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from services.contracts.base import Distinct, RequestModel, ResourceModel
from services.contracts.identifiers import GroupOfferingId, PatientId, SiteId
from services.contracts.scheduler.bookings import SeatRequest
from services.contracts.scheduler.horizon import PartOfWeek

_SCARCE: Final = frozenset({PartOfWeek.EVENING})


class HeldSeatsRuleRequest(RequestModel):
    """Says how many seats of each group in the scarce parts of the week are kept, until when, and for whom."""

    enabled: bool
    parts: Annotated[Distinct[PartOfWeek], Field(min_length=1, description="When seats are scarce.")] = _SCARCE
    seats: Annotated[int, Field(ge=1, le=20, description="Of each session.")] = 1
    release_minutes: Annotated[
        int, Field(ge=0, le=20160, description="So long before its session a kept seat is anybody's.")
    ] = 2880
    few_choices: Annotated[
        int,
        Field(ge=0, le=10, description="Who has no more other sessions of the service that week may have a kept seat."),
    ] = 0


class HeldSeatsRule(ResourceModel):
    """A site's rule for scarce seats."""

    site_id: SiteId
    enabled: bool
    parts: list[PartOfWeek]
    seats: int
    release_minutes: int
    few_choices: int


class OverrideReason(StrEnum):
    """Why somebody who has other choices is given a kept seat."""

    CLINICAL = "clinical"
    COURT = "court"
    SAFETY = "safety"
    NEW_COMMITMENT = "new_commitment"
    TRANSPORT = "transport"


class HeldSeatRequest(SeatRequest):
    """Gives a patient a seat that is kept for others."""

    patient_id: PatientId
    reason: OverrideReason


class WeeklyHeldSeatsRuleRequest(RequestModel):
    """Says how many seats of each meeting of a kind of group are kept in the weeks of a span, until when, for whom."""

    enabled: bool
    seats: Annotated[int, Field(ge=1, le=20, description="Of each meeting.")] = 1
    release_days: Annotated[
        int,
        Field(
            ge=-6,
            le=60,
            description="So many days before the week's Monday, at the site's midnight, its kept seats are anybody's; "
            "below zero within the week.",
        ),
    ] = 3
    first_week: Annotated[date | None, Field(description="The Monday of the first week; null for any before.")] = None
    last_week: Annotated[date | None, Field(description="The Monday of the last week; null for any after.")] = None
    few_choices: Annotated[
        int,
        Field(ge=0, le=10, description="Who has no more other seats of the service that week may have a kept one."),
    ] = 0


class WeeklyHeldSeatsRule(ResourceModel):
    """A programme's rule for seats of a kind of group that are kept from week to week."""

    site_id: SiteId
    group_offering_id: GroupOfferingId
    enabled: bool
    seats: int
    release_days: int
    first_week: date | None
    last_week: date | None
    few_choices: int
