"""Wiring of the own record: the readers that staff has, behind a gate that knows which patient the caller is."""

from typing import Annotated, NamedTuple

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.contracts.identifiers import PatientId
from services.records.aftercare.logic import AftercareReads
from services.records.aftercare.storage import AftercareQueries
from services.records.assessments.reading import AssessmentReads
from services.records.assessments.storage import AssessmentQueries
from services.records.consents.beside import ConsentReads
from services.records.consents.logic import ConsentCommands
from services.records.consents.signing import Signing
from services.records.consents.storage import ConsentQueries, ConsentRows
from services.records.dependencies import PatientChanges, PatientReading, TheGate, TheRootKeys, episodes_in
from services.records.dependencies.disclosures import kept_of
from services.records.disclosures.logic import DisclosureReads
from services.records.disclosures.storage import DisclosureQueries
from services.records.draw_programmes.logic import DrawProgrammeReads
from services.records.draw_programmes.storage import DrawProgrammeQueries
from services.records.encounters.logic import EncounterReads, Sessions
from services.records.encounters.storage import EncounterQueries, EncounterRows
from services.records.episodes.logic import EpisodeReads, StaysToPlan
from services.records.episodes.storage import EpisodeQueries
from services.records.own_record.logic import (
    OwnConsents,
    OwnGroups,
    OwnPlans,
    OwnRecordClaims,
    OwnRecordReads,
    PatientAccountCommands,
    PatientAccountReads,
    own_gate,
)
from services.records.own_record.storage import PatientAccountQueries, PatientAccountRows
from services.records.own_record.support import OwnBeside, OwnSupport
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.patients.storage import PatientQueries, PatientRows
from services.records.placement_reviews.logic import PlacementReviewReads
from services.records.placement_reviews.storage import PlacementReviewQueries
from services.records.plans_of_care.logic import Beside, PlanOfCareCommands
from services.records.plans_of_care.storage import PlanOfCareRows
from services.records.privacy_notices.logic import PrivacyNoticeReads
from services.records.privacy_notices.storage import PrivacyNoticeQueries
from services.records.recipients.logic import RecipientCommands, RecipientReads
from services.records.recipients.storage import RecipientQueries, RecipientRows
from services.records.recovery_groups.logic import RecoveryGroupCommands, RecoveryGroupReads
from services.records.recovery_groups.storage import RecoveryGroupQueries, RecoveryGroupRows
from services.records.relapse_prevention.logic import RelapsePlanReads
from services.records.relapse_prevention.storage import RelapsePlanQueries
from services.records.supervisions.logic import Supervisors
from services.records.supervisions.storage import SupervisionRows
from services.records.treatment_plans.logic import TreatmentPlanReads
from services.records.treatment_plans.storage import TreatmentPlanQueries, TreatmentPlanRows


class OwnReads(NamedTuple):
    """What a patient reads of the own record, and by whom it is read otherwise."""

    patient_id: PatientId
    record: OwnRecordReads
    encounters: EncounterReads
    assessments: AssessmentReads
    consents: ConsentReads
    disclosures: DisclosureReads
    notices: PrivacyNoticeReads
    groups: RecoveryGroupReads
    episodes: EpisodeReads
    support: OwnSupport
    draws: DrawProgrammeReads


async def _patient_account_changes(
    db: Db, principal: Caller, patients: PatientChanges, gate: TheGate
) -> PatientAccountCommands:
    return PatientAccountCommands(PatientAccountRows(db, organization_of(principal)), patients, gate)


async def _own_record_claims(db: Db, principal: Caller, patients: PatientChanges, gate: TheGate) -> OwnRecordClaims:
    return OwnRecordClaims(PatientAccountRows(db, organization_of(principal)), patients, gate)


async def _patient_account_reading(read: Reading, patients: PatientReading) -> PatientAccountReads:
    return PatientAccountReads(PatientAccountQueries(read), patients)


async def _own_reading(read: Reading, principal: Caller, caller_gate: TheGate, root: TheRootKeys) -> OwnReads:
    gate, own = own_gate(caller_gate, await PatientAccountQueries(read).patient_of(principal.account_id))
    patients = PatientReads(PatientQueries(read, root), gate)
    plans = TreatmentPlanReads(TreatmentPlanQueries(read), patients, StaysToPlan(EpisodeQueries(read)))
    recipients, kept = RecipientReads(RecipientQueries(read, root), gate), kept_of(read, patients, root)
    return OwnReads(
        patient_id=own,
        record=OwnRecordReads(kept, patients, gate, own),
        encounters=EncounterReads(EncounterQueries(read), patients, plans, gate),
        assessments=AssessmentReads(AssessmentQueries(read), patients, gate),
        consents=ConsentReads(ConsentQueries(read), patients, gate),
        disclosures=DisclosureReads(DisclosureQueries(read, root), patients, recipients, gate),
        notices=PrivacyNoticeReads(PrivacyNoticeQueries(read), patients, gate),
        groups=RecoveryGroupReads(RecoveryGroupQueries(read), patients),
        episodes=EpisodeReads(EpisodeQueries(read), patients, gate),
        support=OwnSupport(
            OwnBeside(
                RelapsePlanReads(RelapsePlanQueries(read), patients),
                AftercareReads(AftercareQueries(read), patients, kept.zones, gate),
                PlacementReviewReads(PlacementReviewQueries(read), patients),
            ),
            kept.company,
            gate,
            own,
        ),
        draws=DrawProgrammeReads(DrawProgrammeQueries(read), StaysToPlan(EpisodeQueries(read)), patients, gate),
    )


async def _own_consent_changes(db: Db, principal: Caller, caller_gate: TheGate, root: TheRootKeys) -> OwnConsents:
    organization_id = organization_of(principal)
    own = await PatientAccountRows(db, organization_id).patient_of(principal.account_id)
    gate, _ = own_gate(caller_gate, own)
    patients, rows = PatientCommands(PatientRows(db, root, organization_id), gate), ConsentRows(db, organization_id)
    recipients = RecipientCommands(RecipientRows(db, root, organization_id), patients, gate)
    return OwnConsents(ConsentCommands(rows, patients, recipients, Signing(rows, gate), gate), gate)


async def _own_plan_changes(db: Db, principal: Caller, caller_gate: TheGate, root: TheRootKeys) -> OwnPlans:
    organization_id = organization_of(principal)
    own = await PatientAccountRows(db, organization_id).patient_of(principal.account_id)
    gate, _ = own_gate(caller_gate, own)
    patients = PatientCommands(PatientRows(db, root, organization_id), gate)
    episodes = episodes_in(db, organization_id, patients, gate)
    supervisors = Supervisors(SupervisionRows(db, organization_id))
    beside = Beside(
        episodes, supervisors, Sessions(EncounterRows(db, organization_id)), TreatmentPlanRows(db, organization_id)
    )
    return OwnPlans(PlanOfCareCommands(PlanOfCareRows(db, organization_id), beside, patients, gate), gate)


async def _own_group_changes(db: Db, principal: Caller, caller_gate: TheGate, root: TheRootKeys) -> OwnGroups:
    organization_id = organization_of(principal)
    gate, own = own_gate(caller_gate, await PatientAccountRows(db, organization_id).patient_of(principal.account_id))
    patients = PatientCommands(PatientRows(db, root, organization_id), gate)
    return OwnGroups(RecoveryGroupCommands(RecoveryGroupRows(db, organization_id), patients, gate), own)


PatientAccountChanges = Annotated[PatientAccountCommands, Depends(_patient_account_changes)]
PatientAccountReading = Annotated[PatientAccountReads, Depends(_patient_account_reading)]
OwnRecordClaiming = Annotated[OwnRecordClaims, Depends(_own_record_claims)]
OwnReading = Annotated[OwnReads, Depends(_own_reading)]
OwnConsentChanges = Annotated[OwnConsents, Depends(_own_consent_changes)]
OwnGroupChanges = Annotated[OwnGroups, Depends(_own_group_changes)]
OwnPlanChanges = Annotated[OwnPlans, Depends(_own_plan_changes)]
