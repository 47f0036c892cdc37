"""The cells of the authorization matrix: one combination each, numbered, in the words of the API."""

from collections.abc import Iterator
from itertools import product
from typing import Final, NamedTuple

ROLES: Final = (
    "front_desk", "counsellor", "counsellor", "counsellor", "supervisor", "prescriber", "nurse", "lab", "billing",
    "programme_director", "programme_director", "organization_admin", "auditor", "patient", "family",
    "platform_operator",
)  # fmt: skip
RELATIONS: Final = ("none", "care_team", "care_team", "care_team", "site", "author", "self")
PURPOSES: Final = (
    "treatment", "treatment", "payment", "operations", "medical_emergency", "legal_proceedings",
    "criminal_justice_monitoring", "investigation", "research", "oversight", "public_health", "patient_access",
    "family_involvement", "employment", "education",
)  # fmt: skip
INFORMATION: Final = (
    "demographics", "treatment_plan", "diagnoses", "assessments", "medication", "attendance", "drug_tests",
    "progress_notes", "counselling_notes", "discharge_summary", "claims", "consents", "scheduling",
)  # fmt: skip
RECIPIENTS: Final = (
    "nobody", "nobody", "treating_provider", "treating_provider", "treating_provider", "health_plan",
    "business_associate", "intermediary", "family_or_friend", "employer", "school", "court", "criminal_justice",
    "law_enforcement", "researcher", "oversight_agency", "public_health_authority", "patient",
    "other_patient",
)  # fmt: skip
FORMS: Final = ("none", "general", "general", "specific", "specific", "criminal_justice", "counselling_notes",
                "proceedings")  # fmt: skip
CONDITIONS: Final = (
    "holds", "holds", "holds", "holds", "holds", "expired", "revoked", "deficient", "false", "unsigned", "future",
    "other_recipient", "other_purpose", "other_information",
)  # fmt: skip
RESTRICTIONS: Final = ("none", "none", "none", "granted")
EMERGENCIES: Final = ("none", "told", "without_recipient_name", "without_facility", "without_nature",
                      "covering_colleague")  # fmt: skip
ORDERS: Final = ("none", "without_subpoena", "with_subpoena")
USES: Final = (
    "read_patient", "read_patient_chart", "list_plan_of_care_versions", "list_patient_accounts",
    "list_discharge_summary_versions", "read_treatment_plan", "list_care_team_members", "list_notes",
    "list_own_counselling_notes", "list_consents", "list_restrictions", "list_representatives",
    "list_patient_disclosures", "put_treatment_plan", "list_payer_authorizations", "list_related_persons",
    "list_relapse_prevention_plan_versions", "list_aftercare_plans", "list_partial_stays", "list_drug_tests",
    "list_draw_programmes", "list_medications", "list_assessments", "list_placement_reviews", "list_episodes",
    "list_encounters", "read_week_ledger", "read_notice_preference", "revoke_consent", "list_due_assessments",
    "list_due_injections", "list_recovery_group_members", "list_level_findings", "list_aftercare_contacts",
    "list_due_discharge_summaries", "read_counselling_note", "read_own_record",
)  # fmt: skip
"""What is done with a record where nobody outside receives anything."""

DISCLOSURES: Final = ("disclose", "disclose_again")
"""What is done where somebody does; again is the same request once more, by its Idempotency-Key."""

ORGANIZATIONS: Final = ("own", "own", "own", "own", "own", "own", "own", "other")


class Cell(NamedTuple):
    """One combination; a value that is listed twice is tried twice as often."""

    role: str
    organization: str
    relation: str
    purpose: str
    information: str
    recipient: str
    form: str
    condition: str
    restriction: str
    emergency: str
    order: str
    operation: str


_DIMENSIONS: Final = (
    ROLES, ORGANIZATIONS, RELATIONS, PURPOSES, INFORMATION, RECIPIENTS, FORMS, CONDITIONS, RESTRICTIONS, EMERGENCIES,
    ORDERS, USES,
)  # fmt: skip


def _count() -> int:
    total = 1
    for dimension in _DIMENSIONS:
        total *= len(dimension)
    return total


COUNT: Final = _count()
"""How many numbers there are; each is a cell."""

# A stride that shares no factor with the count visits every cell once before it repeats one.
_STRIDE: Final = 2_654_435_761


def cell(number: int) -> Cell:
    """Return the cell of a number from 0; neighbouring numbers are cells far apart."""
    rest, values = number * _STRIDE % COUNT, list[str]()
    for dimension in _DIMENSIONS:
        rest, place = divmod(rest, len(dimension))
        values.append(dimension[place])
    made = Cell(*values)
    if made.recipient == "nobody":
        return made
    # One in as many is sent twice as there are uses.
    return made._replace(operation=DISCLOSURES[made.operation == USES[0]])


def every_cell() -> Iterator[Cell]:
    """Yield each cell once that is unlike every other in something that its operation depends on."""
    callers = list(product(dict.fromkeys(ROLES), dict.fromkeys(ORGANIZATIONS), dict.fromkeys(RELATIONS)))
    for caller, emergency, operation in product(callers, ("none", "told"), USES):
        yield Cell(
            *caller, "treatment", "demographics", "nobody", "none", "holds", "none", emergency, "none", operation
        )
    for caller, purpose in product(callers, dict.fromkeys(PURPOSES)):
        # What is told of an emergency counts in one alone, and an order in proceedings.
        emergencies = dict.fromkeys(EMERGENCIES) if purpose == "medical_emergency" else ("none",)
        orders = ORDERS if purpose == "legal_proceedings" else ("none",)
        for form, condition in _consents():
            for information, recipient, restriction, emergency, order, operation in product(
                INFORMATION, dict.fromkeys(RECIPIENTS), ("none", "granted"), emergencies, orders, DISCLOSURES
            ):
                if recipient != "nobody":
                    about = (purpose, information, recipient, form, condition, restriction, emergency, order, operation)
                    yield Cell._make((*caller, *about))


def _consents() -> Iterator[tuple[str, str]]:
    yield "none", "holds"
    yield from product((one for one in dict.fromkeys(FORMS) if one != "none"), dict.fromkeys(CONDITIONS))
