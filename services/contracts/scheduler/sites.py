"""Sites, their rooms, the people on shift there and the group meetings they may offer."""

from datetime import date
from functools import cache
from typing import Annotated, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, model_validator

from services.contracts.base import Distinct, Language, Name, RequestModel, ResourceModel
from services.contracts.identifiers import GroupOfferingId, PractitionerId, RoomId, SiteId
from services.contracts.vocabulary import QuarterHour, ServiceKind, WeeklyWindow


@cache
def _zones() -> frozenset[str]:
    # To list them is to walk the folders of the database: five milliseconds, which a chart must not wait for.
    return frozenset(available_timezones())


def _iana_zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("must be a zone of the IANA database, such as America/New_York")
    return ZoneInfo(name).key


ZoneName = Annotated[str, Field(max_length=64), AfterValidator(_iana_zone)]


EndsOn = Annotated[
    date | None,
    Field(description="The day from which on it is there no more, for no plan and no booking; null for no end."),
]
StartsOn = Annotated[
    date | None,
    Field(description="The first day on which it is there; null for no beginning, or for what it is."),
]


class SiteRequest(RequestModel):
    """A place of treatment."""

    name: Name
    zone: ZoneName
    open: Annotated[list[WeeklyWindow], Field(min_length=1, max_length=64)]
    offices: Annotated[int, Field(ge=0, le=200)]
    family_rooms: Annotated[int, Field(ge=0, le=200)]
    ends_on: EndsOn = None


class Site(ResourceModel):
    """A place of treatment with its opening hours in wall time of its zone."""

    id: SiteId
    name: str
    zone: str
    open: list[WeeklyWindow]
    offices: int
    family_rooms: int
    ends_on: date | None
    version: int


def _refuse_no_stay(starts_on: date | None, ends_on: date | None) -> None:
    if starts_on is not None and ends_on is not None and ends_on <= starts_on:
        raise ValueError("ends_on must be after starts_on")


class RoomRequest(RequestModel):
    """A group room."""

    name: Name
    capacity: Annotated[int, Field(ge=1, le=200)]
    starts_on: StartsOn = None
    ends_on: EndsOn = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        _refuse_no_stay(self.starts_on, self.ends_on)
        return self


class Room(ResourceModel):
    """A group room of a site."""

    id: RoomId
    site_id: SiteId
    name: str
    capacity: int
    starts_on: date | None
    ends_on: date | None
    version: int


class PractitionerRequest(RequestModel):
    """A person who treats, what that person may do, and when."""

    display_name: Name
    role: Annotated[str, Field(pattern=r"^(counsellor|therapist|prescriber|nurse|peer)$")]
    leads: Distinct[ServiceKind] = frozenset()
    co_facilitates: bool = False
    individual: Distinct[ServiceKind] = frozenset()
    languages: Annotated[list[Language], Field(min_length=1, max_length=16)]
    shifts: Annotated[list[WeeklyWindow], Field(max_length=64)]
    breaks: list[WeeklyWindow] = Field(max_length=64, default_factory=list)
    max_minutes_day: Annotated[QuarterHour, Field(ge=15, le=1440)] = 480
    max_minutes_week: Annotated[QuarterHour, Field(ge=15)] = 2400
    contract_minutes_week: Annotated[QuarterHour, Field(ge=15)] | None = Field(
        default=None, description="What a fair part of the work is measured by; null for max_minutes_week."
    )
    starts_on: date | None = Field(
        default=None,
        description="The first day at the site, before which nothing counts; null for today, or for what it is.",
    )
    ends_on: EndsOn = None

    @model_validator(mode="after")
    def _leads_only_groups(self) -> Self:
        if any(not service.is_group for service in self.leads):
            raise ValueError("leads may name group services only; put the others into individual")
        if any(service not in {ServiceKind.INDIVIDUAL, ServiceKind.FAMILY} for service in self.individual):
            raise ValueError(
                "individual may name individual and family only; prescribers and nurses serve by their role"
            )
        return self

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> Self:
        _refuse_no_stay(self.starts_on, self.ends_on)
        return self


class Practitioner(ResourceModel):
    """A person who treats at a site."""

    id: PractitionerId
    site_id: SiteId
    display_name: str
    role: str
    leads: list[ServiceKind]
    co_facilitates: bool
    individual: list[ServiceKind]
    languages: list[str]
    shifts: list[WeeklyWindow]
    breaks: list[WeeklyWindow]
    max_minutes_day: int
    max_minutes_week: int
    contract_minutes_week: int
    starts_on: date
    ends_on: date | None
    version: int


class GroupOfferingRequest(RequestModel):
    """A kind of group meeting that the site may hold, as often as the week needs it."""

    service: ServiceKind
    minutes: Annotated[QuarterHour, Field(ge=30, le=480)]
    minimum_size: Annotated[int, Field(ge=2, le=50)] = 4
    maximum_size: Annotated[int, Field(ge=2, le=50)] = 12
    co_facilitator_above: Annotated[int, Field(ge=1, le=50)] = 8
    starts_on: Annotated[
        date | None,
        Field(description="The Monday of the first week that has it; null for no beginning, or for what it is."),
    ] = None
    ends_on: Annotated[
        date | None,
        Field(description="The Monday of the first week that has none of it any more; null for no end."),
    ] = None

    @model_validator(mode="after")
    def _is_a_group(self) -> Self:
        if not self.service.is_group:
            raise ValueError("service must be one that takes place in groups")
        if self.minimum_size > self.maximum_size:
            raise ValueError("minimum_size must not exceed maximum_size")
        return self

    @model_validator(mode="after")
    def _is_there_for_whole_weeks(self) -> Self:
        for member in ("starts_on", "ends_on"):
            day: date | None = getattr(self, member)
            if day is not None and day.weekday() != 0:
                raise ValueError(f"{member} must be a Monday: groups are planned by whole weeks")
        _refuse_no_stay(self.starts_on, self.ends_on)
        return self


class GroupOffering(ResourceModel):
    """A kind of group meeting that the site may hold."""

    id: GroupOfferingId
    site_id: SiteId
    service: ServiceKind
    minutes: int
    minimum_size: int
    maximum_size: int
    co_facilitator_above: int
    starts_on: date | None
    ends_on: date | None
    version: int


class SetupOfWeek(ResourceModel):
    """How a site is set up in a week: what is there on any day of it, as it is then."""

    week: date = Field(description="The Monday of the week.")
    site: Site
    rooms: list[Room]
    practitioners: list[Practitioner]
    group_offerings: list[GroupOffering]
