"""Routes of drug tests, medication, family and recovery support, and who may call them."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route, proved_anew

_CLINICAL: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR})
_LEADS: Final = frozenset({Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR})
_MEDICATES: Final = frozenset({Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR})
_TESTS: Final = _CLINICAL | {Role.LAB}


def _route(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.RECORDS, method, path, roles)


CARE_ROUTES: Final[tuple[Route, ...]] = (
    _route("create_draw_programme", "POST", "/v1/patients/{patient_id}/draw_programmes", _CLINICAL),
    _route("list_draw_programmes", "GET", "/v1/patients/{patient_id}/draw_programmes", _TESTS),
    _route("preview_draw_programme", "POST", "/v1/draw_programmes:preview", _CLINICAL),
    _route("put_draw_programme", "PUT", "/v1/draw_programmes/{programme_id}", _CLINICAL),
    _route("end_draw_programme", "POST", "/v1/draw_programmes/{programme_id}:end", _CLINICAL),
    _route("read_draw_evidence", "GET", "/v1/draw_programmes/{programme_id}/versions/{version}/evidence", _TESTS),
    _route("create_drug_test", "POST", "/v1/patients/{patient_id}/drug_tests", _TESTS),
    _route("list_drug_tests", "GET", "/v1/patients/{patient_id}/drug_tests", _TESTS),
    _route("read_drug_test", "GET", "/v1/drug_tests/{test_id}", _TESTS),
    _route("create_drug_test_step", "POST", "/v1/drug_tests/{test_id}/steps", _TESTS),
    _route("reconcile_drug_test", "POST", "/v1/drug_tests/{test_id}:reconcile", _CLINICAL),
    _route("review_drug_test", "POST", "/v1/drug_tests/{test_id}:review", _CLINICAL),
    _route("list_unsettled_drug_tests", "GET", "/v1/sites/{site_id}/unsettled_drug_tests", _CLINICAL),
    _route("excuse_drug_test", "POST", "/v1/drug_tests/{test_id}:excuse", _LEADS),
    proved_anew(_route("create_medication", "POST", "/v1/patients/{patient_id}/medications", _MEDICATES)),
    _route("list_medications", "GET", "/v1/patients/{patient_id}/medications", _CLINICAL),
    proved_anew(_route("end_medication", "POST", "/v1/medications/{medication_id}:end", _MEDICATES)),
    _route("create_medication_dose", "POST", "/v1/medications/{medication_id}/doses", _MEDICATES),
    _route("list_due_injections", "GET", "/v1/sites/{site_id}/due_injections", _CLINICAL),
    _route("list_due_medication_visits", "GET", "/v1/sites/{site_id}/due_medication_visits", _CLINICAL),
    _route("list_drawn", "GET", "/v1/sites/{site_id}/drawn", _TESTS),
)
