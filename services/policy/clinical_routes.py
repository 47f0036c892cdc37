"""Routes of the clinical record: assessments, treatment plans, encounters."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route, proved_anew

_CLINICAL: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR})
_READS_ATTENDANCE: Final = _CLINICAL | {Role.FRONT_DESK, Role.BILLING}
_SETS_UP: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PROGRAMME_DIRECTOR})
_LEADS: Final = frozenset({Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR})
_PLAN_OF_CARE: Final = "/v1/episodes/{episode_id}/plan_of_care"
_DISCHARGE_SUMMARY: Final = "/v1/episodes/{episode_id}/discharge_summary"


def _records(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.RECORDS, method, path, roles)


CLINICAL_ROUTES: Final[tuple[Route, ...]] = (
    _records("list_instruments", "GET", "/v1/instruments", _CLINICAL),
    _records("create_assessment", "POST", "/v1/patients/{patient_id}/assessments", _CLINICAL),
    _records("list_assessments", "GET", "/v1/patients/{patient_id}/assessments", _CLINICAL),
    _records("read_assessment_trends", "GET", "/v1/patients/{patient_id}/assessment_trends", _CLINICAL),
    _records("read_assessment", "GET", "/v1/assessments/{assessment_id}", _CLINICAL),
    _records("list_assessment_versions", "GET", "/v1/assessments/{assessment_id}/versions", _CLINICAL),
    _records("complete_assessment", "POST", "/v1/assessments/{assessment_id}:complete", _CLINICAL),
    _records("amend_assessment", "POST", "/v1/assessments/{assessment_id}:amend", _CLINICAL),
    _records("retract_assessment", "POST", "/v1/assessments/{assessment_id}:retract", _CLINICAL),
    _records("list_safety_tasks", "GET", "/v1/sites/{site_id}/safety_tasks", _CLINICAL),
    _records("answer_safety_task", "POST", "/v1/safety_tasks/{task_id}:answer", _CLINICAL),
    _records("list_due_assessments", "GET", "/v1/sites/{site_id}/due_assessments", _CLINICAL),
    _records("read_measurement_report", "GET", "/v1/sites/{site_id}/measurement_report", _LEADS),
    # The scheduler's signature is what it is asked for, instead of a token.
    Route(
        "receive_attendance_event",
        Microservice.RECORDS,
        "POST",
        "/v1/organizations/{organization_id}/attendance_events",
        frozenset(),
        public=True,
    ),
    Route(
        "receive_site_event",
        Microservice.RECORDS,
        "POST",
        "/v1/organizations/{organization_id}/site_events",
        frozenset(),
        public=True,
    ),
    Route(
        "exchange_record_seals",
        Microservice.RECORDS,
        "POST",
        "/v1/record_seals:exchange",
        frozenset(),
        public=True,
    ),
    _records("list_encounters", "GET", "/v1/patients/{patient_id}/encounters", _READS_ATTENDANCE),
    _records("read_encounter", "GET", "/v1/encounters/{encounter_id}", _READS_ATTENDANCE),
    _records("read_hours_ledger", "GET", "/v1/patients/{patient_id}/hours_ledger", _READS_ATTENDANCE),
    _records("list_missed_in_a_row", "GET", "/v1/sites/{site_id}/missed_in_a_row", _CLINICAL | {Role.FRONT_DESK}),
    _records("list_delivered_services", "GET", "/v1/patients/{patient_id}/delivered_services", _READS_ATTENDANCE),
    _records("list_level_findings", "GET", "/v1/sites/{site_id}/level_findings", _CLINICAL),
    _records("put_plan_of_care", "PUT", _PLAN_OF_CARE, _CLINICAL),
    _records("read_plan_of_care", "GET", _PLAN_OF_CARE, _CLINICAL),
    _records("list_plan_of_care_versions", "GET", f"{_PLAN_OF_CARE}/versions", _CLINICAL),
    _records("amend_plan_of_care", "POST", f"{_PLAN_OF_CARE}:amend", _CLINICAL),
    _records("sign_plan_of_care", "POST", f"{_PLAN_OF_CARE}:sign", _CLINICAL),
    _records("cosign_plan_of_care", "POST", f"{_PLAN_OF_CARE}:cosign", _CLINICAL),
    _records("attest_plan_of_care", "POST", f"{_PLAN_OF_CARE}:attest", _CLINICAL),
    _records("review_plan_of_care", "POST", f"{_PLAN_OF_CARE}:review", _CLINICAL),
    proved_anew(_records("certify_plan_of_care", "POST", f"{_PLAN_OF_CARE}:certify", frozenset({Role.PRESCRIBER}))),
    _records("create_discharge_summary", "POST", _DISCHARGE_SUMMARY, _CLINICAL),
    _records("read_discharge_summary", "GET", _DISCHARGE_SUMMARY, _CLINICAL),
    _records("list_discharge_summary_versions", "GET", f"{_DISCHARGE_SUMMARY}/versions", _CLINICAL),
    _records("amend_discharge_summary", "POST", f"{_DISCHARGE_SUMMARY}:amend", _CLINICAL),
    _records("cosign_discharge_summary", "POST", f"{_DISCHARGE_SUMMARY}:cosign", _CLINICAL),
    _records("list_due_discharge_summaries", "GET", "/v1/sites/{site_id}/due_discharge_summaries", _CLINICAL),
    _records("list_due_plans_of_care", "GET", "/v1/sites/{site_id}/due_plans_of_care", _CLINICAL),
    _records("create_note", "POST", "/v1/encounters/{encounter_id}/notes", _CLINICAL),
    _records("create_group_note", "POST", "/v1/group_notes", _CLINICAL),
    _records("put_note_draft", "PUT", "/v1/notes/{note_id}", _CLINICAL),
    _records("sign_note", "POST", "/v1/notes/{note_id}:sign", _CLINICAL),
    _records("cosign_note", "POST", "/v1/notes/{note_id}:cosign", _CLINICAL),
    _records("amend_note", "POST", "/v1/notes/{note_id}:amend", _CLINICAL),
    _records("read_note", "GET", "/v1/notes/{note_id}", _CLINICAL),
    _records("list_note_versions", "GET", "/v1/notes/{note_id}/versions", _CLINICAL),
    _records("list_notes", "GET", "/v1/patients/{patient_id}/notes", _CLINICAL),
    _records("list_undocumented", "GET", "/v1/sites/{site_id}/undocumented_sessions", _CLINICAL),
    _records("create_counselling_note", "POST", "/v1/patients/{patient_id}/counselling_notes", _CLINICAL),
    _records("list_own_counselling_notes", "GET", "/v1/patients/{patient_id}/counselling_notes", _CLINICAL),
    _records("read_counselling_note", "GET", "/v1/counselling_notes/{note_id}", _CLINICAL),
    _records("put_counselling_note", "PUT", "/v1/counselling_notes/{note_id}", _CLINICAL),
    _records("create_supervision", "POST", "/v1/supervisions", _LEADS),
    _records("list_supervisions", "GET", "/v1/supervisions", _LEADS | {Role.AUDITOR}),
    _records("end_supervision", "POST", "/v1/supervisions/{supervision_id}:end", _LEADS),
    _records("list_documentation_rules", "GET", "/v1/documentation_rules", _CLINICAL | _SETS_UP),
    _records("create_documentation_standard", "POST", "/v1/sites/{site_id}/documentation_standards", _SETS_UP),
    _records(
        "list_documentation_standards", "GET", "/v1/sites/{site_id}/documentation_standards", _CLINICAL | _SETS_UP
    ),
)
