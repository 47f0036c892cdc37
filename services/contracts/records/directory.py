"""The public directory of programmes: what is said of each, by whom and of which day, and how they are found."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from services.contracts.base import PRINTABLE, Day, Language, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, DirectoryProgrammeId, IntakeDoorId, OrganizationId
from services.contracts.vocabulary import WeeklyWindow

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), PRINTABLE]
_Phone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=60), PRINTABLE]
_Latitude = Annotated[float, Field(ge=-90, le=90, description="Degrees north (WGS 84).")]
_Longitude = Annotated[float, Field(ge=-180, le=180, description="Degrees east (WGS 84).")]


class DirectoryFacet(StrEnum):
    """What a statement is about; `other` keeps what a source says under a heading that we do not know."""

    SETTING = "setting"
    ACCREDITATION = "accreditation"
    PRACTICES = "practices"
    MEDICATION = "medication"
    SERVICES = "services"
    TESTING = "testing"
    AFTERCARE = "aftercare"
    PEER_SUPPORT = "peer_support"
    PAYMENT = "payment"
    HOURS = "hours"
    LANGUAGES = "languages"
    AGES_AND_GROUPS = "ages_and_groups"
    STAFF_CREDENTIALS = "staff_credentials"
    OTHER = "other"


class DirectorySourceKind(StrEnum):
    """Who says so; the programme itself says everything here, the locator only passes it on."""

    PUBLIC_LOCATOR = "public_locator"
    """Reported by the facility to the public locator."""
    PROGRAMME_ATTESTED = "programme_attested"
    """Stated here by an administrator of the programme, and verified by nobody."""


class DirectorySource(ResourceModel):
    """Where a statement comes from, and of which day it is."""

    kind: DirectorySourceKind
    name: str
    as_of: date


class DirectoryStatements(RequestModel):
    """What a source says under one heading."""

    facet: DirectoryFacet
    title: Name = Field(description="The source's own heading.")
    values: Annotated[list[_Text], Field(min_length=1, max_length=100)]


class DirectoryEntry(RequestModel):
    """One programme as a public locator tells of it."""

    name: Name
    second_name: Name | None = None
    street: _Text | None = None
    city: Name
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="The state or territory, such as NJ.")]
    postal_code: Annotated[str, Field(pattern=r"^[0-9A-Z][0-9A-Z -]{2,11}$")]
    phone: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=60), PRINTABLE] | None = (
        None
    )
    website: Annotated[str, Field(pattern=r"^https?://[^\s<>\"]{3,300}$"), PRINTABLE] | None = None
    latitude: _Latitude
    longitude: _Longitude
    statements: list[DirectoryStatements] = Field(max_length=60, default_factory=list)


class DirectoryImport(RequestModel):
    """Entries of one file of a public locator; an entry of an older file never replaces one of a newer."""

    source: Name
    as_of: Day = Field(description="The day on which the file was taken from the locator.")
    entries: Annotated[list[DirectoryEntry], Field(min_length=1, max_length=200)]


class DirectoryImported(ResourceModel):
    """What became of the entries of an import."""

    added: int
    changed: int
    unchanged: int = Field(description="Said the same before, or came from a newer file already.")


class DirectoryFact(ResourceModel):
    """One statement about a programme, and who says so."""

    facet: DirectoryFacet
    title: str
    value: str
    source: DirectorySource


class DirectoryProgramme(ResourceModel):
    """A programme as the directory tells of it."""

    id: DirectoryProgrammeId
    name: str
    second_name: str | None
    street: str | None
    city: str
    region: str
    postal_code: str
    phone: str | None
    website: str | None
    latitude: float
    longitude: float
    intake_door_id: IntakeDoorId | None = Field(
        description="What to send an inquiry to (create_placement_inquiry); null where it has no way in here."
    )
    source: DirectorySource = Field(description="Of the name, the address and how to reach it.")
    facts: list[DirectoryFact]


class FoundProgramme(ResourceModel):
    """A programme that was found, and how far away it is in a straight line."""

    programme: DirectoryProgramme
    distance_km: float | None = Field(description="In tenths of a kilometre; null where no place was asked for.")


class FoundProgrammes(ResourceModel):
    """A page of what was found: the nearest first where a place was asked for."""

    items: list[FoundProgramme]
    next_page_token: str | None = Field(description="Send it as page_token for the next page; null on the last.")


class DirectoryPlace(RequestModel):
    """Where to look; it is used for the answer and kept nowhere."""

    latitude: _Latitude
    longitude: _Longitude
    within_km: Annotated[float, Field(gt=0, le=500)] = 40.0


class FacetWish(RequestModel):
    """What a programme is to offer: any one of these values, in whatever letters they are written."""

    facet: DirectoryFacet
    any_of: Annotated[list[_Text], Field(min_length=1, max_length=20)]


class DirectorySearch(RequestModel):
    """What is looked for; every wish must be met. Sent as a body, so that no log of addresses holds it."""

    near: DirectoryPlace | None = None
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    wishes: list[FacetWish] = Field(max_length=14, default_factory=list)
    page_size: Annotated[int, Field(ge=1, le=100)] = 20
    page_token: Annotated[str, Field(max_length=64)] | None = None

    @model_validator(mode="after")
    def _names_each_facet_once(self) -> Self:
        if len({wish.facet for wish in self.wishes}) < len(self.wishes):
            raise ValueError("wishes names a facet twice: put its values into one any_of")
        return self


class FacetValue(ResourceModel):
    """A value that programmes state under a facet, and how many of them do."""

    facet: DirectoryFacet
    value: str
    programmes: int


class FacetValues(ResourceModel):
    """What can be wished for, by facet and the most frequent first."""

    items: list[FacetValue]


class ComparisonRequest(RequestModel):
    """Programmes to lay side by side."""

    programme_ids: Annotated[list[DirectoryProgrammeId], Field(min_length=2, max_length=5)]
    near: DirectoryPlace | None = None

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        if len(set(self.programme_ids)) < len(self.programme_ids):
            raise ValueError("programme_ids names a programme twice")
        return self


class ComparisonLine(ResourceModel):
    """What each of the programmes states under a facet, in the order of the programmes; empty is not stated."""

    facet: DirectoryFacet
    cells: list[list[DirectoryFact]]
    in_common: list[str] = Field(description="What all of them state.")


class Comparison(ResourceModel):
    """Programmes side by side; every statement is the programmes' own, and what is not stated is not denied."""

    programmes: list[FoundProgramme]
    lines: list[ComparisonLine]


class ProgrammeKeeperRequest(RequestModel):
    """The organization whose programme this is; its administrators may then attest."""

    organization_id: OrganizationId


class ProgrammeKeeper(ResourceModel):
    """Whose programme an entry is."""

    programme_id: DirectoryProgrammeId
    organization_id: OrganizationId


class StaffCredential(RequestModel):
    """A qualification, and how many of the staff hold it; no person is named."""

    credential: Name
    people: Annotated[int, Field(ge=1, le=10_000)]


class AttestationRequest(RequestModel):
    """What no public source knows, stated by the programme itself; it replaces what was stated before."""

    staff_credentials: list[StaffCredential] = Field(max_length=50, default_factory=list)
    languages: list[Language] = Field(max_length=50, default_factory=list)
    sessions: list[WeeklyWindow] = Field(max_length=50, default_factory=list)

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Self:
        if len({one.credential.casefold() for one in self.staff_credentials}) < len(self.staff_credentials):
            raise ValueError("staff_credentials names a credential twice")
        if len({one.casefold() for one in self.languages}) < len(self.languages):
            raise ValueError("languages names a language twice")
        return self


class Attestation(ResourceModel):
    """What a programme has stated of itself."""

    programme_id: DirectoryProgrammeId
    staff_credentials: list[StaffCredential]
    languages: list[Language]
    sessions: list[WeeklyWindow]
    attested_by: AccountId
    attested_at: datetime
