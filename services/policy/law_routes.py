"""Routes of what the law asks of the programme itself, and who may call them."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route, proved_anew

_CLINICAL: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR})
_GIVES: Final = _CLINICAL | {Role.FRONT_DESK}
_SETS_UP: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PROGRAMME_DIRECTOR})
_IN_AN_ORGANIZATION: Final = frozenset(Role) - {Role.PLATFORM_OPERATOR}
_EVERY_STAFF: Final = _IN_AN_ORGANIZATION - {Role.PATIENT, Role.FAMILY}
_DECIDES: Final = frozenset({Role.PROGRAMME_DIRECTOR})
_INCIDENT: Final = "/v1/privacy_incidents/{incident_id}"
_ADMINISTERS: Final = frozenset({Role.ORGANIZATION_ADMIN})
_CLOSINGS: Final = "/v1/programme_closings"
_CLOSING: Final = "/v1/programme_closings/{programme_closing_id}"
_LINKS: Final = frozenset({Role.FRONT_DESK, Role.PROGRAMME_DIRECTOR})
_PATIENT: Final = frozenset({Role.PATIENT})
_PATIENT_ACCOUNTS: Final = "/v1/patients/{patient_id}/patient_accounts"
_RECEIPTS: Final = "/v1/patients/{patient_id}/privacy_notice_receipts"
_WATCHES: Final = frozenset({Role.AUDITOR, Role.PROGRAMME_DIRECTOR})


def _route(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.RECORDS, method, path, roles)


LAW_ROUTES: Final[tuple[Route, ...]] = (
    _route("list_access_denials", "GET", "/v1/access_denials", _WATCHES),
    _route("create_privacy_notice", "POST", "/v1/privacy_notices", _SETS_UP),
    _route("list_privacy_notices", "GET", "/v1/privacy_notices", _GIVES | _SETS_UP | _WATCHES),
    _route("list_privacy_notice_elements", "GET", "/v1/privacy_notice_elements", _GIVES | _SETS_UP | _WATCHES),
    # It is written for patients, and says nothing of any.
    _route("read_privacy_notice_in_force", "GET", "/v1/privacy_notices:in_force", _IN_AN_ORGANIZATION),
    _route("put_privacy_notice", "PUT", "/v1/privacy_notices/{notice_id}", _SETS_UP),
    _route("activate_privacy_notice", "POST", "/v1/privacy_notices/{notice_id}:activate", _SETS_UP),
    _route("create_privacy_notice_receipt", "POST", _RECEIPTS, _GIVES),
    _route("list_unnotified_patients", "GET", "/v1/sites/{site_id}/unnotified_patients", _GIVES),
    _route("list_privacy_notice_receipts", "GET", _RECEIPTS, _GIVES | _WATCHES | {Role.BILLING}),
    _route("list_minor_consent_states", "GET", "/v1/minor_consent_states", _EVERY_STAFF),
    _route(
        "read_consent_standing",
        "GET",
        "/v1/patients/{patient_id}/consent_standing",
        _GIVES | _WATCHES | {Role.BILLING},
    ),
    # Whoever hands out a code lets a record be read by it: who the patient is is seen first, by somebody who is there.
    proved_anew(_route("create_patient_account", "POST", _PATIENT_ACCOUNTS, _LINKS)),
    _route("list_patient_accounts", "GET", _PATIENT_ACCOUNTS, _LINKS),
    _route("end_patient_account", "POST", "/v1/patient_accounts/{patient_account_id}:end", _LINKS),
    _route("claim_own_record", "POST", "/v1/me/record:claim", _PATIENT),
    _route("read_own_record", "GET", "/v1/me/record", _PATIENT),
    _route("read_own_hours_ledger", "GET", "/v1/me/hours_ledger", _PATIENT),
    _route("read_own_assessment_trends", "GET", "/v1/me/assessment_trends", _PATIENT),
    _route("list_own_consents", "GET", "/v1/me/consents", _PATIENT),
    _route("revoke_own_consent", "POST", "/v1/me/consents/{consent_id}:revoke", _PATIENT),
    _route("sign_own_plan_of_care", "POST", "/v1/me/plans_of_care/{episode_id}:sign", _PATIENT),
    _route("create_own_recovery_group_choice", "POST", "/v1/me/recovery_group_choices", _PATIENT),
    _route("list_own_recovery_group_choices", "GET", "/v1/me/recovery_group_choices", _PATIENT),
    _route("list_own_restrictions", "GET", "/v1/me/restrictions", _PATIENT),
    _route("list_own_episodes", "GET", "/v1/me/episodes", _PATIENT),
    _route("read_own_relapse_prevention_plan", "GET", "/v1/me/relapse_prevention_plan", _PATIENT),
    _route("list_own_aftercare_plans", "GET", "/v1/me/aftercare_plans", _PATIENT),
    _route("list_own_placement_reviews", "GET", "/v1/me/placement_reviews", _PATIENT),
    _route("list_own_draws_of_today", "GET", "/v1/me/draws_of_today", _PATIENT),
    _route("list_own_disclosures", "GET", "/v1/me/disclosures", _PATIENT),
    _route("list_own_privacy_notice_receipts", "GET", "/v1/me/privacy_notice_receipts", _PATIENT),
    _route("read_public_health_report", "GET", "/v1/public_health_report", _DECIDES),
    # What cannot be taken back is the administrator's, who reads no record; of each record its director decides.
    proved_anew(_route("create_programme_closing", "POST", _CLOSINGS, _ADMINISTERS)),
    _route("list_programme_closings", "GET", _CLOSINGS, _ADMINISTERS | _WATCHES),
    _route("read_programme_closing", "GET", _CLOSING, _ADMINISTERS | _WATCHES),
    _route("list_dispositions", "GET", f"{_CLOSING}/dispositions", _WATCHES),
    _route("create_dispositions", "POST", f"{_CLOSING}/dispositions", _DECIDES),
    proved_anew(_route("cancel_programme_closing", "POST", f"{_CLOSING}:cancel", _ADMINISTERS)),
    proved_anew(_route("seal_programme_closing", "POST", f"{_CLOSING}:seal", _ADMINISTERS)),
    # Whoever is asked hands it on; a person answers it, and no rule.
    _route("create_legal_request", "POST", "/v1/legal_requests", _EVERY_STAFF),
    _route("list_legal_requests", "GET", "/v1/legal_requests", _WATCHES),
    _route("settle_legal_request", "POST", "/v1/legal_requests/{legal_request_id}:settle", _DECIDES),
    # A breach is known once anybody of the programme knows of it (45 CFR 164.404(a)(2)).
    _route("create_privacy_incident", "POST", "/v1/privacy_incidents", _EVERY_STAFF),
    _route("list_privacy_incidents", "GET", "/v1/privacy_incidents", _WATCHES),
    _route("read_breach_log", "GET", "/v1/breach_log", _WATCHES),
    _route("read_privacy_incident", "GET", _INCIDENT, _WATCHES),
    _route("assess_privacy_incident", "POST", f"{_INCIDENT}:assess", _DECIDES),
    _route("decide_privacy_incident", "POST", f"{_INCIDENT}:decide", _DECIDES),
    _route("delay_privacy_incident", "POST", f"{_INCIDENT}:delay", _DECIDES),
    _route("add_affected_patients", "POST", f"{_INCIDENT}/affected_patients", _DECIDES),
    _route("list_affected_patients", "GET", f"{_INCIDENT}/affected_patients", _WATCHES),
    _route("create_patient_notices", "POST", f"{_INCIDENT}/patient_notices", _DECIDES),
    _route("create_authority_notice", "POST", f"{_INCIDENT}/authority_notices", _DECIDES),
    _route("close_privacy_incident", "POST", f"{_INCIDENT}:close", _DECIDES),
)
