"""The wiring of charts: every subject reads what was gathered in one statement."""

from itertools import chain
from typing import Annotated, Final

from fastapi import Depends

from services.chassis.gathering import Bundle, Gathering
from services.chassis.wiring import Reading
from services.records.aftercare import storage as aftercare
from services.records.aftercare.logic import AftercareReads
from services.records.assessments import storage as assessments
from services.records.assessments.reading import AssessmentReads
from services.records.charts.logic import ChartReads, Sources
from services.records.consents import storage as consents
from services.records.consents.beside import ConsentReads
from services.records.dependencies import TheGate, TheRootKeys
from services.records.documentation import storage as documentation
from services.records.documentation.logic import Standards
from services.records.drug_tests import storage as drug_tests
from services.records.drug_tests.logic import DrugTestReads
from services.records.episodes import storage as episodes
from services.records.episodes.logic import EpisodeReads, StaysToPlan
from services.records.medications import storage as medications
from services.records.medications.logic import MedicationReads
from services.records.notes import service_storage as services
from services.records.notes.reading import ServiceReads
from services.records.patients import storage as patients
from services.records.patients.logic import PatientReads
from services.records.plans_of_care import storage as plans_of_care
from services.records.plans_of_care.logic import PlanOfCareReads
from services.records.site_zones import storage as site_zones
from services.records.site_zones.logic import SiteZoneReads
from services.records.treatment_plans import storage as treatment_plans
from services.records.treatment_plans.logic import TreatmentPlanReads

_CHART: Final = Bundle(
    chain(
        patients.IN_CHART,
        episodes.IN_CHART,
        consents.IN_CHART,
        treatment_plans.IN_CHART,
        plans_of_care.IN_CHART,
        medications.IN_CHART,
        assessments.IN_CHART,
        services.IN_CHART,
        documentation.IN_CHART,
        drug_tests.IN_CHART,
        aftercare.IN_CHART,
        site_zones.IN_CHART,
    )
)


async def _chart_reading(read: Reading, gate: TheGate, root: TheRootKeys) -> ChartReads:
    gathering = Gathering(read, _CHART)
    people = PatientReads(patients.PatientQueries(gathering, root), gate)
    stays = episodes.EpisodeQueries(gathering)
    standards = Standards(documentation.DocumentationQueries(gathering))
    zones = SiteZoneReads(site_zones.SiteZoneQueries(gathering))
    visits = EpisodeReads(stays, people, gate)
    sources = Sources(
        patients=people,
        episodes=visits,
        consents=ConsentReads(consents.ConsentQueries(gathering), people, gate),
        treatment_plans=TreatmentPlanReads(treatment_plans.TreatmentPlanQueries(gathering), people, StaysToPlan(stays)),
        plans_of_care=PlanOfCareReads(plans_of_care.PlanOfCareQueries(gathering), visits, people),
        medications=MedicationReads(medications.MedicationQueries(gathering), people, zones, gate),
        assessments=AssessmentReads(assessments.AssessmentQueries(gathering), people, gate),
        services=ServiceReads(services.ServiceQueries(gathering), people, standards, gate),
        drug_tests=DrugTestReads(drug_tests.DrugTestQueries(gathering), people, gate),
        aftercare=AftercareReads(aftercare.AftercareQueries(gathering), people, zones, gate),
        zones=zones,
    )
    return ChartReads(gathering, sources, gate)


ChartReading = Annotated[ChartReads, Depends(_chart_reading)]
