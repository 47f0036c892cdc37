"""Of which stays the plan of care is signed, and when it was certified, for whoever may see nothing of the plan."""

from services.contracts.identifiers import PatientId
from services.contracts.records.plans_of_care import PlanActKind
from services.records.plans_of_care.facts import PlannedStay
from services.records.plans_of_care.standing import signed_at
from services.records.plans_of_care.storage import PlanOfCareQueries
from services.records.site_zones.rules import Zones


class PlannedReads:
    """Knows of which stays the plan is signed; the caller has let the patient through."""

    def __init__(self, queries: PlanOfCareQueries) -> None:
        self._queries = queries

    async def of_patient(self, patient_id: PatientId, zones: Zones) -> list[PlannedStay]:
        """Return a patient's stays by a signed plan, since when it is signed, and when it was certified."""
        return [
            PlannedStay(
                stay.first_on,
                stay.last_on,
                zones.day(signed, stay.site_id),
                [zones.day(act.at, stay.site_id) for act in acts if act.kind is PlanActKind.CERTIFIED],
            )
            for stay, acts in await self._queries.acts_of_patient(patient_id)
            if (signed := signed_at(acts)) is not None
        ]
