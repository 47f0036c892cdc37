"""What can be read of charts."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

from services.chassis.gathering import Gathering
from services.contracts.identifiers import PatientId
from services.contracts.records.charts import ChartPart, PatientChart, WithheldPart
from services.records.aftercare.logic import AftercareReads
from services.records.assessments.reading import AssessmentReads
from services.records.charts.rules import labels_for, parts_for
from services.records.consents.beside import ConsentReads
from services.records.drug_tests.logic import DrugTestReads
from services.records.episodes.logic import EpisodeReads
from services.records.gate import Gate
from services.records.medications.logic import MedicationReads
from services.records.notes.reading import ServiceReads
from services.records.patients.logic import PatientReads
from services.records.plans_of_care.logic import PlanOfCareReads
from services.records.site_zones.logic import SiteZoneReads
from services.records.treatment_plans.logic import TreatmentPlanReads

Shown = TypeVar("Shown")


class Sources(NamedTuple):
    """Whose parts a chart has; all of them read what was gathered."""

    patients: PatientReads
    episodes: EpisodeReads
    consents: ConsentReads
    treatment_plans: TreatmentPlanReads
    plans_of_care: PlanOfCareReads
    medications: MedicationReads
    assessments: AssessmentReads
    services: ServiceReads
    drug_tests: DrugTestReads
    aftercare: AftercareReads
    zones: SiteZoneReads


class ChartReads:
    """Reads charts: everything is fetched at once, and what is withheld is never opened."""

    def __init__(self, gathering: Gathering, sources: Sources, gate: Gate) -> None:
        self._gathering = gathering
        self._of = sources
        self._gate = gate

    async def one(self, patient_id: PatientId, zone: str) -> PatientChart:
        """Return a patient's chart, as one access to it.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: The patient's site is in another zone.
            SealBrokenError: What is stored was changed behind our back.
        """
        viewer = self._of.patients.viewer
        await self._gathering.gather(patient_id=patient_id, viewer=viewer.account_id, now=viewer.now)
        found, withheld = await self._of.patients.in_parts(patient_id, parts_for(self._gate.caller))
        site_id = found.patient.site_id
        today = (await self._of.zones.for_site(site_id, zone)).day(viewer.now, site_id)
        seal, episodes = found.seal, await self._of.episodes.current(patient_id)

        async def shown(part: ChartPart, read: Callable[[], Awaitable[Shown]]) -> Shown | None:
            return None if part in withheld else await read()

        of, part = self._of, ChartPart
        own = [one.id for one in episodes]
        return PatientChart(
            patient=found.patient,
            episodes=None if part.EPISODES in withheld else episodes,
            consents=await shown(part.CONSENTS, lambda: of.consents.in_force(patient_id)),
            treatment_plan=await shown(part.TREATMENT_PLAN, lambda: of.treatment_plans.written(patient_id)),
            plans_of_care=await shown(part.PLANS_OF_CARE, lambda: of.plans_of_care.of_episodes(patient_id, own, seal)),
            medications=await shown(part.MEDICATIONS, lambda: of.medications.taken(patient_id, seal, today)),
            scores=await shown(part.SCORES, lambda: of.assessments.latest(patient_id, seal)),
            safety_tasks=await shown(part.SAFETY_TASKS, lambda: of.assessments.waiting(patient_id, seal)),
            open_notes=await shown(part.OPEN_NOTES, lambda: of.services.undocumented_of(patient_id)),
            tests_to_review=await shown(part.TESTS_TO_REVIEW, lambda: of.drug_tests.to_review(patient_id, seal)),
            contacts_due=await shown(part.CONTACTS_DUE, lambda: of.aftercare.due(patient_id, seal, today)),
            withheld=[
                WithheldPart(part=ChartPart(one), rule=denial.rule, clause=denial.clause, remedy=denial.remedy)
                for one, denial in withheld.items()
            ],
            labels=list(labels_for(frozenset(withheld))),
        )
