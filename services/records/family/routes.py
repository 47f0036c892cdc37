"""Routes of family, and of what a related person reads by an account."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response, status

from services.chassis.errors import InvalidRequestError, ServiceError
from services.chassis.idempotency import IdempotentRoute
from services.chassis.problems import respond_to
from services.chassis.wiring import documented
from services.contracts.base import Day, Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import (
    FamilyParticipationId,
    PatientId,
    RelatedPersonAccountId,
    RelatedPersonId,
    SiteId,
)
from services.contracts.records.disclosures import DisclosedRecord, PartsRequest
from services.contracts.records.family import (
    DueFamilyCounsellings,
    FamilyCounselling,
    FamilyExemption,
    FamilyExemptionRequest,
    FamilyPermissions,
    RelatedPerson,
    RelatedPersonRequest,
)
from services.contracts.records.family_participations import FamilyParticipation, FamilyParticipationRequest
from services.contracts.records.related_person_accounts import (
    ClaimedRelatedPerson,
    OwnRelatedPerson,
    RelatedPersonAccount,
    RelatedPersonAccountRequest,
    RelatedPersonAccountToClaim,
    RelatedPersonClaim,
)
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies.family import DueFamilyReading, FamilyChanges, FamilyReading, ParticipationChanges
from services.records.dependencies.related_persons import (
    RelatedPersonAccountChanges,
    RelatedPersonClaiming,
    RelatedPersonReading,
)

router = APIRouter(prefix="/v1", tags=["family"], route_class=IdempotentRoute)
_OF_PATIENT = "/patients/{patient_id}/related_persons"
_ONE = "/related_persons/{person_id}"
_ACCOUNTS: Final = f"{_ONE}/accounts"
_OWN: Final = "/me/related_persons"
_CREATED = status.HTTP_201_CREATED


@router.post(
    _OF_PATIENT, operation_id="create_related_person", status_code=_CREATED, responses=documented(404, 409, 422)
)
async def create_related_person(
    patient_id: PatientId, request: RelatedPersonRequest, family: FamilyChanges
) -> RelatedPerson:
    """Enter somebody close to the patient; it gives them no right to be told anything."""
    return await family.add(patient_id, request)


@router.get(_OF_PATIENT, operation_id="list_related_persons", responses=documented(404, 422))
async def list_related_persons(patient_id: PatientId, family: FamilyReading) -> Page[RelatedPerson]:
    """List who is or was close to the patient, all of them on one page."""
    return await family.persons(patient_id)


@router.post(f"{_ONE}:end", operation_id="end_related_person", responses=documented(404, 409, 422))
async def end_related_person(person_id: RelatedPersonId, family: FamilyChanges) -> RelatedPerson:
    """Say that somebody is close to the patient no longer."""
    return await family.end(person_id)


@router.post(
    f"{_ONE}/participations",
    operation_id="create_family_participation",
    status_code=_CREATED,
    responses=documented(403, 404, 409, 422),
)
async def create_family_participation(
    person_id: RelatedPersonId, request: FamilyParticipationRequest, participations: ParticipationChanges
) -> FamilyParticipation:
    """Let somebody take part in family sessions or a multi-family group, by the patient's agreement and consent."""
    return await participations.agree(person_id, request)


@router.get(
    "/patients/{patient_id}/family_participations",
    operation_id="list_family_participations",
    responses=documented(404, 422),
)
async def list_family_participations(
    patient_id: PatientId, participations: ParticipationChanges
) -> Page[FamilyParticipation]:
    """List who takes part with this patient and whether they may today; no other family is named to anybody."""
    return await participations.of_patient(patient_id)


@router.post(
    "/family_participations/{participation_id}:end",
    operation_id="end_family_participation",
    responses=documented(404, 409, 422),
)
async def end_family_participation(
    participation_id: FamilyParticipationId, participations: ParticipationChanges
) -> FamilyParticipation:
    """Say that somebody takes part no longer."""
    return await participations.end(participation_id)


@router.get(f"{_ONE}/permissions", operation_id="read_family_permissions", responses=documented(404, 422))
async def read_family_permissions(person_id: RelatedPersonId, family: FamilyChanges) -> FamilyPermissions:
    """Read what you may say to this person now, part by part, and how what you may not could be allowed."""
    return await family.permissions(person_id)


@router.post(
    "/patients/{patient_id}/family_exemptions",
    operation_id="create_family_exemption",
    status_code=_CREATED,
    responses=documented(404, 409, 422),
)
async def create_family_exemption(
    patient_id: PatientId, request: FamilyExemptionRequest, family: FamilyChanges
) -> FamilyExemption:
    """Say that a month goes without family counselling: refused, or contraindicated."""
    return await family.exempt(patient_id, request)


@router.get(
    "/patients/{patient_id}/family_counselling",
    operation_id="read_family_counselling",
    responses=documented(404, 422),
)
async def read_family_counselling(
    patient_id: PatientId,
    family: FamilyReading,
    zone: Annotated[
        ZoneName, Query(description="Of the patient's site, by which its days are counted; another is refused.")
    ],
) -> FamilyCounselling:
    """Read in which months of the admission family counselling was held, exempt, is due, or was missed."""
    return await family.counselling(patient_id, zone)


@router.get(
    "/sites/{site_id}/due_family_counselling",
    operation_id="list_due_family_counselling",
    responses=documented(422),
)
async def list_due_family_counselling(
    site_id: SiteId,
    family: DueFamilyReading,
    zone: Annotated[ZoneName, Query(description="Of the site, by which its days are counted; another is refused.")],
) -> DueFamilyCounsellings:
    """List who is in treatment at a site and lacks family counselling in a month of this stay, by its state's rule."""
    return await family.at_site(site_id, zone)


@router.post(
    _ACCOUNTS,
    operation_id="create_related_person_account",
    status_code=_CREATED,
    responses=documented(403, 404, 409, 422),
)
async def create_related_person_account(
    person_id: RelatedPersonId, request: RelatedPersonAccountRequest, accounts: RelatedPersonAccountChanges
) -> RelatedPersonAccountToClaim:
    """Let somebody whom a consent names read by an account: hand the code to that person, and to nobody else."""
    return await accounts.link(person_id, request)


@router.get(_ACCOUNTS, operation_id="list_related_person_accounts", responses=documented(404, 422))
async def list_related_person_accounts(
    person_id: RelatedPersonId, accounts: RelatedPersonAccountChanges
) -> Page[RelatedPersonAccount]:
    """List by which accounts a related person signs in or has signed in, all of them on one page."""
    return await accounts.of_person(person_id)


@router.post(
    "/related_person_accounts/{related_person_account_id}:end",
    operation_id="end_related_person_account",
    responses=documented(404, 409, 422),
)
async def end_related_person_account(
    related_person_account_id: RelatedPersonAccountId, accounts: RelatedPersonAccountChanges
) -> RelatedPersonAccount:
    """Let an account be a related person's no longer: from now on it reads nothing of the patient."""
    return await accounts.end(related_person_account_id)


@router.post(
    f"{_OWN}:claim",
    operation_id="claim_related_person",
    response_model=ClaimedRelatedPerson,
    responses=documented(404, 422),
)
async def claim_related_person(
    claim: RelatedPersonClaim, claims: RelatedPersonClaiming
) -> ClaimedRelatedPerson | Response:
    """Claim who you are with the code that you were handed and the date of birth of the person you are close to."""
    answer = await claims.claim(claim)
    # What does not fit is counted, so it may not end the transaction as an exception would.
    return respond_to(answer) if isinstance(answer, ServiceError) else answer


@router.get(_OWN, operation_id="list_own_related_persons", responses=documented(422))
async def list_own_related_persons(reading: RelatedPersonReading) -> Page[OwnRelatedPerson]:
    """List whom you are to somebody in treatment, and which parts of the record you may ask for at this moment."""
    return await reading.mine()


@router.get(
    f"{_OWN}/{{person_id}}/record",
    operation_id="read_record_as_related_person",
    response_model=DisclosedRecord,
    responses=documented(404, 422),
)
async def read_record_as_related_person(
    person_id: RelatedPersonId,
    reading: RelatedPersonReading,
    information: Annotated[list[Information], Query(min_length=1, max_length=20, description="The parts.")],
    records_from: Annotated[Day | None, Query(description="Of parts that are kept day by day.")] = None,
    records_until: Annotated[Day | None, Query(description="The last day.")] = None,
) -> DisclosedRecord | Response:
    """Read what the patient's consent lets you know, with the notice not to pass it on; each look is accounted.

    All that is asked for or none of it: what is not permitted, not there and unknown is one answer.
    """
    if records_from and records_until and records_from > records_until:
        raise InvalidRequestError("records_until", "must not lie before records_from", location="query")
    if len(set(information)) != len(information):
        raise InvalidRequestError("information", "must name each part once", location="query")
    asked = PartsRequest(information=information, records_from=records_from, records_until=records_until)
    answer = await reading.record(person_id, asked)
    return respond_to(answer) if isinstance(answer, ServiceError) else answer


@router.get(
    f"{_OWN}/{{person_id}}/family_sessions",
    operation_id="list_family_sessions_as_related_person",
    response_model=DisclosedRecord,
    responses=documented(404, 422),
)
async def list_family_sessions_as_related_person(
    person_id: RelatedPersonId, reading: RelatedPersonReading
) -> DisclosedRecord | Response:
    """Read of the family sessions that were held, where you take part in them; each look is accounted."""
    answer = await reading.family_sessions(person_id)
    return respond_to(answer) if isinstance(answer, ServiceError) else answer
