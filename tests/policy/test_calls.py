from uuid import uuid4

import pytest

from services.contracts.identifiers import AccountId, OauthClientId, OrganizationId
from services.contracts.identity import Delegation, Microservice, Principal, Role
from services.policy.calls import CallDecision, may_call
from services.policy.route import Route
from services.policy.routes import BY_OPERATION, ROUTES

FOR_PEOPLE = [route for route in ROUTES if not route.public and not route.services]
FOR_SERVICES = [route for route in ROUTES if route.services]
PUBLIC = [route for route in ROUTES if route.public]


def _caller(*roles: Role, acting: Microservice | None = None, is_in_organization: bool = True) -> Principal:
    return Principal(
        account_id=AccountId(uuid4()),
        organization_id=OrganizationId(uuid4()) if is_in_organization else None,
        roles=frozenset(roles),
        acting_service=acting,
        token_id="x",
        delegation=None,
        sign_in=None,
        proof_key=None,
    )


def _application(*scopes: str, roles: frozenset[Role] = frozenset(Role)) -> Principal:
    granted = Delegation(
        oauth_client_id=OauthClientId(uuid4()), scopes=frozenset(scopes), patient_id=None, encounter_id=None
    )
    return _caller(*roles).model_copy(update={"delegation": granted})


def _ids(route: Route) -> str:
    return route.operation_id


@pytest.mark.parametrize("route", FOR_PEOPLE, ids=_ids)
@pytest.mark.parametrize("role", list(Role))
def test_exactly_the_listed_roles_may_call(route: Route, role: Role) -> None:
    call = may_call(_caller(role), route)

    assert call.is_permitted is (role in route.roles)


@pytest.mark.parametrize("route", FOR_PEOPLE, ids=_ids)
def test_somebody_without_any_role_may_call_nothing(route: Route) -> None:
    assert may_call(_caller(), route).decision is CallDecision.DENY_ROLE


@pytest.mark.parametrize("route", FOR_PEOPLE + FOR_SERVICES, ids=_ids)
def test_a_stranger_may_call_nothing_that_is_not_public(route: Route) -> None:
    assert may_call(None, route).decision is CallDecision.DENY_ANONYMOUS


@pytest.mark.parametrize("route", PUBLIC, ids=_ids)
def test_everybody_may_call_what_is_public(route: Route) -> None:
    assert may_call(None, route).is_permitted
    assert may_call(_caller(), route).is_permitted


@pytest.mark.parametrize("route", FOR_PEOPLE, ids=_ids)
@pytest.mark.parametrize("acting", list(Microservice))
def test_a_service_may_not_call_what_is_for_people(route: Route, acting: Microservice) -> None:
    assert not may_call(_caller(*route.roles, acting=acting), route).is_permitted


@pytest.mark.parametrize("route", FOR_SERVICES, ids=_ids)
@pytest.mark.parametrize("acting", [None, *Microservice])
def test_exactly_the_listed_services_may_call_what_is_for_services(route: Route, acting: Microservice | None) -> None:
    call = may_call(_caller(*route.served_roles, acting=acting), route)

    assert call.is_permitted is (acting in route.services)


@pytest.mark.parametrize("role", list(Role))
def test_a_service_calls_only_for_a_person_whom_it_may_serve(role: Role) -> None:
    route = BY_OPERATION["read_week_requirements"]

    call = may_call(_caller(role, acting=Microservice.SCHEDULER), route)

    assert call.is_permitted is (role in route.served_roles)


@pytest.mark.parametrize("route", FOR_PEOPLE, ids=_ids)
def test_without_an_organization_only_a_platform_operator_may_call(route: Route) -> None:
    everybody_else = _caller(*set(Role) - {Role.PLATFORM_OPERATOR}, is_in_organization=False)
    operator = _caller(Role.PLATFORM_OPERATOR, is_in_organization=False)

    assert may_call(everybody_else, route).decision is CallDecision.DENY_NO_ORGANIZATION
    assert may_call(operator, route).is_permitted is (Role.PLATFORM_OPERATOR in route.roles)


def test_a_platform_operator_keeps_the_public_directory_and_reads_no_record() -> None:
    behind = [route for route in ROUTES if route.service is not Microservice.GATEWAY]
    theirs = {route.operation_id for route in behind if Role.PLATFORM_OPERATOR in route.roles | route.served_roles}

    assert theirs == {"import_directory", "set_directory_keeper"}


def test_nobody_is_both_a_patient_or_family_and_a_reader_of_the_book() -> None:
    open_to_them = {route.operation_id for route in FOR_PEOPLE if route.roles & {Role.PATIENT, Role.FAMILY}}
    # What is read of the own record is nobody else's route: no path of it names a patient.
    own = {route.operation_id: route for route in FOR_PEOPLE if route.roles == {Role.PATIENT}}

    assert own.keys() == {
        "claim_own_record",
        "read_own_record",
        "read_own_hours_ledger",
        "read_own_assessment_trends",
        "list_own_consents",
        "revoke_own_consent",
        "sign_own_plan_of_care",
        "list_own_restrictions",
        "list_own_episodes",
        "read_own_relapse_prevention_plan",
        "list_own_aftercare_plans",
        "list_own_placement_reviews",
        "list_own_draws_of_today",
        "list_own_disclosures",
        "list_own_privacy_notice_receipts",
        "create_own_recovery_group_choice",
        "list_own_recovery_group_choices",
    }
    # What a related person reads is the family's alone, and names who they are and no patient.
    family = {route.operation_id: route for route in FOR_PEOPLE if route.roles == {Role.FAMILY}}
    assert family.keys() == {
        "claim_related_person",
        "list_own_related_persons",
        "read_record_as_related_person",
        "list_family_sessions_as_related_person",
    }
    alone = [*own.values(), *family.values()]
    assert all(route.path.startswith("/v1/me/") and "patient_id" not in route.path for route in alone)
    assert open_to_them - own.keys() - family.keys() == {
        "read_me",
        "list_login_sessions",
        "step_up_login_session",
        "create_my_identity_link",
        "list_my_identity_links",
        "remove_my_identity_link",
        "end_login_session",
        "read_my_factors",
        "create_my_totp",
        "confirm_my_totp",
        "remove_my_totp",
        "renew_my_recovery_codes",
        "change_my_password",
        "create_my_passkey_options",
        "create_my_passkey",
        "list_my_passkeys",
        "rename_my_passkey",
        "remove_my_passkey",
        "create_step_up_options",
        "list_oauth_consents",
        "revoke_oauth_consent",
        # It is written for patients, and says nothing of any.
        "read_privacy_notice_in_force",
    }


@pytest.mark.parametrize("route", FOR_PEOPLE, ids=_ids)
def test_60_an_application_calls_only_what_its_scope_reaches(route: Route) -> None:
    others = {"openid", "eventide/api", "user/*.cruds", "patient/*.cruds", "system/*.cruds"} - {route.scope_needed}

    assert may_call(_application(*others), route).decision is CallDecision.DENY_SCOPE
    assert may_call(_application(), route).decision is CallDecision.DENY_SCOPE


@pytest.mark.parametrize("route", [r for r in FOR_PEOPLE if r.service is Microservice.GATEWAY], ids=_ids)
def test_an_application_never_administers(route: Route) -> None:
    call = may_call(_application("eventide/api", "user/*.cruds"), route)

    assert call.decision is CallDecision.DENY_SCOPE


@pytest.mark.parametrize("route", [r for r in FOR_PEOPLE if r.service is not Microservice.GATEWAY], ids=_ids)
def test_an_application_with_the_api_s_scope_may_what_the_person_may_and_no_more(route: Route) -> None:
    assert may_call(_application("eventide/api"), route).is_permitted
    assert may_call(_application("eventide/api", roles=frozenset()), route).decision is CallDecision.DENY_ROLE


def test_a_kiosk_s_scope_reaches_what_a_kiosk_needs_and_nothing_else() -> None:
    """Before, no scope narrower than the whole API opened these, so a kiosk held all that its person may."""
    kiosk = _application("eventide/check_in", "openid", "offline_access")
    reached = {route.operation_id for route in FOR_PEOPLE if may_call(kiosk, route).is_permitted}

    assert reached == {"list_appointments", "record_attendance", "read_me"}


@pytest.mark.parametrize("operation_id", ["list_appointments", "record_attendance"])
def test_a_kiosk_may_no_more_than_who_has_let_it_in(operation_id: str) -> None:
    route = BY_OPERATION[operation_id]
    kiosk = _application("eventide/check_in", roles=frozenset({Role.BILLING}))

    assert may_call(kiosk, route).decision is CallDecision.DENY_ROLE
