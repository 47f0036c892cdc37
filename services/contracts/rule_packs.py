"""Rule packs: the figures of states, payers and programmes that a week must keep, each with its citation."""

from datetime import date, datetime
from enum import StrEnum
from itertools import combinations
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from services.contracts.base import Code, Distinct, Name, RequestModel, ResourceModel
from services.contracts.identifiers import AccountId, PatientId, ProposalId, SiteId
from services.contracts.vocabulary import ServiceKind


class RuleKey(StrEnum):
    """What a figure is about; of a `_most` the lower is stricter, of a `_fewest` the higher."""

    GROUP_MEMBERS_MOST = "group_members_most"
    GROUP_MEMBERS_FEWEST = "group_members_fewest"
    GROUP_MEMBERS_PER_STAFF_MOST = "group_members_per_staff_most"
    GROUP_MINUTES_FEWEST = "group_minutes_fewest"
    DAY_MINUTES_MOST = "day_minutes_most"
    DAY_MINUTES_FEWEST = "day_minutes_fewest"
    DAYS_FEWEST = "days_fewest"
    WEEK_MINUTES_FEWEST = "week_minutes_fewest"
    WEEK_MINUTES_MOST = "week_minutes_most"
    GAP_DAYS_MOST = "gap_days_most"
    PERIOD_MINUTES_FEWEST = "period_minutes_fewest"
    WAITING_MINUTES_MOST = "waiting_minutes_most"
    BREAK_MINUTES_FEWEST = "break_minutes_fewest"
    SPECIMEN_DAYS_APART_FEWEST = "specimen_days_apart_fewest"
    PATIENTS_PER_COUNSELLOR_MOST = "patients_per_counsellor_most"
    PATIENTS_PER_FULL_TIME_COUNSELLOR_MOST = "patients_per_full_time_counsellor_most"

    @property
    def is_maximum(self) -> bool:
        """Whether less is stricter."""
        return self.value.endswith("_most")

    @property
    def is_minutes(self) -> bool:
        """Whether the figure is minutes, in whole quarters of an hour."""
        return "_minutes_" in self.value

    @property
    def is_of_weeks(self) -> bool:
        """Whether the figure is about several weeks from the first of a patient's attendance on; it says how many."""
        return self.value.startswith("period_")

    @property
    def is_of_groups(self) -> bool:
        """Whether the figure may differ from one kind of group to another."""
        return self.value.startswith("group_")


class RuleLayer(StrEnum):
    """Who asks for a figure, from the ground up."""

    DEFAULT = "default"
    FEDERAL = "federal"
    STATE = "state"
    PAYER = "payer"
    ORGANIZATION = "organization"

    @property
    def height(self) -> int:
        """0 for the ground."""
        return list(RuleLayer).index(self)


class RuleMark(StrEnum):
    """How well a figure is known: only what is certain applies before an organization has adopted it."""

    CERTAIN = "certain"
    LIKELY = "likely"
    CHECK = "check"


class Population(StrEnum):
    """Whom a programme treats."""

    ADULTS = "adults"
    ADOLESCENTS = "adolescents"


class ProgrammeKind(StrEnum):
    """What a site is licensed or paid for; a figure of one kind says nothing of the others."""

    INTENSIVE_OUTPATIENT = "intensive_outpatient"
    OUTPATIENT = "outpatient"
    PARTIAL_CARE = "partial_care"
    DAY_OR_NIGHT_TREATMENT = "day_or_night_treatment"
    COMPREHENSIVE_OUTPATIENT = "comprehensive_outpatient"
    DEFERRED_PROSECUTION = "deferred_prosecution"


class RuleFigure(ResourceModel):
    """One figure of a pack."""

    id: str = Field(description="Pack and figure, such as us-tx/group-counselling: what an adoption names.")
    key: RuleKey
    value: int
    weeks: int | None = Field(description="How many weeks a period has, counted from a patient's first; else null.")
    service: ServiceKind | None = Field(description="The kind of group it is about; null for every kind.")
    population: Population | None = Field(description="Null for everybody.")
    programme: ProgrammeKind | None = Field(description="Null for every kind of programme.")
    clause: str
    citation: str
    mark: RuleMark
    effective_from: date = Field(description="The first day on which we hold a week to it; the text may be older.")
    effective_until: date | None = Field(description="The last day; null while it is in force.")
    because: str | None = Field(description="Why it stands in for figures of lower layers that are stricter.")
    note: str | None


class RulePack(ResourceModel):
    """Figures of one source: a state, a payer, a programme's own."""

    id: str
    title: str
    layer: RuleLayer
    jurisdiction: str | None = Field(description="ISO 3166-2, such as US-TX; null where the layer is no state.")
    figures: list[RuleFigure]


class RulePacks(ResourceModel):
    """Every pack that there is."""

    items: list[RulePack]


PeriodWeeks = Annotated[int, Field(ge=2, le=26)]


class RuleOverride(RequestModel):
    """An organization's own figure; it may be stricter than the layers below, or looser where `because` says why."""

    key: RuleKey
    value: Annotated[int, Field(ge=1, le=10080)]
    weeks: PeriodWeeks | None = Field(default=None, description="How many weeks; with a key of a period.")
    service: ServiceKind | None = None
    citation: Name = Field(description="Where it is written: a policy, a waiver, a contract.")
    effective_from: date
    effective_until: date | None = None
    because: Name | None = Field(
        default=None, description="Why it stands in for stricter figures below, such as a waiver and its number."
    )

    @model_validator(mode="after")
    def _is_a_figure(self) -> Self:
        refuse_no_figure(self.key, self.value, self.weeks, self.service)
        refuse_no_days(self.effective_from, self.effective_until)
        return self


_QUARTER: Final = 15


def refuse_no_figure(key: RuleKey, value: int, weeks: int | None, service: ServiceKind | None) -> None:
    """Refuse a figure that says nothing.

    Raises:
        ValueError: Minutes off the grid, a period without its weeks, or a service where none may be named.
    """
    if key.is_minutes and value % _QUARTER:
        raise ValueError("value must be a multiple of 15 where the key is of minutes")
    if service is not None and not (key.is_of_groups and service.is_group):
        raise ValueError("service may be named only with a key of groups, and must take place in groups")
    if key.is_of_weeks is (weeks is None):
        raise ValueError("weeks goes with a key of a period, and with each of them")


def refuse_no_days(effective_from: date, effective_until: date | None) -> None:
    """Refuse a figure that is in force on no day.

    Raises:
        ValueError: It ends before it begins.
    """
    if effective_until is not None and effective_until < effective_from:
        raise ValueError("effective_until must not lie before effective_from")


class RuleAdoption(RequestModel):
    """A figure that is marked likely or check, and that the organization has read the primary text of."""

    figure_id: Annotated[str, Field(pattern=r"^[a-z0-9-]{2,64}/[a-z0-9-]{2,64}$")]
    source: Name = Field(description="The text that was read, and where.")
    confirmed_on: date


class PayerPacks(RequestModel):
    """The packs that bind the patients of a payer, beside one that has the payer's code for its id."""

    payer: Code
    pack_ids: Annotated[list[Code], Field(min_length=1, max_length=8)]


class RuleSettingsRequest(RequestModel):
    """Which packs bind a site, and the organization's own figures."""

    jurisdiction: Annotated[str, Field(pattern=r"^US-[A-Z]{2}$")] | None = None
    programmes: Annotated[Distinct[ProgrammeKind], Field(min_length=1)] = frozenset(
        {ProgrammeKind.INTENSIVE_OUTPATIENT}
    )
    population: Population = Population.ADULTS
    payers: list[PayerPacks] = Field(max_length=64, default_factory=list)
    adoptions: list[RuleAdoption] = Field(max_length=64, default_factory=list)
    overrides: list[RuleOverride] = Field(max_length=64, default_factory=list)

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Self:
        for one, other in combinations(self.overrides, 2):
            if (one.key, one.service) == (other.key, other.service) and _overlap(one, other):
                raise ValueError("overrides has two figures of one key and service on the same days")
        if len({adoption.figure_id for adoption in self.adoptions}) < len(self.adoptions):
            raise ValueError("adoptions names a figure twice")
        if len({payer.payer for payer in self.payers}) < len(self.payers):
            raise ValueError("payers names a payer twice")
        return self


def _overlap(one: RuleOverride, other: RuleOverride) -> bool:
    return one.effective_from <= (other.effective_until or date.max) and other.effective_from <= (
        one.effective_until or date.max
    )


class RuleSettings(ResourceModel):
    """What binds a site, as one version; a change is a new one. Version 0 is what nobody has set up yet."""

    site_id: SiteId
    version: int
    jurisdiction: str | None
    programmes: list[ProgrammeKind]
    population: Population
    payers: list[PayerPacks]
    adoptions: list[RuleAdoption]
    overrides: list[RuleOverride]
    changed_by: AccountId | None
    changed_at: datetime | None


class RuleStanding(StrEnum):
    """Why a figure does or does not count."""

    APPLIES = "applies"
    WEAKER = "weaker"
    REPLACED = "replaced"
    NOT_ADOPTED = "not_adopted"


class ConsideredFigure(ResourceModel):
    """A figure that is about the site on that day, and what became of it."""

    pack_id: str
    layer: RuleLayer
    figure: RuleFigure
    standing: RuleStanding


class EffectiveRule(ResourceModel):
    """The figure that counts, or that none does, and every figure that was considered, the lowest layer first."""

    key: RuleKey
    service: ServiceKind | None
    value: int | None
    weeks: int | None = Field(description="How many weeks the figure that counts is about, where it is of a period.")
    source: str | None = Field(description="Pack, clause and citation of the figure that counts.")
    considered: list[ConsideredFigure]


class EffectiveRules(ResourceModel):
    """The rules of a site on a day, for patients of the payers named."""

    site_id: SiteId
    on: date
    settings_version: int
    jurisdiction: str | None = Field(description="Null where the site's state is not set, so that no state is heard.")
    payers: list[str]
    rules: list[EffectiveRule]


class RuleFinding(ResourceModel):
    """A figure that a patient's published week does not keep: a matter to write down, never a refusal."""

    patient_id: PatientId
    key: RuleKey
    figure: int
    found: int
    day: date | None = Field(description="The day it is about; null for the week.")
    sentence: str
    source: str


class RuleFindings(ResourceModel):
    """What a published week does not keep of the figures that no week is refused for."""

    site_id: SiteId
    week: date
    timetable_version: int
    items: list[RuleFinding]


class ProposalRuleFindings(ResourceModel):
    """What a proposal would not keep of them, as it was solved: what is rejected of it stays as it is published."""

    proposal_id: ProposalId
    site_id: SiteId
    week: date
    items: list[RuleFinding]
