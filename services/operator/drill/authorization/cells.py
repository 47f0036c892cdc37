"""The cells of the authorization matrix: one combination each, numbered, in the words of the API."""

from typing import Final, NamedTuple

ROLES: Final = (
    "front_desk", "counsellor", "counsellor", "counsellor", "supervisor", "prescriber", "nurse", "lab", "billing",
    "programme_director", "programme_director", "organization_admin", "auditor", "patient", "family",
    "platform_operator",
)  # fmt: skip
RELATIONS: Final = ("none", "care_team", "care_team", "care_team", "site")
PURPOSES: Final = (
    "treatment", "treatment", "payment", "operations", "medical_emergency", "legal_proceedings",
    "criminal_justice_monitoring", "investigation", "research", "oversight", "public_health", "patient_access",
    "family_involvement", "employment", "education",
)  # fmt: skip
INFORMATION: Final = (
    "demographics", "treatment_plan", "treatment_plan", "assessments", "medication", "attendance", "drug_tests",
    "progress_notes", "counselling_notes", "claims", "consents", "scheduling",
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


_DIMENSIONS: Final = (
    ROLES, ORGANIZATIONS, RELATIONS, PURPOSES, INFORMATION, RECIPIENTS, FORMS, CONDITIONS, RESTRICTIONS, EMERGENCIES,
    ORDERS,
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
    return Cell(*values)
