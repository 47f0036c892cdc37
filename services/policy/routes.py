"""Every route of every service and who may call it; a route that is not here does not exist."""

from types import MappingProxyType
from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.care_routes import CARE_ROUTES
from services.policy.clinical_routes import CLINICAL_ROUTES
from services.policy.gateway_routes import GATEWAY_ROUTES
from services.policy.intake_routes import INTAKE_ROUTES
from services.policy.law_routes import LAW_ROUTES
from services.policy.oauth_routes import OAUTH_ROUTES
from services.policy.public_routes import PUBLIC_ROUTES
from services.policy.route import Route, dear, of_check_in, proved_anew
from services.policy.support_routes import SUPPORT_ROUTES

_CLINICAL: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR})
_DESK: Final = frozenset({Role.FRONT_DESK, Role.PROGRAMME_DIRECTOR})
_READS_THE_BOOK: Final = _CLINICAL | _DESK
_BOOKS: Final = _DESK | {Role.COUNSELLOR}
_PLANS: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR})
_LEADS: Final = frozenset({Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR})
_SEES_CONSENTS: Final = _READS_THE_BOOK | {Role.BILLING, Role.AUDITOR}
_SETS_UP: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PROGRAMME_DIRECTOR})
_READS_THE_SETUP: Final = _READS_THE_BOOK | _SETS_UP
_NOBODY: Final[frozenset[Role]] = frozenset()
# A calendar may have 5 MiB, so that it is the calendar's reader who says that one is too large.
_WITH_A_CALENDAR: Final = 6 * 1024 * 1024
_SOURCE: Final = "/v1/patients/{patient_id}/commitment_sources/{source_id}"


def _records(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.RECORDS, method, path, roles)


def _asked_by_anybody(
    operation_id: str, method: str, path: str, calls_per_minute: int, *, service: Microservice = Microservice.RECORDS
) -> Route:
    return Route(operation_id, service, method, path, _NOBODY, public=True, calls_per_minute=calls_per_minute)


def _scheduler(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.SCHEDULER, method, path, roles)


def _check_in(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return of_check_in(_scheduler(operation_id, method, path, roles))


def _dear(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return dear(_scheduler(operation_id, method, path, roles))


def _takes_a_calendar(operation_id: str, path: str) -> Route:
    return Route(operation_id, Microservice.SCHEDULER, "POST", path, _DESK | _PLANS, largest_body=_WITH_A_CALENDAR)


def _for_the_scheduler(operation_id: str, method: str, path: str, served: frozenset[Role]) -> Route:
    return Route(
        operation_id,
        Microservice.RECORDS,
        method,
        path,
        _NOBODY,
        services=frozenset({Microservice.SCHEDULER}),
        served_roles=served,
    )


ROUTES: Final[tuple[Route, ...]] = (
    *GATEWAY_ROUTES,
    *OAUTH_ROUTES,
    # records
    _records("create_patient", "POST", "/v1/patients", _DESK | _PLANS),
    _records("list_patients", "GET", "/v1/patients", _READS_THE_BOOK),
    _records("read_patient", "GET", "/v1/patients/{patient_id}", _READS_THE_BOOK),
    _records("correct_patient", "POST", "/v1/patients/{patient_id}:correct", _DESK | _PLANS),
    _records("list_patient_versions", "GET", "/v1/patients/{patient_id}/versions", _DESK | _PLANS),
    _records("read_patient_chart", "GET", "/v1/patients/{patient_id}/chart", _READS_THE_BOOK),
    _records("put_treatment_plan", "PUT", "/v1/patients/{patient_id}/treatment_plan", _PLANS),
    _records("read_treatment_plan", "GET", "/v1/patients/{patient_id}/treatment_plan", _READS_THE_BOOK),
    _records(
        "list_treatment_plan_versions", "GET", "/v1/patients/{patient_id}/treatment_plan/versions", _READS_THE_BOOK
    ),
    _records("create_no_contact", "POST", "/v1/no_contacts", _PLANS),
    _for_the_scheduler("read_week_requirements", "GET", "/v1/week_requirements", _READS_THE_BOOK),
    _for_the_scheduler("read_horizon_requirements", "GET", "/v1/horizon_requirements", _READS_THE_BOOK),
    _for_the_scheduler(
        "read_patient_requirement", "GET", "/v1/patients/{patient_id}/week_requirement", _READS_THE_BOOK
    ),
    _for_the_scheduler("read_patient_presence", "GET", "/v1/patients/{patient_id}/presence", _READS_THE_BOOK),
    _for_the_scheduler("find_patients_within_reach", "POST", "/v1/patients:within_reach", _READS_THE_BOOK),
    _for_the_scheduler("read_patient_seating", "GET", "/v1/patients/{patient_id}/seating", _BOOKS | _LEADS),
    _records("create_care_team_member", "POST", "/v1/patients/{patient_id}/care_team_members", _LEADS),
    _records("list_care_team_members", "GET", "/v1/patients/{patient_id}/care_team_members", _READS_THE_BOOK),
    _records("end_care_team_member", "POST", "/v1/care_team_members/{member_id}:end", _LEADS),
    _records("create_site_member", "POST", "/v1/site_members", _LEADS),
    _records("list_site_members", "GET", "/v1/site_members", _LEADS | {Role.AUDITOR}),
    _records("end_site_member", "POST", "/v1/site_members/{member_id}:end", _LEADS),
    proved_anew(_records("create_emergency_access", "POST", "/v1/patients/{patient_id}/emergency_accesses", _CLINICAL)),
    _records("list_emergency_accesses", "GET", "/v1/emergency_accesses", _LEADS | {Role.AUDITOR}),
    _records("read_emergency_access_reason", "GET", "/v1/emergency_accesses/{access_id}/reason", _LEADS),
    _records("review_emergency_access", "POST", "/v1/emergency_accesses/{access_id}:review", _LEADS),
    _records("create_recipient", "POST", "/v1/recipients", _CLINICAL | _DESK),
    _records("list_recipients", "GET", "/v1/recipients", _READS_THE_BOOK | {Role.BILLING, Role.AUDITOR}),
    _records("create_consent", "POST", "/v1/patients/{patient_id}/consents", _CLINICAL | _DESK),
    _records("list_consents", "GET", "/v1/patients/{patient_id}/consents", _SEES_CONSENTS),
    _records("list_consent_versions", "GET", "/v1/consents/{consent_id}/versions", _SEES_CONSENTS),
    _records("put_consent", "PUT", "/v1/consents/{consent_id}", _CLINICAL | _DESK),
    _records("activate_consent", "POST", "/v1/consents/{consent_id}:activate", _CLINICAL | _DESK),
    _records("revoke_consent", "POST", "/v1/consents/{consent_id}:revoke", _CLINICAL | _DESK),
    _records("end_consent", "POST", "/v1/consents/{consent_id}:end", _CLINICAL | _DESK),
    _records("create_representative", "POST", "/v1/patients/{patient_id}/representatives", _CLINICAL | _DESK),
    _records("list_representatives", "GET", "/v1/patients/{patient_id}/representatives", _SEES_CONSENTS),
    _records("end_representative", "POST", "/v1/representatives/{representative_id}:end", _CLINICAL | _DESK),
    _records("create_restriction", "POST", "/v1/patients/{patient_id}/restrictions", _LEADS),
    _records("list_restrictions", "GET", "/v1/patients/{patient_id}/restrictions", _SEES_CONSENTS),
    _records("end_restriction", "POST", "/v1/restrictions/{restriction_id}:end", _LEADS),
    proved_anew(
        _records("create_disclosure", "POST", "/v1/patients/{patient_id}/disclosures", _CLINICAL | {Role.BILLING})
    ),
    _records("list_patient_disclosures", "GET", "/v1/patients/{patient_id}/disclosures", _SEES_CONSENTS),
    _records("list_disclosures", "GET", "/v1/disclosures", _LEADS | {Role.AUDITOR}),
    _records("list_disclosure_denials", "GET", "/v1/disclosure_denials", _LEADS | {Role.AUDITOR}),
    _records("review_disclosure", "POST", "/v1/disclosures/{disclosure_id}:review", _LEADS),
    _records("create_minor_consent_rule", "POST", "/v1/minor_consent_rules", _SETS_UP),
    _records("list_minor_consent_rules", "GET", "/v1/minor_consent_rules", _READS_THE_SETUP | {Role.AUDITOR}),
    _asked_by_anybody("read_placement_helper", "GET", "/v1/placement_helper", 60),
    _asked_by_anybody("assess_placement", "POST", "/v1/placement_helper:assess", 30),
    _asked_by_anybody("create_placement_inquiry", "POST", "/v1/placement_inquiries", 5),
    _asked_by_anybody("list_cost_figures", "GET", "/v1/cost_figures", 60),
    _asked_by_anybody("compare_costs", "POST", "/v1/cost_figures:compare", 30),
    *CARE_ROUTES,
    *INTAKE_ROUTES,
    *LAW_ROUTES,
    *CLINICAL_ROUTES,
    *PUBLIC_ROUTES,
    *SUPPORT_ROUTES,
    # scheduler
    _scheduler("create_site", "POST", "/v1/sites", _SETS_UP),
    _scheduler("list_sites", "GET", "/v1/sites", _READS_THE_SETUP),
    _scheduler("read_site", "GET", "/v1/sites/{site_id}", _READS_THE_SETUP),
    _scheduler("put_site", "PUT", "/v1/sites/{site_id}", _SETS_UP),
    _scheduler("read_setup", "GET", "/v1/sites/{site_id}/setup", _READS_THE_SETUP),
    _scheduler("list_setup_collisions", "GET", "/v1/sites/{site_id}/setup_collisions", _READS_THE_SETUP),
    _scheduler("create_room", "POST", "/v1/sites/{site_id}/rooms", _SETS_UP),
    _scheduler("list_rooms", "GET", "/v1/sites/{site_id}/rooms", _READS_THE_SETUP),
    _scheduler("read_room", "GET", "/v1/sites/{site_id}/rooms/{room_id}", _READS_THE_SETUP),
    _scheduler("put_room", "PUT", "/v1/sites/{site_id}/rooms/{room_id}", _SETS_UP),
    _scheduler("create_practitioner", "POST", "/v1/sites/{site_id}/practitioners", _SETS_UP),
    _scheduler("list_practitioners", "GET", "/v1/sites/{site_id}/practitioners", _READS_THE_SETUP),
    _scheduler("read_practitioner", "GET", "/v1/sites/{site_id}/practitioners/{practitioner_id}", _READS_THE_SETUP),
    _scheduler("put_practitioner", "PUT", "/v1/sites/{site_id}/practitioners/{practitioner_id}", _SETS_UP),
    _scheduler("create_group_offering", "POST", "/v1/sites/{site_id}/group_offerings", _SETS_UP),
    _scheduler("list_group_offerings", "GET", "/v1/sites/{site_id}/group_offerings", _READS_THE_SETUP),
    _scheduler(
        "read_group_offering", "GET", "/v1/sites/{site_id}/group_offerings/{group_offering_id}", _READS_THE_SETUP
    ),
    _scheduler("put_group_offering", "PUT", "/v1/sites/{site_id}/group_offerings/{group_offering_id}", _SETS_UP),
    _scheduler("list_group_series", "GET", "/v1/sites/{site_id}/group_series", _READS_THE_BOOK),
    _takes_a_calendar("import_calendar", "/v1/patients/{patient_id}/commitment_sources"),
    _scheduler("list_commitment_sources", "GET", "/v1/patients/{patient_id}/commitment_sources", _READS_THE_BOOK),
    _takes_a_calendar("preview_calendar", "/v1/patients/{patient_id}/commitment_sources:preview"),
    _scheduler("enter_commitments", "POST", "/v1/patients/{patient_id}/commitment_sources:enter", _DESK | _PLANS),
    _scheduler("preview_entry", "POST", "/v1/patients/{patient_id}/commitment_sources:preview_entry", _DESK | _PLANS),
    _dear("subscribe_calendar", "POST", "/v1/patients/{patient_id}/commitment_sources:subscribe", _DESK | _PLANS),
    _dear(
        "preview_subscription",
        "POST",
        "/v1/patients/{patient_id}/commitment_sources:preview_subscription",
        _DESK | _PLANS,
    ),
    _dear("sync_commitment_source", "POST", f"{_SOURCE}:sync", _DESK | _PLANS),
    _scheduler("read_commitment_source", "GET", _SOURCE, _READS_THE_BOOK),
    _scheduler("disable_commitment_source", "POST", f"{_SOURCE}:disable", _DESK | _PLANS),
    _scheduler("enable_commitment_source", "POST", f"{_SOURCE}:enable", _DESK | _PLANS),
    _scheduler("read_commitment_entry", "GET", f"{_SOURCE}/entry", _READS_THE_BOOK),
    _scheduler("replace_commitment_entry", "PUT", f"{_SOURCE}/entry", _DESK | _PLANS),
    _scheduler("delete_commitment_source", "DELETE", _SOURCE, _DESK | _PLANS),
    _scheduler("list_commitments", "GET", "/v1/patients/{patient_id}/commitments", _READS_THE_BOOK),
    _scheduler("list_patient_collisions", "GET", "/v1/patients/{patient_id}/collisions", _READS_THE_BOOK),
    _scheduler("create_feed", "POST", "/v1/feeds", _DESK | _PLANS),
    _scheduler("list_feeds", "GET", "/v1/feeds", _DESK | _PLANS),
    _scheduler("rotate_feed", "POST", "/v1/feeds/{feed_id}:rotate", _DESK | _PLANS),
    _scheduler("delete_feed", "DELETE", "/v1/feeds/{feed_id}", _DESK | _PLANS),
    # Calendars in the world's clouds fetch the feeds of many from few addresses.
    _asked_by_anybody("read_feed", "GET", "/v1/feeds/{token}.ics", 600, service=Microservice.SCHEDULER),
    _scheduler("list_site_collisions", "GET", "/v1/sites/{site_id}/collisions", _READS_THE_BOOK),
    _dear("create_solve", "POST", "/v1/solves", _DESK),
    _dear("create_solve_batch", "POST", "/v1/solve_batches", _DESK),
    _scheduler("read_solve_batch", "GET", "/v1/solve_batches/{batch_id}", _READS_THE_BOOK),
    _scheduler("cancel_solve_batch", "POST", "/v1/solve_batches/{batch_id}:cancel", _DESK),
    Route(
        "stream_solve_batch_events",
        Microservice.SCHEDULER,
        "GET",
        "/v1/solve_batches/{batch_id}/events",
        _READS_THE_BOOK,
        # As long as an access token lives, as of one solve.
        deadline_seconds=900.0,
    ),
    _scheduler("read_solve", "GET", "/v1/solves/{solve_id}", _READS_THE_BOOK),
    _scheduler("cancel_solve", "POST", "/v1/solves/{solve_id}:cancel", _DESK),
    Route(
        "stream_solve_events",
        Microservice.SCHEDULER,
        "GET",
        "/v1/solves/{solve_id}/events",
        _READS_THE_BOOK,
        # As long as an access token lives: who is shut out stops hearing of the solve.
        deadline_seconds=900.0,
    ),
    _scheduler("read_proposal", "GET", "/v1/proposals/{proposal_id}", _READS_THE_BOOK),
    _scheduler("list_proposal_changes", "GET", "/v1/proposals/{proposal_id}/changes", _READS_THE_BOOK),
    _scheduler("list_proposal_rule_findings", "GET", "/v1/proposals/{proposal_id}/rule_findings", _READS_THE_BOOK),
    _scheduler("list_proposal_losses", "GET", "/v1/proposals/{proposal_id}/losses", _BOOKS),
    _scheduler("accept_proposal_change", "POST", "/v1/proposals/{proposal_id}/changes/{number}:accept", _DESK),
    _scheduler("reject_proposal_change", "POST", "/v1/proposals/{proposal_id}/changes/{number}:reject", _DESK),
    _scheduler("preview_proposal_notices", "POST", "/v1/proposals/{proposal_id}:preview_notices", _DESK),
    _scheduler("publish_proposal", "POST", "/v1/proposals/{proposal_id}:publish", _DESK),
    _scheduler("read_timetable", "GET", "/v1/sites/{site_id}/timetables/{week}", _READS_THE_BOOK),
    _scheduler("list_timetable_versions", "GET", "/v1/sites/{site_id}/timetables/{week}/versions", _READS_THE_BOOK),
    _scheduler(
        "read_timetable_version", "GET", "/v1/sites/{site_id}/timetables/{week}/versions/{version}", _READS_THE_BOOK
    ),
    _scheduler(
        "read_timetable_difference",
        "GET",
        "/v1/sites/{site_id}/timetables/{week}/versions/{version}/difference",
        _READS_THE_BOOK,
    ),
    _dear("recommend_visits", "POST", "/v1/visits:recommend", _BOOKS),
    _scheduler("open_group", "POST", "/v1/sites/{site_id}/timetables/{week}:open_group", _DESK),
    _scheduler("revert_timetable", "POST", "/v1/sites/{site_id}/timetables/{week}:revert", _DESK),
    _check_in("list_appointments", "GET", "/v1/sites/{site_id}/appointments", _READS_THE_BOOK),
    _scheduler("list_week_changes", "GET", "/v1/sites/{site_id}/changes", _READS_THE_BOOK),
    _scheduler("reassign_appointment", "POST", "/v1/appointments/{appointment_id}:reassign", _DESK),
    _scheduler("reassign_appointments", "POST", "/v1/sites/{site_id}/timetables/{week}:reassign", _DESK),
    _dear("recommend_placements", "POST", "/v1/placements:recommend", _BOOKS),
    _scheduler("create_placement", "POST", "/v1/placements", _BOOKS),
    _dear("explain_session", "POST", "/v1/placements:explain", _BOOKS),
    _dear(
        "explain_placement",
        "GET",
        "/v1/sites/{site_id}/timetables/{week}/patients/{patient_id}/explanation",
        _BOOKS,
    ),
    _dear("read_capacity_advice", "GET", "/v1/sites/{site_id}/timetables/{week}/capacity_advice", _DESK),
    _scheduler("book_appointment", "POST", "/v1/appointments/{appointment_id}:book", _BOOKS),
    _scheduler("hold_appointment", "POST", "/v1/appointments/{appointment_id}:hold", _BOOKS),
    _scheduler("book_held_seat", "POST", "/v1/appointments/{appointment_id}:book_held_seat", _LEADS),
    _scheduler("read_held_seats_rule", "GET", "/v1/sites/{site_id}/held_seats_rule", _READS_THE_BOOK),
    _scheduler("put_held_seats_rule", "PUT", "/v1/sites/{site_id}/held_seats_rule", _SETS_UP),
    _scheduler(
        "read_weekly_held_seats_rule",
        "GET",
        "/v1/sites/{site_id}/group_offerings/{group_offering_id}/held_seats_rule",
        _READS_THE_BOOK,
    ),
    _scheduler(
        "put_weekly_held_seats_rule",
        "PUT",
        "/v1/sites/{site_id}/group_offerings/{group_offering_id}/held_seats_rule",
        _SETS_UP,
    ),
    _scheduler("release_appointment", "POST", "/v1/appointments/{appointment_id}:release", _BOOKS),
    _scheduler("call_out", "POST", "/v1/appointments/{appointment_id}:call_out", _READS_THE_BOOK),
    _check_in("record_attendance", "POST", "/v1/appointments/{appointment_id}/attendances", _READS_THE_BOOK),
    _scheduler("list_attendances", "GET", "/v1/appointments/{appointment_id}/attendances", _READS_THE_BOOK),
    _scheduler("amend_attendance", "POST", "/v1/attendances/{attendance_id}:amend", _READS_THE_BOOK),
    _scheduler("list_parked_attendances", "GET", "/v1/parked_attendances", _DESK),
    _scheduler("tell_attendance_again", "POST", "/v1/attendances/{attendance_id}:tell_again", _DESK),
    _scheduler("read_week_ledger", "GET", "/v1/patients/{patient_id}/week_ledger", _READS_THE_BOOK),
    _scheduler("read_owed_hours", "GET", "/v1/patients/{patient_id}/owed_hours", _READS_THE_BOOK),
    _scheduler("list_make_ups", "GET", "/v1/sites/{site_id}/make_ups", _READS_THE_BOOK),
    _dear("recommend_make_up_seats", "GET", "/v1/make_ups/{make_up_id}:recommend", _BOOKS),
    _scheduler("book_make_up", "POST", "/v1/make_ups/{make_up_id}:book", _BOOKS),
    _scheduler("create_licence", "POST", "/v1/practitioners/{practitioner_id}/licences", _SETS_UP),
    _scheduler("list_licences", "GET", "/v1/practitioners/{practitioner_id}/licences", _READS_THE_SETUP),
    _scheduler("end_licence", "POST", "/v1/licences/{licence_id}:end", _SETS_UP),
    _scheduler("change_modality", "POST", "/v1/appointments/{appointment_id}:change_modality", _BOOKS),
    _scheduler("preview_modality", "POST", "/v1/appointments/{appointment_id}:preview_modality", _BOOKS),
    _scheduler("create_vehicle", "POST", "/v1/sites/{site_id}/vehicles", _SETS_UP),
    _scheduler("list_vehicles", "GET", "/v1/sites/{site_id}/vehicles", _READS_THE_SETUP),
    _scheduler("create_run", "POST", "/v1/vehicles/{vehicle_id}/runs", _DESK),
    _scheduler("list_runs", "GET", "/v1/sites/{site_id}/runs", _READS_THE_BOOK),
    _scheduler("read_run_sheet", "GET", "/v1/runs/{run_id}/sheet", _READS_THE_BOOK),
    _scheduler("create_ride", "POST", "/v1/runs/{run_id}/rides", _BOOKS),
    _scheduler("take_vehicle_out", "POST", "/v1/vehicles/{vehicle_id}:take_out", _DESK),
    _scheduler("list_rides", "GET", "/v1/runs/{run_id}/rides", _BOOKS),
    _scheduler("set_ride_stop", "POST", "/v1/rides/{ride_id}:set_stop", _BOOKS),
    _scheduler("list_missing_rides", "GET", "/v1/sites/{site_id}/missing_rides", _BOOKS),
    _scheduler("delete_ride", "DELETE", "/v1/rides/{ride_id}", _BOOKS),
    _scheduler("recommend_swaps", "POST", "/v1/swaps:recommend", _BOOKS),
    _scheduler("preview_swap", "POST", "/v1/swaps:preview", _BOOKS),
    _scheduler("create_swap", "POST", "/v1/swaps", _BOOKS),
    _scheduler("list_swaps", "GET", "/v1/sites/{site_id}/swaps", _READS_THE_BOOK),
    _scheduler("create_disruption", "POST", "/v1/disruptions", _DESK),
    _scheduler("list_disruptions", "GET", "/v1/sites/{site_id}/disruptions", _READS_THE_BOOK),
    _scheduler("read_disruption", "GET", "/v1/disruptions/{disruption_id}", _READS_THE_BOOK),
    _scheduler("repair_disruption", "POST", "/v1/disruptions/{disruption_id}:repair", _DESK),
    _scheduler("create_disruption_batch", "POST", "/v1/disruption_batches", _DESK),
    _scheduler("read_disruption_batch", "GET", "/v1/disruption_batches/{batch_id}", _READS_THE_BOOK),
    _scheduler("withdraw_disruption_batch", "POST", "/v1/disruption_batches/{batch_id}:withdraw", _DESK),
    _scheduler("withdraw_disruption", "POST", "/v1/disruptions/{disruption_id}:withdraw", _DESK),
    _scheduler("create_waitlist_entry", "POST", "/v1/sites/{site_id}/waitlist_entries", _BOOKS),
    _scheduler("list_waitlist_entries", "GET", "/v1/sites/{site_id}/waitlist_entries", _READS_THE_BOOK),
    _scheduler("read_waitlist_rank", "GET", "/v1/sites/{site_id}/waitlist_rank", _READS_THE_BOOK),
    _scheduler("read_waitlist_entry", "GET", "/v1/waitlist_entries/{entry_id}", _READS_THE_BOOK),
    _scheduler("put_waitlist_entry", "PUT", "/v1/waitlist_entries/{entry_id}", _BOOKS),
    _scheduler("place_waitlist_entry", "POST", "/v1/waitlist_entries/{entry_id}:place", _BOOKS),
    _scheduler("remove_waitlist_entry", "POST", "/v1/waitlist_entries/{entry_id}:remove", _BOOKS),
    _scheduler("preview_closure", "POST", "/v1/sites/{site_id}/closures:preview", _DESK),
    _scheduler("create_closure", "POST", "/v1/sites/{site_id}/closures", _DESK),
    _scheduler("list_closures", "GET", "/v1/sites/{site_id}/closures", _READS_THE_BOOK),
    _scheduler("read_closure", "GET", "/v1/closures/{closure_id}", _READS_THE_BOOK),
    _scheduler("list_closed_sessions", "GET", "/v1/closures/{closure_id}/sessions", _READS_THE_BOOK),
    _scheduler("repair_closure", "POST", "/v1/closures/{closure_id}:repair", _DESK),
    _scheduler("reopen_closure", "POST", "/v1/closures/{closure_id}:reopen", _DESK),
    _scheduler("list_notices", "GET", "/v1/sites/{site_id}/notices", _DESK),
    _scheduler("read_notice", "GET", "/v1/notices/{notice_id}", _BOOKS),
    _scheduler("retry_notice", "POST", "/v1/notices/{notice_id}:retry", _DESK),
    _scheduler("cancel_notice", "POST", "/v1/notices/{notice_id}:cancel", _DESK),
    # The provider's signature is what it is asked for, instead of a token.
    Route(
        "create_notice_receipt",
        Microservice.SCHEDULER,
        "POST",
        "/v1/organizations/{organization_id}/notice_receipts",
        _NOBODY,
        public=True,
    ),
    _scheduler("read_notice_preference", "GET", "/v1/patients/{patient_id}/notice_preference", _BOOKS),
    _scheduler("put_notice_preference", "PUT", "/v1/patients/{patient_id}/notice_preference", _BOOKS),
    _scheduler("read_notice_provider", "GET", "/v1/notice_provider", _SETS_UP),
    _scheduler("put_notice_provider", "PUT", "/v1/notice_provider", _SETS_UP),
    _scheduler("create_cohort", "POST", "/v1/sites/{site_id}/cohorts", _DESK),
    _scheduler("list_cohorts", "GET", "/v1/sites/{site_id}/cohorts", _READS_THE_BOOK),
    _scheduler("list_cohort_members", "GET", "/v1/cohorts/{cohort_id}/members", _READS_THE_BOOK),
    _scheduler("admit_to_cohort", "POST", "/v1/cohorts/{cohort_id}:admit", _DESK),
    _scheduler("dismiss_from_cohort", "POST", "/v1/cohorts/{cohort_id}:dismiss", _DESK),
    _scheduler("put_practitioner_account", "PUT", "/v1/practitioners/{practitioner_id}/account", _SETS_UP),
    _scheduler("read_own_week", "GET", "/v1/me/week", _CLINICAL),
    _scheduler("read_own_notice_preference", "GET", "/v1/me/notice_preference", _CLINICAL),
    _scheduler("put_own_notice_preference", "PUT", "/v1/me/notice_preference", _CLINICAL),
    _scheduler("list_patient_notices", "GET", "/v1/patients/{patient_id}/notices", _BOOKS),
    _scheduler("create_offer_batch", "POST", "/v1/appointments/{appointment_id}/offer_batches", _BOOKS),
    _scheduler("list_offer_batches", "GET", "/v1/sites/{site_id}/offer_batches", _READS_THE_BOOK),
    _scheduler("read_offer_batch", "GET", "/v1/offer_batches/{batch_id}", _READS_THE_BOOK),
    _scheduler("withdraw_offer_batch", "POST", "/v1/offer_batches/{batch_id}:withdraw", _BOOKS),
    _scheduler("accept_offer", "POST", "/v1/offers/{offer_id}:accept", _BOOKS),
    _scheduler("decline_offer", "POST", "/v1/offers/{offer_id}:decline", _BOOKS),
    _scheduler("issue_offer_link", "POST", "/v1/offers/{offer_id}:issue_link", _BOOKS),
    _scheduler("read_offer_rule", "GET", "/v1/sites/{site_id}/offer_rule", _READS_THE_BOOK),
    _scheduler("put_offer_rule", "PUT", "/v1/sites/{site_id}/offer_rule", _DESK),
    _scheduler("read_census", "GET", "/v1/sites/{site_id}/census", _READS_THE_BOOK),
    _scheduler("read_horizon", "GET", "/v1/sites/{site_id}/horizon", _READS_THE_BOOK),
    _scheduler("draw_horizon", "GET", "/v1/sites/{site_id}/horizon/picture", _READS_THE_BOOK),
    _scheduler("read_kpis", "GET", "/v1/sites/{site_id}/kpis", _READS_THE_SETUP),
    _scheduler("read_weekly_kpis", "GET", "/v1/sites/{site_id}/weekly_kpis", _READS_THE_SETUP),
    _scheduler("list_rule_packs", "GET", "/v1/rule_packs", _READS_THE_SETUP),
    _scheduler("read_rule_settings", "GET", "/v1/sites/{site_id}/rule_settings", _READS_THE_SETUP),
    _scheduler("put_rule_settings", "PUT", "/v1/sites/{site_id}/rule_settings", _SETS_UP),
    _scheduler("read_effective_rules", "GET", "/v1/sites/{site_id}/effective_rules", _READS_THE_SETUP),
    _scheduler("list_rule_findings", "GET", "/v1/sites/{site_id}/timetables/{week}/rule_findings", _READS_THE_BOOK),
    _scheduler("read_fairness", "GET", "/v1/sites/{site_id}/fairness", _READS_THE_BOOK),
    # Whoever holds the secret may ask: a person on the waitlist has no account.
    _asked_by_anybody("look_at_offered_time", "POST", "/v1/offered_times:look", 60, service=Microservice.SCHEDULER),
    _asked_by_anybody("answer_offered_time", "POST", "/v1/offered_times:answer", 60, service=Microservice.SCHEDULER),
)

BY_OPERATION: Final = MappingProxyType({route.operation_id: route for route in ROUTES})
