"""Wiring of disclosures and their accounting."""

from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Read, driver_connection
from services.chassis.root_keys import RootKeys
from services.chassis.wiring import Db, Reading, organization_of
from services.records.assessments.reading import AssessmentsToDisclose
from services.records.assessments.storage import AssessmentQueries
from services.records.claims.charging import Evidence
from services.records.claims.logic import ChargesToDisclose
from services.records.claims.storage import ClaimQueries
from services.records.consents.beside import ConsentsToDisclose
from services.records.consents.signing import Signing
from services.records.consents.storage import ConsentQueries, ConsentRows
from services.records.counselling_notes.logic import CounsellingNotesToDisclose
from services.records.counselling_notes.storage import CounsellingNoteQueries
from services.records.dependencies import (
    PatientChanges,
    PatientReading,
    RecipientChanges,
    RecipientReading,
    TheGate,
    TheRootKeys,
)
from services.records.discharge_summaries.logic import DischargeSummariesToDisclose
from services.records.discharge_summaries.storage import DischargeSummaryQueries
from services.records.disclosures.logic import DisclosureCommands, DisclosureReads, Sources
from services.records.disclosures.parts import Kept
from services.records.disclosures.storage import DisclosureQueries, DisclosureRows
from services.records.drug_tests.logic import DrugTestsToDisclose
from services.records.drug_tests.storage import DrugTestQueries
from services.records.encounters.logic import AttendedReads
from services.records.encounters.storage import EncounterQueries
from services.records.episodes.logic import StaysToDisclose
from services.records.episodes.storage import EpisodeQueries
from services.records.gate import Gate
from services.records.legal_requests.logic import LegalRequestCommands, LegalRequestReads
from services.records.legal_requests.storage import LegalRequestQueries, LegalRequestRows
from services.records.medications.logic import MedicinesToDisclose
from services.records.medications.storage import MedicationQueries
from services.records.notes.disclosing import CompanyReads, NotesToDisclose
from services.records.notes.service_storage import ServiceQueries
from services.records.notes.storage import NoteQueries
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.patients.storage import PatientQueries, PatientRows
from services.records.plans_of_care.logic import PlansOfCareToDisclose
from services.records.plans_of_care.planned import PlannedReads
from services.records.plans_of_care.storage import PlanOfCareQueries
from services.records.recipients.logic import RecipientCommands
from services.records.recipients.storage import RecipientRows
from services.records.site_zones.logic import SiteZoneReads
from services.records.site_zones.storage import SiteZoneQueries
from services.records.treatment_plans.logic import PlansToDisclose
from services.records.treatment_plans.storage import TreatmentPlanQueries


def kept_of(read: Read, patients: PatientReads, root: RootKeys) -> Kept:
    """Return where the parts of a record are kept, all of them read by one connection."""
    sessions = AttendedReads(EncounterQueries(read))
    return Kept(
        plans=PlansToDisclose(TreatmentPlanQueries(read)),
        plans_of_care=PlansOfCareToDisclose(PlanOfCareQueries(read)),
        sessions=sessions,
        assessments=AssessmentsToDisclose(AssessmentQueries(read)),
        medicines=MedicinesToDisclose(MedicationQueries(read)),
        drug_tests=DrugTestsToDisclose(DrugTestQueries(read)),
        notes=NotesToDisclose(NoteQueries(read)),
        company=CompanyReads(sessions, patients),
        charges=ChargesToDisclose(
            ClaimQueries(read), Evidence(sessions, ServiceQueries(read), PlannedReads(PlanOfCareQueries(read)))
        ),
        stays=StaysToDisclose(EpisodeQueries(read)),
        discharge_summaries=DischargeSummariesToDisclose(DischargeSummaryQueries(read)),
        counselling_notes=CounsellingNotesToDisclose(CounsellingNoteQueries(read, root)),
        consents=ConsentsToDisclose(ConsentQueries(read)),
        zones=SiteZoneReads(SiteZoneQueries(read)),
    )


async def _legal_request_changes(
    db: Db, patients: PatientChanges, recipients: RecipientChanges, gate: TheGate, root: TheRootKeys
) -> LegalRequestCommands:
    return LegalRequestCommands(LegalRequestRows(db, root, organization_of(gate.caller)), patients, recipients, gate)


LegalRequestChanges = Annotated[LegalRequestCommands, Depends(_legal_request_changes)]


async def _legal_request_reading(read: Reading, gate: TheGate, root: TheRootKeys) -> LegalRequestReads:
    return LegalRequestReads(LegalRequestQueries(read, root), gate)


LegalRequestReading = Annotated[LegalRequestReads, Depends(_legal_request_reading)]


def disclosures_through(
    gate: Gate, db: AsyncSession, read: Read, root: RootKeys, sessions: AttendedReads | None = None
) -> DisclosureCommands:
    """Return what discloses within one unit of work, through this gate; of these sessions where they are not all."""
    organization_id = organization_of(gate.caller)
    patients = PatientCommands(PatientRows(db, root, organization_id), gate)
    recipients = RecipientCommands(RecipientRows(db, root, organization_id), patients, gate)
    # All of it is read within the unit of work: what is disclosed is what was decided on.
    kept = kept_of(read, PatientReads(PatientQueries(read, root), gate), root)
    sources = Sources(
        patients,
        kept if sessions is None else kept._replace(sessions=sessions),
        recipients,
        Signing(ConsentRows(db, organization_id), gate),
        LegalRequestCommands(LegalRequestRows(db, root, organization_id), patients, recipients, gate),
    )
    return DisclosureCommands(DisclosureRows(db, root, organization_id), sources, gate)


async def _disclosure_changes(db: Db, gate: TheGate, root: TheRootKeys) -> DisclosureCommands:
    return disclosures_through(gate, db, Read(await driver_connection(db)), root)


DisclosureChanges = Annotated[DisclosureCommands, Depends(_disclosure_changes)]


async def _disclosure_reading(
    read: Reading, patients: PatientReading, recipients: RecipientReading, gate: TheGate, root: TheRootKeys
) -> DisclosureReads:
    return DisclosureReads(DisclosureQueries(read, root), patients, recipients, gate)


DisclosureReading = Annotated[DisclosureReads, Depends(_disclosure_reading)]
