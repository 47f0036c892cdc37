"""Routes of referrals, episodes of care and placement, and who may call them."""

from typing import Final

from services.contracts.identity import Microservice, Role
from services.policy.route import Route

_CLINICAL: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PRESCRIBER, Role.NURSE, Role.PROGRAMME_DIRECTOR})
_DESK: Final = frozenset({Role.FRONT_DESK, Role.PROGRAMME_DIRECTOR})
_READS_THE_BOOK: Final = _CLINICAL | _DESK
_PLANS: Final = frozenset({Role.COUNSELLOR, Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR})
_LEADS: Final = frozenset({Role.SUPERVISOR, Role.PROGRAMME_DIRECTOR})
_SETS_UP: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PROGRAMME_DIRECTOR})
_READS_THE_SETUP: Final = _READS_THE_BOOK | _SETS_UP


def _route(operation_id: str, method: str, path: str, roles: frozenset[Role]) -> Route:
    return Route(operation_id, Microservice.RECORDS, method, path, roles)


INTAKE_ROUTES: Final[tuple[Route, ...]] = (
    _route("create_episode", "POST", "/v1/patients/{patient_id}/episodes", _DESK | _PLANS),
    _route("list_episodes", "GET", "/v1/patients/{patient_id}/episodes", _READS_THE_BOOK),
    _route("read_episode", "GET", "/v1/episodes/{episode_id}", _READS_THE_BOOK),
    _route("change_episode_level", "POST", "/v1/episodes/{episode_id}:change_level", _PLANS),
    _route("put_taper_weeks", "PUT", "/v1/episodes/{episode_id}/taper_weeks", _PLANS),
    _route("record_first_session", "POST", "/v1/episodes/{episode_id}:record_first_session", _READS_THE_BOOK),
    _route("discharge_episode", "POST", "/v1/episodes/{episode_id}:discharge", _PLANS),
    _route("correct_discharge", "POST", "/v1/episodes/{episode_id}:correct_discharge", _PLANS),
    _route("list_discharge_corrections", "GET", "/v1/episodes/{episode_id}/discharge_corrections", _READS_THE_BOOK),
    _route("list_clocks", "GET", "/v1/clocks", _READS_THE_BOOK),
    _route("create_episode_clock", "POST", "/v1/episodes/{episode_id}/clocks", _DESK | _PLANS),
    _route("list_episode_clocks", "GET", "/v1/episodes/{episode_id}/clocks", _READS_THE_BOOK),
    _route("meet_episode_clock", "POST", "/v1/episode_clocks/{clock_id}:meet", _DESK | _PLANS),
    _route("create_referral", "POST", "/v1/referrals", _DESK | _PLANS),
    _route("list_referrals", "GET", "/v1/referrals", _READS_THE_BOOK),
    _route("read_referral", "GET", "/v1/referrals/{referral_id}", _READS_THE_BOOK),
    _route("create_referral_contact", "POST", "/v1/referrals/{referral_id}/contacts", _READS_THE_BOOK),
    _route("list_referral_contacts", "GET", "/v1/referrals/{referral_id}/contacts", _READS_THE_BOOK),
    _route("assign_referral", "POST", "/v1/referrals/{referral_id}:assign", _DESK | _LEADS),
    _route("plan_intake", "POST", "/v1/referrals/{referral_id}:plan_intake", _DESK | _PLANS),
    _route("hold_intake", "POST", "/v1/referrals/{referral_id}:hold_intake", _DESK | _PLANS),
    _route("close_referral", "POST", "/v1/referrals/{referral_id}:close", _DESK | _PLANS),
    # Whether somebody is a patient already is told only to those whose duties concern every patient.
    _route("admit_referral", "POST", "/v1/referrals/{referral_id}:admit", _DESK | _LEADS),
    _route("read_admission_waitlist", "GET", "/v1/admission_waitlist", _READS_THE_BOOK),
    _route("read_intake_kpis", "GET", "/v1/intake_kpis", _DESK | _LEADS),
    _route("create_intake_door", "POST", "/v1/intake_doors", _SETS_UP),
    _route("list_intake_doors", "GET", "/v1/intake_doors", _READS_THE_SETUP),
    _route("close_intake_door", "POST", "/v1/intake_doors/{door_id}:close", _SETS_UP),
    _route("create_placement_review", "POST", "/v1/patients/{patient_id}/placement_reviews", _CLINICAL),
    _route("list_placement_reviews", "GET", "/v1/patients/{patient_id}/placement_reviews", _CLINICAL),
    _route("list_criteria_editions", "GET", "/v1/criteria_editions", _READS_THE_BOOK),
    _route("create_site_criteria_edition", "POST", "/v1/site_criteria_editions", _SETS_UP),
    _route("list_site_criteria_editions", "GET", "/v1/site_criteria_editions", _READS_THE_SETUP),
)
