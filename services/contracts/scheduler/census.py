"""The census: who is expected in which group, now and in the weeks to come, and how many patients a counsellor has."""

from datetime import date, time

from pydantic import Field

from services.contracts.base import ResourceModel
from services.contracts.identifiers import PractitionerId, SiteId
from services.contracts.vocabulary import ServiceKind, Weekday


class CensusGroupWeek(ResourceModel):
    """One week of a group; members are counted, never named."""

    week: date = Field(description="The Monday of the week.")
    is_published: bool
    booked: int | None = Field(description="Seats taken in the book; null where the week is not published.")
    expected: int = Field(
        description="Booked seats; in a week to come, those members of now whose plan in force still asks for it."
    )
    is_below_minimum: bool
    is_full: bool


class CensusGroup(ResourceModel):
    """A group that meets at one time each week, and its weeks in order."""

    service: ServiceKind
    track: str | None
    language: str | None
    weekday: Weekday
    start: time = Field(description="Wall time of the site's zone.")
    minutes: int
    practitioner_id: PractitionerId | None
    minimum: int | None = Field(description="Null where no group offering of the site is of this service and length.")
    maximum: int
    weeks: list[CensusGroupWeek]


class CensusDemand(ResourceModel):
    """What the plans in force ask of one service in a week, and what the book holds."""

    service: ServiceKind
    expected_patients: int
    expected_minutes: int
    booked_patients: int
    booked_minutes: int


class RatioLimit(ResourceModel):
    """A rule about patients a counsellor, with its source."""

    jurisdiction: str | None = Field(description="Where the site is; null where that is not set up.")
    patients_per_counsellor: int
    is_of_full_time: bool = Field(description="Whether it counts counsellors by their hours, not by their heads.")
    citation: str
    is_kept: bool


class CounsellorRatio(ResourceModel):
    """Patients with a plan in force and the counsellors of the site."""

    patients: int
    counsellors: int
    limits: list[RatioLimit]


class CensusWeek(ResourceModel):
    """One week of the site."""

    week: date
    is_published: bool
    expected_patients: int = Field(description="Patients whose plan is in force.")
    demand: list[CensusDemand]
    counsellor_ratio: CounsellorRatio


class Census(ResourceModel):
    """A site's groups and weeks, from the current week on."""

    site_id: SiteId
    weeks: list[CensusWeek]
    groups: list[CensusGroup]
