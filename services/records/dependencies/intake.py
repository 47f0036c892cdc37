"""The wiring of referrals, episodes of care, and what leads to them."""

from typing import Annotated

from fastapi import Depends

from services.chassis.wiring import Caller, Db, Reading, organization_of
from services.contracts.records.episodes import Clock
from services.records.dependencies import PatientChanges, PatientReading, TheGate, TheRootKeys, episodes_in
from services.records.dependencies.encounters import SiteZoneReading
from services.records.encounters.logic import AttendedReads, Sessions
from services.records.encounters.storage import EncounterQueries, EncounterRows
from services.records.episodes.beginnings import Beginnings
from services.records.episodes.clocks import clocks
from services.records.episodes.correction_storage import DischargeCorrectionQueries, DischargeCorrectionRows
from services.records.episodes.corrections import DischargeCorrectionReads, DischargeCorrections
from services.records.episodes.logic import EpisodeCommands, EpisodeReads, StaysToPlan
from services.records.episodes.running import ClockCommands, ClockReads
from services.records.episodes.storage import EpisodeQueries, EpisodeRows
from services.records.placement_reviews.criteria import Edition, editions
from services.records.placement_reviews.in_force import EditionsInForce, SiteEditionCommands, SiteEditionReads
from services.records.placement_reviews.in_force_storage import SiteEditionQueries, SiteEditionRows
from services.records.placement_reviews.logic import PlacementReviewCommands, PlacementReviewReads
from services.records.placement_reviews.storage import PlacementReviewQueries, PlacementReviewRows
from services.records.referrals.kpi_storage import KpiQueries
from services.records.referrals.logic import ReferralCommands, ReferralReads
from services.records.referrals.storage import ReferralQueries, ReferralRows
from services.records.site_zones.logic import KnownSites
from services.records.site_zones.storage import SiteZoneRows
from services.records.treatment_plans.levels import Beside, LevelFindingReads
from services.records.treatment_plans.storage import TreatmentPlanQueries


async def _episode_changes(db: Db, principal: Caller, patients: PatientChanges, gate: TheGate) -> EpisodeCommands:
    return episodes_in(db, organization_of(principal), patients, gate)


EpisodeChanges = Annotated[EpisodeCommands, Depends(_episode_changes)]


async def _episode_reading(read: Reading, patients: PatientReading, gate: TheGate) -> EpisodeReads:
    return EpisodeReads(EpisodeQueries(read), patients, gate)


EpisodeReading = Annotated[EpisodeReads, Depends(_episode_reading)]


async def _discharge_correcting(
    db: Db, principal: Caller, episodes: EpisodeChanges, gate: TheGate
) -> DischargeCorrections:
    return DischargeCorrections(DischargeCorrectionRows(db, organization_of(principal)), episodes, gate)


DischargeCorrecting = Annotated[DischargeCorrections, Depends(_discharge_correcting)]


async def _discharge_correction_reading(read: Reading, episodes: EpisodeReading) -> DischargeCorrectionReads:
    return DischargeCorrectionReads(DischargeCorrectionQueries(read), episodes)


DischargeCorrectionReading = Annotated[DischargeCorrectionReads, Depends(_discharge_correction_reading)]


async def _level_finding_reading(
    *, read: Reading, episodes: EpisodeReading, zones: SiteZoneReading, patients: PatientReading, gate: TheGate
) -> LevelFindingReads:
    beside = Beside(episodes, StaysToPlan(EpisodeQueries(read)), zones)
    return LevelFindingReads(TreatmentPlanQueries(read), beside, patients, gate)


LevelFindingReading = Annotated[LevelFindingReads, Depends(_level_finding_reading)]


async def _beginnings_now(db: Db, principal: Caller) -> Beginnings:
    organization_id = organization_of(principal)
    return Beginnings(Sessions(EncounterRows(db, organization_id)), KnownSites(SiteZoneRows(db, organization_id)))


BeginningsNow = Annotated[Beginnings, Depends(_beginnings_now)]


async def _clock_changes(
    db: Db, principal: Caller, episodes: EpisodeChanges, beginnings: BeginningsNow, gate: TheGate
) -> ClockCommands:
    return ClockCommands(EpisodeRows(db, organization_of(principal)), episodes, beginnings, gate)


ClockChanges = Annotated[ClockCommands, Depends(_clock_changes)]


async def _clock_reading(read: Reading, episodes: EpisodeReading, zones: SiteZoneReading, gate: TheGate) -> ClockReads:
    beginnings = Beginnings(AttendedReads(EncounterQueries(read)), zones)
    return ClockReads(EpisodeQueries(read), episodes, beginnings, gate)


ClockReading = Annotated[ClockReads, Depends(_clock_reading)]


async def _knows_clocks(_principal: Caller) -> tuple[Clock, ...]:
    return clocks()


KnowsClocks = Annotated[tuple[Clock, ...], Depends(_knows_clocks)]


async def _knows_editions(_principal: Caller) -> tuple[Edition, ...]:
    return editions()


KnowsEditions = Annotated[tuple[Edition, ...], Depends(_knows_editions)]


async def _referral_changes(
    db: Db, principal: Caller, patients: PatientChanges, gate: TheGate, root: TheRootKeys
) -> ReferralCommands:
    organization_id = organization_of(principal)
    episodes = episodes_in(db, organization_id, patients, gate)
    beside = episodes, KnownSites(SiteZoneRows(db, organization_id))
    return ReferralCommands(ReferralRows(db, root, organization_id), patients, beside, gate)


ReferralChanges = Annotated[ReferralCommands, Depends(_referral_changes)]


async def _referral_reading(read: Reading, zones: SiteZoneReading, gate: TheGate, root: TheRootKeys) -> ReferralReads:
    return ReferralReads(ReferralQueries(read, root), KpiQueries(read), zones, gate)


ReferralReading = Annotated[ReferralReads, Depends(_referral_reading)]


async def _placement_review_changes(
    db: Db, principal: Caller, patients: PatientChanges, gate: TheGate
) -> PlacementReviewCommands:
    organization_id = organization_of(principal)
    editions = EditionsInForce(SiteEditionRows(db, organization_id))
    return PlacementReviewCommands(PlacementReviewRows(db, organization_id), patients, editions, gate)


PlacementReviewChanges = Annotated[PlacementReviewCommands, Depends(_placement_review_changes)]


async def _placement_review_reading(read: Reading, patients: PatientReading) -> PlacementReviewReads:
    return PlacementReviewReads(PlacementReviewQueries(read), patients)


PlacementReviewReading = Annotated[PlacementReviewReads, Depends(_placement_review_reading)]


async def _site_edition_changes(db: Db, principal: Caller, gate: TheGate) -> SiteEditionCommands:
    organization_id = organization_of(principal)
    sites = KnownSites(SiteZoneRows(db, organization_id))
    return SiteEditionCommands(SiteEditionRows(db, organization_id), sites, gate)


SiteEditionChanges = Annotated[SiteEditionCommands, Depends(_site_edition_changes)]


async def _site_edition_reading(read: Reading, gate: TheGate) -> SiteEditionReads:
    return SiteEditionReads(SiteEditionQueries(read), gate)


SiteEditionReading = Annotated[SiteEditionReads, Depends(_site_edition_reading)]
