"""Routes of charges, family and recovery support, and who may call them."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route, proved_anew

_BILLS: Final = frozenset({Role.BILLING, Role.PROGRAMME_DIRECTOR})
_CLINICAL: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR})
_STAFF: Final = _CLINICAL | {Role.FRONT_DESK}
_PATIENT: Final = "/v1/patients/{patient_id}"
_FAMILY: Final = frozenset({Role.FAMILY})
_LINKS: Final = frozenset({Role.FRONT_DESK, Role.COUNSELLOR, Role.PROGRAMME_DIRECTOR})
_PERSON_ACCOUNTS: Final = "/v1/related_persons/{person_id}/accounts"
_OWN_PERSONS: Final = "/v1/me/related_persons"


def _route(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.RECORDS, method, path, roles)


SUPPORT_ROUTES: Final[tuple[Route, ...]] = (
    _route("list_charge_codes", "GET", "/v1/charge_codes", _BILLS),
    _route("create_payer_contract", "POST", "/v1/payer_contracts", _BILLS),
    _route("list_payer_contracts", "GET", "/v1/payer_contracts", _BILLS),
    _route("create_charge_rate", "POST", "/v1/charge_rates", _BILLS),
    _route("list_charge_rates", "GET", "/v1/charge_rates", _BILLS),
    _route("create_payer_authorization", "POST", f"{_PATIENT}/payer_authorizations", _BILLS),
    _route("list_payer_authorizations", "GET", f"{_PATIENT}/payer_authorizations", _BILLS),
    _route("create_partial_stay", "POST", f"{_PATIENT}/partial_stays", _BILLS),
    _route("list_partial_stays", "GET", f"{_PATIENT}/partial_stays", _BILLS),
    _route("list_charge_lines", "GET", f"{_PATIENT}/charge_lines", _BILLS),
    _route("create_related_person", "POST", f"{_PATIENT}/related_persons", _STAFF),
    _route("list_related_persons", "GET", f"{_PATIENT}/related_persons", _STAFF),
    _route("end_related_person", "POST", "/v1/related_persons/{person_id}:end", _STAFF),
    _route("read_family_permissions", "GET", "/v1/related_persons/{person_id}/permissions", _STAFF),
    # Whoever hands out a code lets a record be read by it: who it is is seen first, by somebody who is there.
    proved_anew(_route("create_related_person_account", "POST", _PERSON_ACCOUNTS, _LINKS)),
    _route("list_related_person_accounts", "GET", _PERSON_ACCOUNTS, _LINKS),
    _route("end_related_person_account", "POST", "/v1/related_person_accounts/{related_person_account_id}:end", _LINKS),
    _route("claim_related_person", "POST", f"{_OWN_PERSONS}:claim", _FAMILY),
    _route("list_own_related_persons", "GET", _OWN_PERSONS, _FAMILY),
    _route("read_record_as_related_person", "GET", f"{_OWN_PERSONS}/{{person_id}}/record", _FAMILY),
    _route("list_family_sessions_as_related_person", "GET", f"{_OWN_PERSONS}/{{person_id}}/family_sessions", _FAMILY),
    _route("create_family_participation", "POST", "/v1/related_persons/{person_id}/participations", _CLINICAL),
    _route("list_family_participations", "GET", f"{_PATIENT}/family_participations", _CLINICAL),
    _route("end_family_participation", "POST", "/v1/family_participations/{participation_id}:end", _CLINICAL),
    _route("create_family_exemption", "POST", f"{_PATIENT}/family_exemptions", _CLINICAL),
    _route("list_due_family_counselling", "GET", "/v1/sites/{site_id}/due_family_counselling", _CLINICAL),
    _route("read_family_counselling", "GET", f"{_PATIENT}/family_counselling", _CLINICAL),
    _route("create_recovery_group_choice", "POST", f"{_PATIENT}/recovery_group_choices", _STAFF),
    _route("list_recovery_group_choices", "GET", f"{_PATIENT}/recovery_group_choices", _STAFF),
    _route("list_recovery_group_members", "GET", "/v1/sites/{site_id}/recovery_group_members", _CLINICAL),
    _route("put_relapse_prevention_plan", "PUT", f"{_PATIENT}/relapse_prevention_plan", _CLINICAL),
    _route("read_relapse_prevention_plan", "GET", f"{_PATIENT}/relapse_prevention_plan", _CLINICAL),
    _route("list_relapse_prevention_plan_versions", "GET", f"{_PATIENT}/relapse_prevention_plan/versions", _CLINICAL),
    _route("create_aftercare_plan", "POST", "/v1/episodes/{episode_id}/aftercare_plan", _CLINICAL),
    _route("amend_aftercare_plan", "POST", "/v1/aftercare_plans/{plan_id}:amend", _CLINICAL),
    _route("list_aftercare_plans", "GET", f"{_PATIENT}/aftercare_plans", _CLINICAL),
    _route("list_aftercare_contacts", "GET", "/v1/sites/{site_id}/aftercare_contacts", _CLINICAL),
    _route("create_aftercare_attempt", "POST", "/v1/aftercare_contacts/{contact_id}/attempts", _CLINICAL),
    _route("close_aftercare_contact", "POST", "/v1/aftercare_contacts/{contact_id}:close", _CLINICAL),
)
