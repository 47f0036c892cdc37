"""What figures make of an instance, with packs made for the purpose."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from services.contracts.identifiers import PatientId, SiteId
from services.contracts.records.treatment_plans import PlanPhase, PlanRequirement, PreferenceCost, WeekRequirements
from services.contracts.rule_packs import RuleFigure, RuleKey, RuleLayer, RuleMark, RulePack, RuleSettingsRequest
from services.contracts.vocabulary import Modality
from services.scheduler.rule_packs.rules import WeekRules, settings_of, with_rules

MONDAY = date(2026, 10, 5)
SITE_ID = SiteId(uuid4())
ANN, BEN = (PatientId(uuid4()) for _ in range(2))


def pack(identifier: str, layer: RuleLayer, key: RuleKey, value: int) -> RulePack:
    figure = RuleFigure(
        id=f"{identifier}/one",
        key=key,
        value=value,
        weeks=12 if key.is_of_weeks else None,
        service=None,
        population=None,
        programme=None,
        clause="clause 1",
        citation=f"the text of {identifier}",
        mark=RuleMark.CERTAIN,
        effective_from=date(2026, 1, 1),
        effective_until=None,
        because=None,
        note=None,
    )
    return RulePack(id=identifier, title=identifier, layer=layer, jurisdiction=None, figures=[figure])


def required(patient_id: UUID, payer: str | None) -> PlanRequirement:
    return PlanRequirement(
        patient_id=PatientId(patient_id),
        plan_version=1,
        planned_admission=None,
        phase=PlanPhase.INTENSIVE,
        attends_from=None,
        attends_until=None,
        required_services=[],
        track="adult",
        languages=["en"],
        modalities=[Modality.ON_SITE],
        travel_minutes=0,
        team=[],
        primary_practitioner_id=None,
        family_available=[],
        preference_cost=PreferenceCost(),
        payer=payer,
        telehealth_consented_on=None,
        telehealth_jurisdiction=None,
        needs_transport=False,
    )


REQUIREMENTS = WeekRequirements(
    site_id=SITE_ID, week=MONDAY, patients=[required(ANN, "strict"), required(BEN, None)], no_contact=[]
)


def bound(*packs: RulePack, kind: dict[str, Any] | None = None, published: Any = None) -> dict[str, Any]:
    rules = WeekRules.of_week(packs, settings_of(SITE_ID, RuleSettingsRequest()), REQUIREMENTS)
    kinds = {"k": kind or {"service": "process_group", "slots": 6, "min": 4, "max": 20, "co_facilitator_above": 14}}
    people = [{"id": str(ANN)}, {"id": str(BEN)}]
    return with_rules({"group_kinds": kinds, "patients": people, "published": published}, rules, REQUIREMENTS)


def test_a_payer_s_day_is_for_its_patients_alone_and_says_whose_it_is() -> None:
    week = bound(
        pack("ground", RuleLayer.DEFAULT, RuleKey.DAY_MINUTES_MOST, 270),
        pack("strict", RuleLayer.PAYER, RuleKey.DAY_MINUTES_MOST, 180),
    )

    assert week["limits"]["day_slots"] == 18
    assert [patient.get("max_slots_day") for patient in week["patients"]] == [12, None]
    assert week["limits"]["citations"] == {
        "day_slots": "rule pack ground, clause 1: the text of ground",
        f"day_slots:{ANN}": "rule pack strict, clause 1: the text of strict",
    }


def test_a_payer_s_figure_about_groups_is_for_everybody_who_sits_there() -> None:
    week = bound(pack("strict", RuleLayer.PAYER, RuleKey.GROUP_MEMBERS_MOST, 10))

    assert week["group_kinds"]["k"]["max"] == 10
    [note] = week["rule_notes"]
    assert note.startswith("rule-group-size: process groups of 90 minutes take at most 10, not 20 ")
    assert note.endswith("(rule pack strict, clause 1: the text of strict)")


def test_a_figure_a_member_of_staff_bounds_a_group_with_one_and_with_two() -> None:
    kind = bound(pack("ground", RuleLayer.FEDERAL, RuleKey.GROUP_MEMBERS_PER_STAFF_MOST, 6))["group_kinds"]["k"]

    assert (kind["co_facilitator_above"], kind["max"]) == (6, 12)


def test_what_is_within_the_figures_stays_as_it_is() -> None:
    week = bound(pack("ground", RuleLayer.FEDERAL, RuleKey.GROUP_MEMBERS_MOST, 20))

    assert (week["group_kinds"]["k"]["max"], week["rule_notes"]) == (20, [])
    assert "group_size:k" not in week["limits"]["citations"]


def test_a_kind_of_meeting_of_no_size_is_left_out_of_the_week_and_of_what_was_published() -> None:
    meeting = {"kind": "k", "day": 0, "slot": 8}

    week = bound(
        pack("ground", RuleLayer.FEDERAL, RuleKey.GROUP_MEMBERS_MOST, 3),
        published={"groups": [meeting], "individuals": []},
    )

    assert (week["group_kinds"], week["published"]["groups"]) == ({}, [])
    assert any("left out" in note and "rule pack ground" in note for note in week["rule_notes"])
