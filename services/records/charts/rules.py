"""What is true of charts: a part is shown to whoever could read it by itself, and to nobody else."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from services.contracts.disclosure import Information
from services.contracts.identity import Principal
from services.contracts.records.charts import ChartPart
from services.contracts.security_labels import LabelledParts
from services.policy.calls import may_call
from services.policy.decisions.labels import labelled
from services.policy.routes import BY_OPERATION


class Needed(NamedTuple):
    """What one has to be allowed to see a part: to call the route that shows it alone, and to pass this gate there."""

    operation_id: str
    information: frozenset[Information]


def _needed(operation_id: str, *information: Information) -> Needed:
    return Needed(operation_id, frozenset(information))


NEEDED: Final[Mapping[ChartPart, Needed]] = MappingProxyType(
    {
        ChartPart.EPISODES: _needed("list_episodes", Information.TREATMENT_PLAN),
        ChartPart.CONSENTS: _needed("list_consents", Information.CONSENTS),
        ChartPart.TREATMENT_PLAN: _needed("read_treatment_plan", Information.TREATMENT_PLAN),
        ChartPart.PLANS_OF_CARE: _needed("read_plan_of_care", Information.TREATMENT_PLAN, Information.DIAGNOSES),
        ChartPart.MEDICATIONS: _needed("list_medications", Information.MEDICATION),
        ChartPart.SCORES: _needed("read_assessment_trends", Information.ASSESSMENTS),
        ChartPart.SAFETY_TASKS: _needed("list_safety_tasks", Information.ASSESSMENTS),
        ChartPart.OPEN_NOTES: _needed("list_undocumented", Information.PROGRESS_NOTES),
        ChartPart.TESTS_TO_REVIEW: _needed("list_drug_tests", Information.DRUG_TESTS),
        ChartPart.CONTACTS_DUE: _needed("list_aftercare_plans", Information.TREATMENT_PLAN),
    }
)
"""By part: the route that shows it alone, and what that route asks the gate about."""


# The same few parts are withheld from everybody of one role.
@lru_cache(maxsize=256)
def labels_for(withheld: frozenset[str]) -> tuple[LabelledParts, ...]:
    """Return the labels of what is shown: of the patient, and of each part that is not withheld."""
    shown = [(part.value, one) for part, needed in NEEDED.items() if part not in withheld for one in needed.information]
    return tuple(labelled([("patient", Information.DEMOGRAPHICS), *dict(shown).items()]))


def parts_for(caller: Principal) -> dict[str, frozenset[Information] | None]:
    """Return what the gate is to be asked about each part; nothing where the caller may not even call its route."""
    return {
        part: needed.information if may_call(caller, BY_OPERATION[needed.operation_id]).is_permitted else None
        for part, needed in NEEDED.items()
    }
