"""What the figures that count make of a week: the solver's limits, and words for what they changed. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final

from services.contracts.identifiers import SiteId
from services.contracts.records.treatment_plans import WeekRequirements
from services.contracts.rule_packs import (
    EffectiveRule,
    Population,
    ProgrammeKind,
    RuleKey,
    RuleLayer,
    RulePack,
    RuleSettings,
    RuleSettingsRequest,
)
from services.contracts.scheduler.sites import Practitioner
from services.contracts.vocabulary import ServiceKind
from services.policy.rule_packs.layering import effective, own_pack, situation_of
from services.scheduler.solver.limits import RuleLimits
from services.scheduler.weeks import SLOT_MINUTES, SLOTS_A_DAY

COUNSELLOR_ROLES: Final = frozenset({"counsellor", "therapist"})
_TO_SUNDAY: Final = timedelta(days=6)
_FULL_TIME_MINUTES: Final = 2400
_LIMITS: Final = (
    ("day_slots", RuleKey.DAY_MINUTES_MOST, SLOT_MINUTES),
    ("idle_slots", RuleKey.WAITING_MINUTES_MOST, SLOT_MINUTES),
    ("gap_slots", RuleKey.BREAK_MINUTES_FEWEST, SLOT_MINUTES),
    ("nurse_days_apart", RuleKey.SPECIMEN_DAYS_APART_FEWEST, 1),
)

_Figures = Mapping[tuple[RuleKey, ServiceKind | None], EffectiveRule]


def nothing_set(site_id: SiteId) -> RuleSettings:
    """Return what binds a site that nobody has set up: our defaults, what is federal, and the patients' payers."""
    request = RuleSettingsRequest(
        programmes=frozenset({ProgrammeKind.INTENSIVE_OUTPATIENT}), population=Population.ADULTS
    )
    return settings_of(site_id, request)


def settings_of(site_id: SiteId, request: RuleSettingsRequest) -> RuleSettings:
    """Write down what was asked for, before it is a version."""
    values = {**request.model_dump(), "programmes": sorted(request.programmes)}
    return RuleSettings(**values, site_id=site_id, version=0, changed_by=None, changed_at=None)


@dataclass(frozen=True, slots=True)
class WeekRules:
    """The figures of some days: of the site with all its payers, and of the patients of each payer alone.

    Patients of several payers sit in one group, so a payer's figure about groups binds every group of a week in which
    one of its patients is to come; a figure about a patient's own day or week binds that payer's patients only.
    """

    jurisdiction: str | None
    together: _Figures
    alone: Mapping[str | None, _Figures]

    @classmethod
    def of(
        cls, packs: Sequence[RulePack], settings: RuleSettings, payers: Iterable[str], first: date, last: date
    ) -> "WeekRules":
        """Find the figures that count on any of the days."""
        heard = (*packs, own_pack(settings))
        named = sorted(set(payers))

        def figures(whose: Iterable[str]) -> _Figures:
            rules = effective(heard, situation_of(settings, whose, first, last))
            return {(rule.key, rule.service): rule for rule in rules}

        return cls(
            settings.jurisdiction, figures(named), {None: figures(()), **{payer: figures((payer,)) for payer in named}}
        )

    def asks(self, key: RuleKey) -> bool:
        """Whether a figure that is not about groups counts for anybody."""
        return any(figures[key, None].value is not None for figures in (self.together, *self.alone.values()))

    @classmethod
    def of_week(cls, packs: Sequence[RulePack], settings: RuleSettings, requirements: WeekRequirements) -> "WeekRules":
        """Find the figures of a week and of the patients who are to come in it."""
        payers = [patient.payer for patient in requirements.patients if patient.payer is not None]
        return cls.of(packs, settings, payers, requirements.week, requirements.week + _TO_SUNDAY)


def with_rules(instance: Mapping[str, Any], rules: WeekRules, requirements: WeekRequirements) -> dict[str, Any]:
    """Return the instance within the figures that count; each limit says whose it is.

    A meeting shorter than groups may be is none of the week's, not even where it was published.
    """
    bound = {code: _Bound.of(kind, rules.together) for code, kind in instance["group_kinds"].items()}
    kinds = {code: bound[code].kind for code in bound if bound[code].is_held}
    published = instance["published"]
    within = {
        **instance,
        "group_kinds": kinds,
        "limits": _limits(rules, bound),
        "published": published
        and {**published, "groups": [group for group in published["groups"] if group["kind"] in kinds]},
        "rule_notes": [note for one in bound.values() for note in one.notes],
    }
    return _held_to_a_day(within, rules, requirements)


@dataclass(frozen=True, slots=True)
class _Bound:
    """A kind of meeting within the figures, the source of its size, and what was changed."""

    kind: Mapping[str, Any]
    is_held: bool
    source: str | None
    notes: tuple[str, ...]

    @classmethod
    def of(cls, kind: Mapping[str, Any], figures: _Figures) -> "_Bound":
        service = ServiceKind(kind["service"])
        what = f"{service.value.replace('_', ' ')}s of {kind['slots'] * SLOT_MINUTES} minutes"
        sizes, notes, source = dict(kind), list[str](), None
        for key, name, times in _SIZES:
            rule = figures[key, service]
            if rule.value is None or not _is_beyond(key, kind[name], rule.value * times):
                continue
            # The plainest cap is told last, so it is the one that a full group is explained by.
            sizes[name], source = _within(key, sizes[name], rule.value * times), rule.source
            notes.append(f"rule-group-size: {what} take {_WORDS[name]} {sizes[name]}, not {kind[name]} ({rule.source})")
        shortest = figures[RuleKey.GROUP_MINUTES_FEWEST, service]
        is_long = shortest.value is None or kind["slots"] * SLOT_MINUTES >= shortest.value
        if not is_long:
            notes.append(f"rule-group-minutes: {what} are left out: {shortest.value} at least ({shortest.source})")
        if sizes["min"] > sizes["max"]:
            notes.append(f"rule-group-size: {what} are left out: no size is within the figures ({source})")
        return cls(sizes, is_long and sizes["min"] <= sizes["max"], source, tuple(notes))


# A figure a member of staff bounds who may sit with one, and twice of it who may sit with a co-facilitator.
_SIZES: Final = (
    (RuleKey.GROUP_MEMBERS_FEWEST, "min", 1),
    (RuleKey.GROUP_MEMBERS_PER_STAFF_MOST, "co_facilitator_above", 1),
    (RuleKey.GROUP_MEMBERS_PER_STAFF_MOST, "max", 2),
    (RuleKey.GROUP_MEMBERS_MOST, "max", 1),
)
_WORDS: Final = {"min": "at least", "max": "at most", "co_facilitator_above": "without a co-facilitator at most"}


def _is_beyond(key: RuleKey, number: int, figure: int) -> bool:
    return number > figure if key.is_maximum else number < figure


def _within(key: RuleKey, number: int, figure: int) -> int:
    return min(number, figure) if key.is_maximum else max(number, figure)


def _limits(rules: WeekRules, bound: Mapping[str, _Bound]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    citations = {f"group_size:{code}": one.source for code, one in bound.items() if one.source is not None}
    for limit, key, unit in _LIMITS:
        # The day is each patient's own; waiting, breaks and specimen days are one figure for the week.
        rule = (rules.alone[None] if key is RuleKey.DAY_MINUTES_MOST else rules.together)[key, None]
        if rule.value is not None and rule.source is not None:
            found[limit], citations[limit] = rule.value // unit, rule.source
    return {**found, "citations": citations}


def _held_to_a_day(instance: Mapping[str, Any], rules: WeekRules, requirements: WeekRequirements) -> dict[str, Any]:
    """Hold the patients of a payer to the day that it allows, and nobody else."""
    payers = {str(patient.patient_id): patient.payer for patient in requirements.patients}
    limits, citations, patients = instance["limits"], dict(instance["limits"]["citations"]), []
    for patient in instance["patients"]:
        rule = rules.alone[payers.get(patient["id"])][RuleKey.DAY_MINUTES_MOST, None]
        if rule.value is None or rule.value // SLOT_MINUTES >= limits.get("day_slots", SLOTS_A_DAY):
            patients.append(patient)
            continue
        patients.append({**patient, "max_slots_day": rule.value // SLOT_MINUTES})
        citations[f"day_slots:{patient['id']}"] = rule.source
    return {**instance, "patients": patients, "limits": {**limits, "citations": citations}}


def day_limits(rules: WeekRules) -> RuleLimits:
    """Return the limits of one patient's day, as far as figures count; each says whose it is."""
    found: dict[str, int] = {}
    citations: dict[str, str] = {}
    for limit, key, unit in _LIMITS:
        rule = rules.together[key, None]
        if rule.value is not None and rule.source is not None:
            found[limit], citations[limit] = rule.value // unit, rule.source
    return replace(RuleLimits(), **found, citations=citations)  # type: ignore[arg-type] # the names are of limits


def caseload_notes(rules: WeekRules, patients: int, practitioners: Iterable[Practitioner]) -> Iterator[str]:
    """Say where there are more patients than the counsellors of the site may have, whose figure that is."""
    for rule, counsellors, is_kept in caseloads(rules, patients, practitioners):
        if not is_kept:
            yield (
                f"rule-caseload: {patients} patients to {counsellors:g} counsellors, {rule.value} to one at most "
                f"({rule.source})"
            )


def caseloads(
    rules: WeekRules, patients: int, practitioners: Iterable[Practitioner]
) -> Iterator[tuple[EffectiveRule, float, bool]]:
    """Yield each figure about patients a counsellor that counts, the counsellors it counts, and whether it is kept."""
    minutes = [one.contract_minutes_week for one in practitioners if one.role in COUNSELLOR_ROLES]
    numbers = {
        RuleKey.PATIENTS_PER_COUNSELLOR_MOST: float(len(minutes)),
        RuleKey.PATIENTS_PER_FULL_TIME_COUNSELLOR_MOST: sum(minutes) / _FULL_TIME_MINUTES,
    }
    for key, counsellors in numbers.items():
        rule = rules.together[key, None]
        if rule.value is not None:
            yield rule, counsellors, patients <= counsellors * rule.value


def payer_notes(packs: Sequence[RulePack], settings: RuleSettings, requirements: WeekRequirements) -> Iterator[str]:
    """Say which payers of the week's patients no pack is known of, so that a misspelt one is not taken for lenient."""
    known = {pack.id for pack in packs if pack.layer is RuleLayer.PAYER} | {one.payer for one in settings.payers}
    payers = Counter(patient.payer for patient in requirements.patients if patient.payer is not None)
    for payer, patients in sorted(payers.items()):
        if payer not in known:
            yield f"rule-payer: no rule pack is known of payer {payer}, who pays for {patients} of the patients"
