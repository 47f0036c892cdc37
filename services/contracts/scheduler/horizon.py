"""The weeks ahead: what is published, what is to be expected after that, and where seats run short."""

from datetime import date, datetime, time
from enum import StrEnum

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import PractitionerId, SiteId
from services.contracts.vocabulary import ServiceKind, Weekday


class HorizonBasis(StrEnum):
    """What is known of a week: its own timetable, the newest one before it carried forward, or nothing."""

    PUBLISHED = "published"
    PROJECTED = "projected"
    NOTHING = "nothing"


class PartOfWeek(StrEnum):
    """When a meeting starts: before 12:00, before 17:00, later, or on Saturday or Sunday."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    WEEKEND = "weekend"


class HorizonClosure(ResourceModel):
    """Hours of the week in which the site is closed; with the site's offset."""

    start: datetime
    end: datetime
    by_video: bool = Field(description="Only the building is closed; meetings by video take place.")


class HorizonGroup(ResourceModel):
    """A group that meets each week; members are counted, never named."""

    service: ServiceKind
    track: str | None
    language: str | None
    weekday: Weekday
    start: time = Field(description="Wall time of the site's zone.")
    minutes: int
    practitioner_id: PractitionerId | None
    part: PartOfWeek
    seats: int
    expected: int = Field(description="Booked; in a projected week those members whose plans still ask for it.")
    is_below_minimum: bool
    is_closed: bool = Field(description="It falls into hours in which the site is closed.")


class HorizonPart(ResourceModel):
    """Seats of one service in one part of a week; a seat is one person in one meeting."""

    service: ServiceKind
    part: PartOfWeek
    seats_available: int
    seats_expected: int = Field(description="Taken by those who have them already.")
    seats_fillable: int = Field(description="Free seats for those who lack some, each where they have time.")
    seats_short: int = Field(description="Seats that people lack who have time then; each counts in all such parts.")
    seats_short_only_here: int = Field(description="Of these, the ones of people who have time in no other part.")


class HorizonService(ResourceModel):
    """One service in one week."""

    service: ServiceKind
    people: int
    required_minutes: int
    seats_required: int
    seats_available: int
    seats_short: int = Field(description="Seats required that nobody can be given as the week stands.")
    short_people: int
    seats_short_without_time: int = Field(description="Of these, the ones of people who have time in no part.")


class HorizonPeriod(ResourceModel):
    """Hours that are asked of several weeks together, of the people for whom those weeks end with this one."""

    minutes: int
    weeks: int
    source: str = Field(description="Pack, clause and citation of the figure.")
    people: int
    short_people: int = Field(description="Who will not have them: what they had, and what their plans ask until then.")
    minutes_short: int = Field(description="What those people will lack, together.")


class HorizonAhead(ResourceModel):
    """One week ahead."""

    week: date = Field(description="The Monday of the week.")
    basis: HorizonBasis
    based_on: date | None = Field(description="The published week it is carried forward from; null without one.")
    people: int
    admissions: int
    discharges: int
    tapering: int
    closures: list[HorizonClosure]
    services: list[HorizonService]
    parts: list[HorizonPart]
    groups: list[HorizonGroup]
    period: HorizonPeriod | None = Field(description="Null where no figure asks, or nobody's weeks end with this one.")
    is_short: bool


class Horizon(ResourceModel):
    """A site's weeks ahead as things stand today: a view to plan by, never a promise to anybody."""

    site_id: SiteId
    weeks: list[HorizonAhead]
