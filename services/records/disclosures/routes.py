"""Routes of disclosures and their accounting."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Response, status

from services.chassis.errors import ServiceError
from services.chassis.idempotency import GatedAgainRoute, IdempotentRoute
from services.chassis.paging import RequestedPage
from services.chassis.problems import respond_to
from services.chassis.wiring import AnsweredBefore, documented
from services.contracts.base import Page
from services.contracts.identifiers import DisclosureId, PatientId, RecipientId
from services.contracts.records.disclosures import DisclosedRecord, Disclosure, DisclosureDenial, DisclosureRequest
from services.records.dependencies.disclosures import DisclosureChanges, DisclosureReading

router = APIRouter(prefix="/v1", tags=["disclosures"], route_class=IdempotentRoute)
disclosing = APIRouter(prefix="/v1", tags=["disclosures"], route_class=GatedAgainRoute)


@disclosing.post(
    "/patients/{patient_id}/disclosures",
    operation_id="create_disclosure",
    status_code=status.HTTP_201_CREATED,
    response_model=DisclosedRecord,
    responses=documented(403, 404, 409, 422),
)
async def create_disclosure(
    patient_id: PatientId, request: DisclosureRequest, disclosures: DisclosureChanges, before: AnsweredBefore
) -> DisclosedRecord | Response:
    """Disclose parts of a record: what is answered is what the recipient is given, and it is accounted already.

    Repeated with its Idempotency-Key it is decided again: after a revocation the first answer is not given once more.
    """
    if before is not None:
        # Of the stored answer only this: the parts beside it may be those of a release before this one, as may its own.
        stored = orjson.loads(before.body)["disclosure"]
        given = Disclosure.model_validate({"zone": None, "payer": None, **stored})
        denial = await disclosures.disclose_again(patient_id, request, given)
        return before if denial is None else respond_to(denial)
    answer = await disclosures.disclose(patient_id, request)
    # A denial is kept, so it may not end the transaction as an exception would.
    return respond_to(answer) if isinstance(answer, ServiceError) else answer


@router.get("/disclosure_denials", operation_id="list_disclosure_denials", responses=documented(422))
async def list_disclosure_denials(disclosures: DisclosureReading, page: RequestedPage) -> Page[DisclosureDenial]:
    """List what was not disclosed, oldest first, each with its rule and what would satisfy it."""
    return await disclosures.denials(page)


@router.get(
    "/patients/{patient_id}/disclosures", operation_id="list_patient_disclosures", responses=documented(404, 422)
)
async def list_patient_disclosures(
    patient_id: PatientId, disclosures: DisclosureReading, page: RequestedPage
) -> Page[Disclosure]:
    """Account to the patient for the disclosures of the last three years (42 CFR 2.25)."""
    return await disclosures.of_patient(patient_id, page)


@router.get("/disclosures", operation_id="list_disclosures", responses=documented(422))
async def list_disclosures(
    disclosures: DisclosureReading,
    page: RequestedPage,
    recipient_id: Annotated[RecipientId | None, Query(description="Only what this recipient was given.")] = None,
    *,
    review_due: Annotated[bool, Query(description="Only what somebody has still to look at.")] = False,
) -> Page[Disclosure]:
    """List the organization's disclosures of the last three years, oldest first."""
    return await disclosures.of_programme(page, recipient_id=recipient_id, review_due=review_due)


@router.post(
    "/disclosures/{disclosure_id}:review", operation_id="review_disclosure", responses=documented(404, 409, 422)
)
async def review_disclosure(disclosure_id: DisclosureId, disclosures: DisclosureChanges) -> Disclosure:
    """Say that you looked at a disclosure made in an emergency or by order; not by the person who made it."""
    return await disclosures.review(disclosure_id)
