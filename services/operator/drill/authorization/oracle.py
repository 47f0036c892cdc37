"""What 42 CFR part 2 answers to a cell, written as tables from its text and from nothing that runs.

It imports neither policy nor contracts on purpose: a mistake made there must not be made here by the same line.
"""

from typing import Final, NamedTuple

from services.operator.drill.authorization.cells import Cell

_ALL: Final = frozenset(
    {
        "demographics", "treatment_plan", "assessments", "diagnoses", "attendance", "medication", "drug_tests",
        "progress_notes", "discharge_summary", "claims", "consents", "scheduling",
    }
)  # fmt: skip
_CARE: Final = _ALL - {"claims"}
_DESK: Final = frozenset({"demographics", "treatment_plan", "attendance", "consents", "scheduling"})

# 2.12(c)(3): within the programme, those who need the information for duties arising out of treatment.
_DUTIES: Final[dict[tuple[str, str], frozenset[str]]] = {
    ("front_desk", "operations"): _DESK,
    ("counsellor", "treatment"): _CARE,
    ("counsellor", "operations"): _DESK,
    ("supervisor", "treatment"): _CARE,
    ("supervisor", "operations"): _CARE,
    ("prescriber", "treatment"): _CARE,
    ("prescriber", "operations"): _DESK,
    ("nurse", "treatment"): _CARE,
    ("nurse", "operations"): _DESK,
    ("lab", "treatment"): frozenset({"demographics", "drug_tests"}),
    ("billing", "payment"): frozenset({"demographics", "diagnoses", "attendance", "claims", "consents"}),
    ("programme_director", "treatment"): _ALL,
    ("programme_director", "payment"): _ALL,
    ("programme_director", "operations"): _ALL,
    ("auditor", "operations"): frozenset({"consents"}),
}
_CONCERNED_WITH_EVERYBODY: Final = frozenset({"front_desk", "supervisor", "billing", "programme_director", "auditor"})
_NOTES: Final = frozenset({"counselling_notes"})
# Who sends something sees it, so it is of what the own duties need (2.12(c)(3)).
_SENT_BY: Final[dict[str, frozenset[str]]] = {
    "counsellor": _CARE,
    "supervisor": _CARE,
    "prescriber": _CARE,
    "nurse": _CARE,
    "billing": frozenset({"demographics", "diagnoses", "attendance", "claims", "consents"}),
    "programme_director": _ALL,
}
# 2.13(a), 45 CFR 164.502(b): what these two purposes need of a record. Treatment is limited by the consent alone.
_NEEDED_FOR: Final[dict[str, frozenset[str]]] = {
    "payment": _ALL - {"scheduling", "drug_tests", "progress_notes", "consents"},
    "operations": _ALL - {"medication", "drug_tests", "progress_notes"},
}
_NEAR: Final = frozenset({"care_team", "site"})
_TPO: Final = frozenset({"treatment", "payment", "operations"})
_OF_SCREENS: Final = _TPO | {"patient_access"}
_STANDS_FOR: Final = {
    # Which written consent reaches which purpose: 2.33(a), 2.31(d), 2.35.
    "treatment": frozenset({"general", "specific"}),
    "payment": frozenset({"general", "specific"}),
    "operations": frozenset({"general", "specific"}),
    "legal_proceedings": frozenset({"proceedings"}),
    "criminal_justice_monitoring": frozenset({"criminal_justice"}),
    "research": frozenset({"specific"}),
    "oversight": frozenset({"specific"}),
    "family_involvement": frozenset({"specific"}),
    "employment": frozenset({"specific"}),
    "education": frozenset({"specific"}),
}
_CONSENTED_NOTES: Final = frozenset(_STANDS_FOR) - {"legal_proceedings"}


class Screen(NamedTuple):
    """What a route shows or changes of a patient, and who is offered it: at most what 2.12(c)(3) allows, often less."""

    path: str
    information: str
    offered: frozenset[str]
    holds: tuple[str, ...] = ()
    """The parts of which something must be found in it; of any other that the duties do not need, nothing may."""
    of_site: bool = False
    """Whether it lists the patients of a site: it opens to whoever is offered it, and shows whom they may see."""
    lists: bool = True
    """Whether a list of a site must have the patient whom the caller may see; otherwise it may leave them out."""
    changes: bool = False
    """Whether it writes, for which an emergency alone is no reason: what must be seen at once is opened to be read."""
    of_oneself: bool = False
    """Whether it is the patient's own, who is asked for by no id."""


_CLINICIANS: Final = frozenset({"counsellor", "supervisor", "prescriber", "nurse", "programme_director"})
_STAFF: Final = _CLINICIANS | {"front_desk"}
_CONSENT_STAFF: Final = _STAFF | {"billing", "auditor"}
SCREENS: Final = {
    "read_patient": Screen("", "demographics", _STAFF, ("demographics",)),
    # What of it is withheld from whom is the chart's own; whoever may not know the person gets none of it.
    "read_patient_chart": Screen("/chart?zone=UTC", "demographics", _STAFF, ("demographics",)),
    # It names what the person is treated for: the desk, whose duties need the hours of a week, is not shown it.
    "list_plan_of_care_versions": Screen("/plan_of_care/versions", "diagnoses", _CLINICIANS, ("diagnoses",)),
    # Who reads the record by signing in as the patient.
    "list_patient_accounts": Screen(
        "/patient_accounts", "demographics", frozenset({"front_desk", "programme_director"})
    ),
    "list_discharge_summary_versions": Screen(
        "/discharge_summary/versions", "discharge_summary", _CLINICIANS, ("discharge_summary",)
    ),
    "read_treatment_plan": Screen("/treatment_plan", "treatment_plan", _STAFF, ("treatment_plan",)),
    "list_care_team_members": Screen("/care_team_members", "treatment_plan", _STAFF),
    "list_notes": Screen("/notes", "progress_notes", _CLINICIANS, ("progress_notes",)),
    # It lists the caller's own: whoever else treats the patient gets an empty list.
    "list_own_counselling_notes": Screen("/counselling_notes", "progress_notes", _CLINICIANS),
    "list_consents": Screen("/consents", "consents", _CONSENT_STAFF, ("consents",)),
    "list_restrictions": Screen("/restrictions", "consents", _CONSENT_STAFF),
    "list_representatives": Screen("/representatives", "consents", _CONSENT_STAFF),
    "list_patient_disclosures": Screen("/disclosures", "consents", _CONSENT_STAFF),
    "put_treatment_plan": Screen(
        "/treatment_plan",
        "treatment_plan",
        frozenset({"counsellor", "supervisor", "programme_director"}),
        changes=True,
    ),
    "list_payer_authorizations": Screen(
        "/payer_authorizations", "claims", frozenset({"billing", "programme_director"}), ("claims",)
    ),
    "list_related_persons": Screen("/related_persons", "consents", _STAFF),
    "list_relapse_prevention_plan_versions": Screen("/relapse_prevention_plan/versions", "treatment_plan", _CLINICIANS),
    "list_aftercare_plans": Screen("/aftercare_plans?zone=UTC", "treatment_plan", _CLINICIANS),
    "list_partial_stays": Screen("/partial_stays", "claims", frozenset({"billing", "programme_director"})),
    "list_drug_tests": Screen("/drug_tests", "drug_tests", _CLINICIANS | {"lab"}, ("drug_tests",)),
    "list_draw_programmes": Screen("/draw_programmes", "drug_tests", _CLINICIANS | {"lab"}),
    "list_medications": Screen("/medications", "medication", _CLINICIANS, ("medication",)),
    "list_assessments": Screen("/assessments", "assessments", _CLINICIANS, ("assessments",)),
    "list_placement_reviews": Screen("/placement_reviews", "assessments", _CLINICIANS),
    "list_episodes": Screen("/episodes", "treatment_plan", _STAFF),
    "list_encounters": Screen("/encounters", "attendance", _STAFF | {"billing"}, ("attendance",)),
    # What the scheduler keeps of who came and where somebody is to be reached is of the record as much.
    "read_week_ledger": Screen("/week_ledger?week=2026-10-05", "attendance", _STAFF),
    "read_notice_preference": Screen(
        "/notice_preference", "demographics", frozenset({"front_desk", "counsellor", "programme_director"})
    ),
    "revoke_consent": Screen("", "consents", _STAFF, changes=True),
    "list_due_assessments": Screen("/due_assessments?zone=UTC", "assessments", _CLINICIANS, of_site=True),
    "list_due_injections": Screen("/due_injections?zone=UTC", "medication", _CLINICIANS, of_site=True),
    "list_recovery_group_members": Screen(
        "/recovery_group_members?group=peer", "treatment_plan", _CLINICIANS, of_site=True
    ),
    # Nothing of the patient here is overdue in these, or does not fit.
    "list_level_findings": Screen("/level_findings?zone=UTC", "treatment_plan", _CLINICIANS, of_site=True, lists=False),
    "list_aftercare_contacts": Screen(
        "/aftercare_contacts?zone=UTC", "treatment_plan", _CLINICIANS, of_site=True, lists=False
    ),
    "list_due_discharge_summaries": Screen(
        "/due_discharge_summaries?zone=UTC", "discharge_summary", _CLINICIANS, of_site=True, lists=False
    ),
    "read_counselling_note": Screen("", "counselling_notes", _CLINICIANS, ("counselling_notes",)),
    "read_own_record": Screen(
        "/record",
        "demographics",
        frozenset({"patient"}),
        tuple(sorted(_ALL - {"claims", "consents", "scheduling"})),
        of_oneself=True,
    ),
}

_PUBLIC: Final = frozenset(
    {
        ("POST", "/v1/login_sessions"),
        ("POST", "/v1/login_sessions:refresh"),
        ("POST", "/v1/login_sessions:with_passkey"),
        ("POST", "/v1/passkey_challenges"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/.well-known/oauth-authorization-server"),
        ("GET", "/.well-known/openid-configuration"),
        ("GET", "/.well-known/oauth-protected-resource"),
        ("GET", "/.well-known/smart-configuration"),
        ("GET", "/fhir/R4/.well-known/smart-configuration"),
        ("GET", "/oauth/authorize"),
        ("POST", "/oauth/authorize"),
        ("POST", "/oauth/authorize/sign_in"),
        ("POST", "/oauth/authorize/decision"),
        ("GET", "/oauth/identity_providers/{provider_id}"),
        ("GET", "/oauth/identity_providers/{provider_id}/callback"),
        ("POST", "/oauth/par"),
        ("POST", "/oauth/device_authorization"),
        ("GET", "/oauth/device"),
        ("POST", "/oauth/device"),
        ("POST", "/oauth/register"),
        ("GET", "/oauth/register/{client_id}"),
        ("PUT", "/oauth/register/{client_id}"),
        ("DELETE", "/oauth/register/{client_id}"),
        ("POST", "/oauth/token"),
        ("POST", "/oauth/introspect"),
        ("POST", "/oauth/revoke"),
        ("POST", "/v1/password_resets"),
        ("POST", "/v1/password_resets:redeem"),
        ("POST", "/v1/invitations:open"),
        ("POST", "/v1/invitations:accept"),
        ("GET", "/v1/feeds/{token}.ics"),
        ("POST", "/v1/offered_times:look"),
        ("POST", "/v1/offered_times:answer"),
        ("POST", "/v1/organizations/{organization_id}/notice_receipts"),
        ("POST", "/v1/organizations/{organization_id}/attendance_events"),
        ("POST", "/v1/organizations/{organization_id}/site_events"),
        ("POST", "/v1/organizations/{organization_id}/emergency_events"),
        ("POST", "/v1/record_seals:exchange"),
        ("GET", "/v1/open_organizations/{organization_id}"),
        ("GET", "/v1/cost_figures"),
        ("POST", "/v1/cost_figures:compare"),
        ("GET", "/v1/placement_helper"),
        ("POST", "/v1/placement_helper:assess"),
        ("POST", "/v1/placement_inquiries"),
        ("POST", "/v1/directory_programmes:search"),
        ("POST", "/v1/directory_programmes:compare"),
        ("GET", "/v1/directory_programmes/{programme_id}"),
        ("GET", "/v1/directory_facets"),
    }
)
"""What nobody has to sign in for: it tells of no patient, or a secret of its own is asked for."""

OUTSIDERS: Final = ("patient", "family", "platform_operator")
"""Who is no staff of the programme, and is never let through by a role to anybody's record."""

_RECORDS: Final = (
    "/v1/patients", "/v1/consents", "/v1/restrictions", "/v1/disclosures", "/v1/disclosure_denials", "/v1/recipients",
    "/v1/representatives",
    "/v1/emergency_accesses", "/v1/care_team_members", "/v1/site_members", "/v1/no_contacts", "/v1/appointments",
    "/v1/attendances", "/v1/proposals", "/v1/placements", "/v1/solves", "/v1/swaps", "/v1/make_ups", "/v1/notices",
    "/v1/payer_contracts", "/v1/charge_rates", "/v1/charge_codes", "/v1/related_persons", "/v1/aftercare_contacts",
    "/v1/waitlist_entries", "/v1/runs", "/v1/rides", "/v1/offers", "/v1/offer_batches",
    "/v1/encounters", "/v1/notes", "/v1/group_notes", "/v1/supervisions", "/v1/counselling_notes",
    "/v1/episodes", "/v1/episode_clocks", "/v1/clocks", "/v1/referrals", "/v1/admission_waitlist", "/v1/intake_kpis",
    "/v1/intake_doors", "/v1/drug_tests", "/v1/draw_programmes", "/v1/medications", "/v1/assessments",
    "/v1/safety_tasks", "/v1/sites", "/v1/feeds", "/v1/solve_batches", "/v1/parked_attendances", "/v1/disruptions",
    "/v1/closures", "/v1/practitioners", "/v1/minor_consent_rules", "/v1/documentation_rules",
    "/v1/patient_accounts", "/v1/access_denials", "/v1/privacy_incidents", "/v1/breach_log", "/v1/minor_consent_states",
    "/v1/legal_requests", "/v1/public_health_report",
    "/v1/family_participations", "/v1/related_person_accounts", "/v1/programme_closings",
)  # fmt: skip


_OF_FAMILY: Final = "/v1/me/related_persons"
"""What is told there rests on the consent that names the one who asks (2.33(a), 2.31(a)(4)), and on no role alone."""


def is_public(method: str, path: str) -> bool:
    """Whether a route needs no token."""
    return (method, path) in _PUBLIC


def is_closed_to(role: str, path: str) -> bool:
    """Whether a route lies where the record is, and the role is an outsider's, or another's than whom it is for."""
    if path.startswith(_OF_FAMILY):
        return role != "family"
    return role in OUTSIDERS and path.startswith(_RECORDS)


def is_shown(screen: str, cell: Cell) -> bool:
    """Whether a screen opens: no purpose is named by it, so whichever of the three duties serves."""
    offered = SCREENS[screen]
    used = _on_screen(cell, offered)._replace(information=offered.information)
    if offered.changes:
        used = used._replace(emergency="none")
    return (
        cell.role in offered.offered
        and cell.organization == "own"
        and any(_used(used._replace(purpose=purpose)) for purpose in _OF_SCREENS)
    )


def _on_screen(cell: Cell, screen: Screen) -> Cell:
    # Whose record it is comes in by a door of their own, and is nobody at the programme's; glass is one account's.
    if screen.of_oneself:
        return cell
    relation = "none" if cell.relation == "self" else cell.relation
    return cell._replace(relation=relation, emergency=cell.emergency if cell.relation == "none" else "none")


def may_know(cell: Cell) -> bool:
    """Whether who discloses may know that there is such a patient."""
    plain = cell._replace(
        information="demographics", emergency="none", relation="none" if cell.relation == "self" else cell.relation
    )
    return cell.organization == "own" and any(_used(plain._replace(purpose=purpose)) for purpose in _TPO)


def is_permitted(cell: Cell) -> bool:
    """Whether the regulation lets this be seen, for the purpose that the cell names."""
    if cell.organization != "own":
        return False
    return _used(cell) if cell.recipient == "nobody" else _disclosed(cell)


def parts_seen(cell: Cell) -> frozenset[str]:
    """Return the parts of which something may be found on a screen that opens: what a duty of the role needs."""
    if cell.organization != "own":
        return frozenset()
    used = _on_screen(cell, SCREENS[cell.operation])
    return frozenset(
        one
        for one in _ALL | _NOTES
        if any(_used(used._replace(information=one, purpose=purpose)) for purpose in _OF_SCREENS)
    )


def parts_sent(cell: Cell) -> frozenset[str]:
    """Return the parts of which something may be found in what is disclosed: those that are asked for, and no other."""
    return _asked(cell) if is_disclosed(cell) else frozenset()


def is_disclosed(cell: Cell) -> bool:
    """Whether the regulation lets all that the cell asks for be disclosed to its recipient."""
    return cell.organization == "own" and all(_disclosed(cell._replace(information=one)) for one in _asked(cell))


def _asked(cell: Cell) -> frozenset[str]:
    # Diagnoses are told as the plan of care, which tells what is treated and how: both are asked for.
    return frozenset({cell.information, "treatment_plan"} if cell.information == "diagnoses" else {cell.information})


def _used(cell: Cell) -> bool:
    if cell.relation == "self":
        # 2.23: the patient reads the own record; what is kept apart is not of it (45 CFR 164.524(a)(1)(i)).
        return cell.purpose == "patient_access" and cell.information not in _NOTES
    if cell.information in _NOTES:
        # 2.31(b)(1)(i)(A): without a consent for it only its author uses a counselling note, and to treat.
        return cell.relation == "author" and cell.purpose == "treatment"
    if cell.information not in _DUTIES.get((cell.role, cell.purpose), frozenset()):
        return False
    if cell.role in _CONCERNED_WITH_EVERYBODY or cell.information == "scheduling":
        return True
    return cell.relation in _NEAR or cell.emergency not in {"none", "without_nature"}


def _disclosed(cell: Cell) -> bool:
    if not _may_send(cell):
        return False
    if cell.purpose == "medical_emergency":
        # 2.51: to medical personnel, with all that is written down, in an emergency that is a medical one: a colleague
        # who is away makes none. 2.31(b) keeps the notes out.
        is_told = cell.emergency == "told"
        return is_told and cell.recipient == "treating_provider" and cell.information != "counselling_notes"
    if cell.purpose == "patient_access":
        # 2.23: to the patient of whom the record is; another patient is a stranger to it.
        return cell.recipient == "patient" and cell.information != "counselling_notes"
    if cell.purpose == "legal_proceedings" and cell.order == "with_subpoena":
        # 2.61, 2.64: an order and a subpoena; no cell's order makes the findings of 2.63.
        return cell.information != "counselling_notes" or _consented(cell)
    return _consented(cell)


def _may_send(cell: Cell) -> bool:
    if cell.information in _NOTES:
        # Kept apart, they go through the hands of who wrote them, or of who answers for the programme: 2.31(b).
        sends = cell.role == "programme_director" or (cell.relation == "author" and cell.role in _CLINICIANS)
    else:
        sends = cell.information in _SENT_BY.get(cell.role, frozenset())
    sends = sends and (cell.role != "billing" or cell.purpose == "payment")
    treats = cell.role in _CONCERNED_WITH_EVERYBODY or cell.relation in _NEAR
    return sends and (treats or cell.purpose == "medical_emergency")


def _consented(cell: Cell) -> bool:
    if cell.condition != "holds" or cell.purpose not in _STANDS_FOR:
        return False
    if cell.information == "counselling_notes":
        right_form = cell.form == "counselling_notes" and cell.purpose in _CONSENTED_NOTES
    else:
        right_form = cell.form in _STANDS_FOR[cell.purpose]
    is_needed = cell.information in _NEEDED_FOR.get(cell.purpose, {cell.information})
    # 2.26: what the programme agreed to restrict stays restricted, whatever was consented to.
    is_restricted = cell.restriction == "granted"
    is_monitor = cell.recipient in {"criminal_justice", "court"} or cell.purpose != "criminal_justice_monitoring"
    return right_form and is_needed and not is_restricted and is_monitor
