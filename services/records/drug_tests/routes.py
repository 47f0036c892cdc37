"""Routes of drug tests."""

from typing import Annotated

from fastapi import APIRouter, Body, Query, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Day, Page
from services.contracts.identifiers import DrugTestId, PatientId, SiteId
from services.contracts.records.drug_tests import (
    DrawnPatient,
    DrugTest,
    DrugTestRequest,
    Excuse,
    Reconciliation,
    Review,
    StepRequest,
    UnsettledTests,
)
from services.records.dependencies.drug_tests import DrugTestChanges, DrugTestReading, SiteTestReading

router = APIRouter(prefix="/v1", tags=["drug tests"], route_class=IdempotentRoute)
_OF_PATIENT = "/patients/{patient_id}/drug_tests"
_ONE = "/drug_tests/{test_id}"


@router.post(
    _OF_PATIENT,
    operation_id="create_drug_test",
    status_code=status.HTTP_201_CREATED,
    responses=documented(404, 409, 422),
)
async def create_drug_test(
    patient_id: PatientId, request: DrugTestRequest, tests: DrugTestChanges, response: Response
) -> DrugTest:
    """Take up a day that was drawn for the patient, once its draw has been released."""
    return _tagged(await tests.take_up(patient_id, request), response)


@router.get(_OF_PATIENT, operation_id="list_drug_tests", responses=documented(404, 422))
async def list_drug_tests(patient_id: PatientId, tests: DrugTestReading) -> Page[DrugTest]:
    """List the patient's tests with their histories, newest day first, all of them on one page."""
    return await tests.of_patient(patient_id)


@router.get(_ONE, operation_id="read_drug_test", responses=documented(404, 422))
async def read_drug_test(test_id: DrugTestId, tests: DrugTestReading, response: Response) -> DrugTest:
    """Read a test with its history; a presumptive result is unconfirmed, and a missed test is not a positive one."""
    return _tagged(await tests.one(test_id), response)


@router.post(f"{_ONE}/steps", operation_id="create_drug_test_step", responses=documented(404, 409, 412, 422, 428))
async def create_drug_test_step(
    test_id: DrugTestId,
    request: Annotated[StepRequest, Body()],
    version: RequiredVersion,
    tests: DrugTestChanges,
    response: Response,
) -> DrugTest:
    """Record the next step: notice, arrival or not, collection, measurement, result."""
    return _tagged(await tests.record(test_id, request, version), response)


@router.post(f"{_ONE}:excuse", operation_id="excuse_drug_test", responses=documented(404, 409, 412, 422, 428))
async def excuse_drug_test(
    test_id: DrugTestId, request: Excuse, version: RequiredVersion, tests: DrugTestChanges, response: Response
) -> DrugTest:
    """Excuse a test with its reason; whoever calls is who approves it."""
    return _tagged(await tests.excuse(test_id, request, version), response)


@router.post(f"{_ONE}:reconcile", operation_id="reconcile_drug_test", responses=documented(404, 409, 412, 422, 428))
async def reconcile_drug_test(
    test_id: DrugTestId, request: Reconciliation, version: RequiredVersion, tests: DrugTestChanges, response: Response
) -> DrugTest:
    """Hold the result against the patient's medication list of that day, and what was found beside it."""
    return _tagged(await tests.reconcile(test_id, request, version), response)


@router.post(f"{_ONE}:review", operation_id="review_drug_test", responses=documented(404, 409, 412, 422, 428))
async def review_drug_test(
    test_id: DrugTestId, request: Review, version: RequiredVersion, tests: DrugTestChanges, response: Response
) -> DrugTest:
    """Settle a test that was talked over with the patient; a result has to be reconciled before.

    What the patient disputes can be confirmed after it, and is reconciled and reviewed anew.
    """
    return _tagged(await tests.review(test_id, request, version), response)


@router.get(
    "/sites/{site_id}/unsettled_drug_tests", operation_id="list_unsettled_drug_tests", responses=documented(422)
)
async def list_unsettled_drug_tests(site_id: SiteId, tests: SiteTestReading) -> UnsettledTests:
    """List the tests of a site that await an act of those who treat the patient, the longest waiting first."""
    return await tests.unsettled(site_id)


@router.get("/sites/{site_id}/drawn", operation_id="list_drawn", responses=documented(422))
async def list_drawn(
    site_id: SiteId,
    day: Annotated[Day, Query(description="The day; nobody is listed before its draws are released.")],
    tests: SiteTestReading,
) -> Page[DrawnPatient]:
    """List who is to be tested at a site on a day, of those whom the caller may see, all of them on one page."""
    return await tests.drawn(site_id, day)


def _tagged(test: DrugTest, response: Response) -> DrugTest:
    response.headers["etag"] = entity_tag(test.version)
    return test
