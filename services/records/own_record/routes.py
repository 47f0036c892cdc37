"""Routes of patients' accounts, and of what a patient reads of the own record."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response, status

from services.chassis.errors import InvalidRequestError, ServiceError
from services.chassis.idempotency import IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.problems import respond_to
from services.chassis.wiring import RequiredVersion, documented
from services.contracts.base import Code, Day, Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import ConsentId, EpisodeId, PatientAccountId, PatientId
from services.contracts.records.assessments import AssessmentTrends
from services.contracts.records.consents import Restriction
from services.contracts.records.disclosures import Disclosure, PartsRequest
from services.contracts.records.draw_programmes import OwnDraw
from services.contracts.records.encounters import HoursLedger
from services.contracts.records.episodes import Episode
from services.contracts.records.own_record import (
    OwnConsent,
    OwnConsentRevocation,
    OwnRecord,
    OwnRecordClaim,
    PatientAccount,
    PatientAccountRequest,
    PatientAccountToClaim,
)
from services.contracts.records.own_support import OwnAftercarePlans, OwnPlacementReviews, OwnRelapsePreventionPlan
from services.contracts.records.plans_of_care import OwnPlanSignature, SignedPlan
from services.contracts.records.privacy_notices import PrivacyNoticeReceipt
from services.contracts.records.recovery_groups import (
    RecoveryGroupChoice,
    RecoveryGroupChoiceRequest,
    RecoveryGroupChoices,
)
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies.own_record import (
    OwnConsentChanges,
    OwnGroupChanges,
    OwnPlanChanges,
    OwnReading,
    OwnRecordClaiming,
    PatientAccountChanges,
    PatientAccountReading,
)
from services.records.own_record.logic import own_consent

router = APIRouter(prefix="/v1", tags=["own_record"], route_class=IdempotentRoute)
_ACCOUNTS: Final = "/patients/{patient_id}/patient_accounts"
_USUAL: Final = tuple(
    one
    for one in Information
    if one
    not in {
        Information.COUNSELLING_NOTES,
        Information.CLAIMS,
        Information.SCHEDULING,
        Information.CONSENTS,
    }
)


@router.post(
    _ACCOUNTS,
    operation_id="create_patient_account",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 409, 422),
)
async def create_patient_account(
    patient_id: PatientId, request: PatientAccountRequest, accounts: PatientAccountChanges
) -> PatientAccountToClaim:
    """Let a patient claim the own record by an account: hand the code to the patient, whom you have identified."""
    return await accounts.link(patient_id, request)


@router.get(_ACCOUNTS, operation_id="list_patient_accounts", responses=documented(404, 422))
async def list_patient_accounts(patient_id: PatientId, accounts: PatientAccountReading) -> Page[PatientAccount]:
    """List by which accounts the patient signs in or has signed in, all of them on one page."""
    return await accounts.of_patient(patient_id)


@router.post(
    "/patient_accounts/{patient_account_id}:end",
    operation_id="end_patient_account",
    responses=documented(404, 409, 422),
)
async def end_patient_account(patient_account_id: PatientAccountId, accounts: PatientAccountChanges) -> PatientAccount:
    """End a link: from now on the account reads nothing of the record."""
    return await accounts.end(patient_account_id)


@router.post(
    "/me/record:claim",
    operation_id="claim_own_record",
    response_model=PatientAccount,
    responses=documented(404, 422),
)
async def claim_own_record(claim: OwnRecordClaim, claims: OwnRecordClaiming) -> PatientAccount | Response:
    """Claim your record with the code that you were given at the desk and your date of birth; then you can read it."""
    answer = await claims.claim(claim)
    # What does not fit is counted, so it may not end the transaction as an exception would.
    return respond_to(answer) if isinstance(answer, ServiceError) else answer


@router.get("/me/record", operation_id="read_own_record", responses=documented(404, 422))
async def read_own_record(  # noqa: PLR0917 - what is asked for, part by part
    own: OwnReading,
    information: Annotated[
        list[Information], Query(max_length=20, description="The parts; if none is named, all but claims.")
    ] = list(_USUAL),  # noqa: B006 - FastAPI copies it
    records_from: Annotated[Day | None, Query(description="Of parts that are kept day by day.")] = None,
    records_until: Annotated[Day | None, Query(description="The last day.")] = None,
    zone: Annotated[ZoneName | None, Query(description="Of your site; it need not be said.")] = None,
    payer: Annotated[Code | None, Query(description="Whose claims, with both days.")] = None,
) -> OwnRecord:
    """Read your own record: what is signed and complete, at once; counselling notes are kept apart (45 CFR 164.524)."""
    if records_from and records_until and records_from > records_until:
        raise InvalidRequestError("records_until", "must not lie before records_from", location="query")
    if len(set(information)) != len(information):
        raise InvalidRequestError("information", "must name each part once", location="query")
    asked = PartsRequest(
        information=information, records_from=records_from, records_until=records_until, zone=zone, payer=payer
    )
    return await own.record.read(asked)


@router.get("/me/hours_ledger", operation_id="read_own_hours_ledger", responses=documented(404, 422))
async def read_own_hours_ledger(
    own: OwnReading, week: Annotated[Day, Query(description="The Monday of the week.")]
) -> HoursLedger:
    """Read what your plan requires of a week, and what of it you have attended so far."""
    return await own.encounters.ledger(own.patient_id, week)


@router.get("/me/assessment_trends", operation_id="read_own_assessment_trends", responses=documented(404, 422))
async def read_own_assessment_trends(
    own: OwnReading, instrument_id: Annotated[Code | None, Query(description="Of this instrument only.")] = None
) -> AssessmentTrends:
    """Read how your scores have moved, completed assessments only."""
    return await own.assessments.trends(own.patient_id, instrument_id)


@router.get("/me/consents", operation_id="list_own_consents", responses=documented(404, 422))
async def list_own_consents(own: OwnReading) -> Page[OwnConsent]:
    """List your consents in their newest versions, those that hold no longer too, each with its digest."""
    found = await own.consents.of_patient(own.patient_id)
    return Page(items=[own_consent(one) for one in found.items], next_page_token=None)


@router.post("/me/consents/{consent_id}:revoke", operation_id="revoke_own_consent", responses=documented(404, 409, 422))
async def revoke_own_consent(
    consent_id: ConsentId, request: OwnConsentRevocation, consents: OwnConsentChanges
) -> OwnConsent:
    """Revoke a consent of yours, by the digest of what it says: nothing is disclosed on it from now on."""
    return await consents.revoke(consent_id, request)


@router.post(
    "/me/plans_of_care/{episode_id}:sign",
    operation_id="sign_own_plan_of_care",
    responses=documented(404, 409, 412, 422, 428),
)
async def sign_own_plan_of_care(
    episode_id: EpisodeId, request: OwnPlanSignature, version: RequiredVersion, plans: OwnPlanChanges
) -> SignedPlan:
    """Sign your plan of care in the version that your record shows, by its digest; If-Match names the version."""
    return await plans.sign(episode_id, request, version)


@router.post(
    "/me/recovery_group_choices",
    operation_id="create_own_recovery_group_choice",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 422),
)
async def create_own_recovery_group_choice(
    request: RecoveryGroupChoiceRequest, groups: OwnGroupChanges
) -> RecoveryGroupChoice:
    """Opt in to a peer or alumni group, or out again; your treatment does not depend on it."""
    return await groups.choose(request)


@router.get(
    "/me/recovery_group_choices", operation_id="list_own_recovery_group_choices", responses=documented(404, 422)
)
async def list_own_recovery_group_choices(own: OwnReading) -> RecoveryGroupChoices:
    """Read which peer and alumni groups you wish to be in, and what you wished before."""
    return await own.groups.of_patient(own.patient_id)


@router.get("/me/restrictions", operation_id="list_own_restrictions", responses=documented(404, 422))
async def list_own_restrictions(own: OwnReading) -> Page[Restriction]:
    """List which restrictions you asked for, and what was decided, those that have ended too (42 CFR 2.26)."""
    return await own.consents.restrictions(own.patient_id)


@router.get("/me/episodes", operation_id="list_own_episodes", responses=documented(404, 422))
async def list_own_episodes(own: OwnReading) -> Page[Episode]:
    """List from when to when you were treated, and at which level of care, oldest first."""
    return await own.episodes.of_patient(own.patient_id)


@router.get(
    "/me/relapse_prevention_plan", operation_id="read_own_relapse_prevention_plan", responses=documented(404, 422)
)
async def read_own_relapse_prevention_plan(own: OwnReading) -> OwnRelapsePreventionPlan:
    """Read the newest version of your plan: what sets you off, what warns you, and what helps."""
    return await own.support.relapse_prevention_plan()


@router.get("/me/aftercare_plans", operation_id="list_own_aftercare_plans", responses=documented(404, 422))
async def list_own_aftercare_plans(
    own: OwnReading, zone: Annotated[ZoneName, Query(description="Of your site, by which its days are counted.")]
) -> OwnAftercarePlans:
    """List what was agreed for the time after your treatment, with every contact."""
    return await own.support.aftercare_plans(zone)


@router.get("/me/placement_reviews", operation_id="list_own_placement_reviews", responses=documented(404, 422))
async def list_own_placement_reviews(own: OwnReading) -> OwnPlacementReviews:
    """List what clinicians found in each dimension and which level they recommended, newest first."""
    return await own.support.placement_reviews()


@router.get("/me/draws_of_today", operation_id="list_own_draws_of_today", responses=documented(404, 422))
async def list_own_draws_of_today(own: OwnReading) -> Page[OwnDraw]:
    """Learn whether you are to be tested today; nothing tells it before its release, nor anything of another day."""
    return Page(items=await own.draws.today(own.patient_id), next_page_token=None)


@router.get("/me/disclosures", operation_id="list_own_disclosures", responses=documented(404, 422))
async def list_own_disclosures(own: OwnReading, page: RequestedPage) -> Page[Disclosure]:
    """List to whom your record was disclosed in the last three years, what of it and why (42 CFR 2.25)."""
    return await own.disclosures.of_patient(own.patient_id, page)


@router.get(
    "/me/privacy_notice_receipts", operation_id="list_own_privacy_notice_receipts", responses=documented(404, 422)
)
async def list_own_privacy_notice_receipts(own: OwnReading) -> Page[PrivacyNoticeReceipt]:
    """List which notice of privacy practices you were given, and when."""
    return await own.notices.receipts(own.patient_id)
