"""Routes of charges."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import documented
from services.contracts.base import Code, Day, Page
from services.contracts.identifiers import PatientId
from services.contracts.records.claims import (
    ChargeCodes,
    ChargeLines,
    ChargeRate,
    ChargeRateRequest,
    PartialStay,
    PartialStayRequest,
    PayerAuthorization,
    PayerAuthorizationRequest,
    PayerContract,
    PayerContractRequest,
)
from services.contracts.scheduler.sites import ZoneName
from services.records.dependencies.claims import ClaimChanges, ClaimReading, KnowsCodes

router = APIRouter(prefix="/v1", tags=["claims"], route_class=IdempotentRoute)
_PATIENT = "/patients/{patient_id}"
_CREATED = status.HTTP_201_CREATED


@router.get("/charge_codes", operation_id="list_charge_codes")
async def list_charge_codes(codes: KnowsCodes) -> ChargeCodes:
    """List the codes that lines are made of, what each asks for, where it is written and how well that is known."""
    return codes


@router.post(
    "/payer_contracts", operation_id="create_payer_contract", status_code=_CREATED, responses=documented(409, 422)
)
async def create_payer_contract(request: PayerContractRequest, claims: ClaimChanges) -> PayerContract:
    """Enter how a payer pays from a day on."""
    return await claims.agree(request)


@router.get("/payer_contracts", operation_id="list_payer_contracts")
async def list_payer_contracts(claims: ClaimReading) -> Page[PayerContract]:
    """List how payers pay, all of them on one page."""
    return await claims.contracts()


@router.post("/charge_rates", operation_id="create_charge_rate", status_code=_CREATED, responses=documented(409, 422))
async def create_charge_rate(request: ChargeRateRequest, claims: ClaimChanges) -> ChargeRate:
    """Enter what a payer pays for one unit of a code from a day on."""
    return await claims.price(request)


@router.get("/charge_rates", operation_id="list_charge_rates")
async def list_charge_rates(claims: ClaimReading) -> Page[ChargeRate]:
    """List what payers pay, all of it on one page."""
    return await claims.rates()


@router.post(
    f"{_PATIENT}/payer_authorizations",
    operation_id="create_payer_authorization",
    status_code=_CREATED,
    responses=documented(404, 422),
)
async def create_payer_authorization(
    patient_id: PatientId, request: PayerAuthorizationRequest, claims: ClaimChanges
) -> PayerAuthorization:
    """Enter how many units of a code a payer has authorized for the patient, and for which days."""
    return await claims.authorize(patient_id, request)


@router.get(
    f"{_PATIENT}/payer_authorizations", operation_id="list_payer_authorizations", responses=documented(404, 422)
)
async def list_payer_authorizations(patient_id: PatientId, claims: ClaimReading) -> Page[PayerAuthorization]:
    """List what payers have authorized for the patient, all of it on one page."""
    return await claims.authorizations(patient_id)


@router.post(
    f"{_PATIENT}/partial_stays",
    operation_id="create_partial_stay",
    status_code=_CREATED,
    responses=documented(404, 422),
)
async def create_partial_stay(patient_id: PatientId, request: PartialStayRequest, claims: ClaimChanges) -> PartialStay:
    """Enter days of partial hospitalization that were claimed for the patient: lines near them are returned."""
    return await claims.add_stay(patient_id, request)


@router.get(f"{_PATIENT}/partial_stays", operation_id="list_partial_stays", responses=documented(404, 422))
async def list_partial_stays(patient_id: PatientId, claims: ClaimReading) -> Page[PartialStay]:
    """List the days of partial hospitalization that were claimed for the patient, all of them on one page."""
    return await claims.stays(patient_id)


@router.get(f"{_PATIENT}/charge_lines", operation_id="list_charge_lines", responses=documented(404, 422))
async def list_charge_lines(
    *,
    patient_id: PatientId,
    claims: ClaimReading,
    payer: Annotated[Code, Query()],
    from_on: Annotated[Day, Query(description="The first day.")],
    until_on: Annotated[Day, Query(description="The last day, at most 92 later.")],
    zone: Annotated[
        ZoneName, Query(description="Of the patient's site, by which its days are counted; another is refused.")
    ],
) -> ChargeLines:
    """List what could be charged for attended and signed sessions, and what each line still lacks."""
    return await claims.lines(patient_id, payer, (from_on, until_on), zone)
