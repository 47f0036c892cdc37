"""What comes of a decision: permitted on a basis and under duties, or denied by a rule that says what is missing."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.contracts.disclosure import Information, Redisclosure


class Basis(StrEnum):
    """On what a permission rests."""

    USE = "use"
    """Within the programme, by somebody who needs it (42 CFR 2.12(c)(3))."""
    BREAK_GLASS = "break_glass"
    PATIENT_ACCESS = "patient_access"
    CONSENT = "consent"
    EMERGENCY = "emergency"
    COURT_ORDER = "court_order"
    RESEARCH = "research"
    OVERSIGHT = "oversight"
    PUBLIC_HEALTH = "public_health"


@dataclass(frozen=True, slots=True)
class Scope:
    """The least that serves the purpose (42 CFR 2.13(a)): one part of the record, and of which days."""

    information: Information
    records_from: date | None = None
    records_until: date | None = None


@dataclass(frozen=True, slots=True)
class ConsentUsed:
    """The version of the consent that was relied upon."""

    id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Obligations:
    """What must be done with a permission; whoever acts on it without is not permitted."""

    scope: Scope
    notice: str | None = None
    """The version of the text of 42 CFR 2.32 that goes along; None only within the programme and to the patient."""
    consent: ConsentUsed | None = None
    """A copy of it, or an explanation of its scope, goes along (42 CFR 2.32(b))."""
    redisclosure: Redisclosure | None = None
    accounted: bool = False
    """It is entered in the accounting of disclosures in the same transaction (42 CFR 2.25)."""
    reviewed: bool = False
    """Somebody looks at it afterwards."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Why not, and what would have to be there."""

    rule: "Rule"

    @property
    def clause(self) -> str:
        """The clause that denies."""
        return _TEXTS[self.rule][0]

    @property
    def remedy(self) -> str:
        """How the missing precondition can be satisfied (45 CFR 171.202(b): documented and the same for all)."""
        return _TEXTS[self.rule][1]


@dataclass(frozen=True, slots=True)
class Permission:
    """Permitted, on a basis and under duties."""

    basis: Basis
    obligations: Obligations


Decision = Permission | Denial


class Rule(StrEnum):
    """Why something is denied."""

    OTHER_ORGANIZATION = "other-organization"
    RECORD_SEALED = "record-sealed"
    ROLE_WITHOUT_NEED = "role-without-need"
    NO_RELATION = "no-relation"
    NOTES_ARE_THE_AUTHORS = "notes-are-the-authors"
    NAMES_OTHERS = "names-others"
    MAY_NOT_DISCLOSE = "may-not-disclose"
    NO_CONSENT = "no-consent"
    CONSENT_OF_ANOTHER_KIND = "consent-of-another-kind"
    CONSENT_DOES_NOT_NAME_RECIPIENT = "consent-does-not-name-recipient"
    CONSENT_FOR_ANOTHER_PURPOSE = "consent-for-another-purpose"
    CONSENT_WITHOUT_INFORMATION = "consent-without-information"
    CONSENT_OF_OTHER_DAYS = "consent-of-other-days"
    NOT_NEEDED_FOR_PURPOSE = "not-needed-for-purpose"
    CONSENT_NOT_YET_SIGNED = "consent-not-yet-signed"
    CONSENT_EXPIRED = "consent-expired"
    CONSENT_REVOKED = "consent-revoked"
    CONSENT_DEFICIENT = "consent-deficient"
    CONSENT_FALSE = "consent-false"
    PATIENT_HAS_NOT_SIGNED = "patient-has-not-signed"
    PARENT_HAS_NOT_SIGNED = "parent-has-not-signed"
    STATE_RULE_MISSING = "state-rule-missing"
    REPRESENTATIVE_WITHOUT_AUTHORITY = "representative-without-authority"
    RESTRICTED = "restricted"
    EMERGENCY_UNTOLD = "emergency-untold"
    EMERGENCY_NOT_MEDICAL = "emergency-not-medical"
    EMERGENCY_NOT_TO_MEDICAL_STAFF = "emergency-not-to-medical-staff"
    RECIPIENT_IS_NOT_THE_PATIENT = "recipient-is-not-the-patient"
    ORDER_NEEDED = "order-needed"
    ORDER_WITHOUT_SUBPOENA = "order-without-subpoena"
    ORDER_DOES_NOT_REACH = "order-does-not-reach"
    INVESTIGATION_GOES_TO_A_PERSON = "investigation-goes-to-a-person"
    APPROVAL_NEEDED = "approval-needed"
    NOT_DE_IDENTIFIED = "not-de-identified"


_TEXTS: dict[Rule, tuple[str, str]] = {
    Rule.OTHER_ORGANIZATION: ("42 CFR 2.13(c)", "act in the organization that treats the patient"),
    Rule.RECORD_SEALED: (
        "42 CFR 2.19(b)",
        "turn to the responsible_person whom list_programme_closings names: no request opens a record that is sealed",
    ),
    Rule.ROLE_WITHOUT_NEED: ("42 CFR 2.12(c)(3)", "ask a colleague whose duties need it"),
    Rule.NO_RELATION: ("42 CFR 2.13(a)", "be entered in the care team or at the site, or open an emergency access"),
    Rule.NOTES_ARE_THE_AUTHORS: ("42 CFR 2.31(b)(1)", "obtain a consent for SUD counselling notes alone"),
    Rule.NAMES_OTHERS: ("42 CFR 2.13(a)", "use the patient's own note, which names nobody else"),
    Rule.MAY_NOT_DISCLOSE: ("42 CFR 2.13(a)", "ask a clinician of the care team or the programme director"),
    Rule.NO_CONSENT: ("42 CFR 2.33(a)", "obtain the patient's written consent"),
    Rule.CONSENT_OF_ANOTHER_KIND: ("42 CFR 2.31(b), (d)", "obtain a separate consent that stands alone"),
    Rule.CONSENT_DOES_NOT_NAME_RECIPIENT: ("42 CFR 2.31(a)(4)", "obtain a consent that names this recipient"),
    Rule.CONSENT_FOR_ANOTHER_PURPOSE: ("42 CFR 2.31(a)(5)", "obtain a consent for this purpose"),
    Rule.CONSENT_WITHOUT_INFORMATION: ("42 CFR 2.31(a)(3)", "obtain a consent that describes this information"),
    Rule.CONSENT_OF_OTHER_DAYS: ("42 CFR 2.13(a)", "ask for the days that the consent covers"),
    Rule.NOT_NEEDED_FOR_PURPOSE: (
        "42 CFR 2.13(a)",
        "leave this part out: for payment and operations no more of a record is disclosed than these need",
    ),
    Rule.CONSENT_NOT_YET_SIGNED: ("42 CFR 2.31(a)(9)", "wait for the date of the signature"),
    Rule.CONSENT_EXPIRED: ("42 CFR 2.31(c)(1)", "obtain a new consent"),
    Rule.CONSENT_REVOKED: ("42 CFR 2.31(c)(3)", "obtain a new consent"),
    Rule.CONSENT_DEFICIENT: ("42 CFR 2.31(c)(2)", "complete the consent's elements and have it signed"),
    Rule.CONSENT_FALSE: ("42 CFR 2.31(c)(4)", "obtain a new consent"),
    Rule.PATIENT_HAS_NOT_SIGNED: ("42 CFR 2.14(a), 2.31(a)(8)", "obtain the patient's own signature"),
    Rule.PARENT_HAS_NOT_SIGNED: ("42 CFR 2.14(b)(1)", "obtain the signature of the minor and of parent or guardian"),
    Rule.STATE_RULE_MISSING: ("42 CFR 2.14", "enter what the site's state says of minors, by a minor_consent_rule"),
    Rule.REPRESENTATIVE_WITHOUT_AUTHORITY: ("42 CFR 2.15(a)", "enter the evidence of the representative's authority"),
    Rule.RESTRICTED: ("42 CFR 2.26(a)", "ask the patient to end the restriction"),
    Rule.EMERGENCY_UNTOLD: ("42 CFR 2.51(c)", "name recipient, facility, discloser, date, time and nature"),
    Rule.EMERGENCY_NOT_MEDICAL: ("42 CFR 2.51(a)", "name a medical emergency as its nature, or obtain consent"),
    Rule.EMERGENCY_NOT_TO_MEDICAL_STAFF: ("42 CFR 2.51(a)", "disclose to medical personnel, or obtain consent"),
    Rule.RECIPIENT_IS_NOT_THE_PATIENT: (
        "42 CFR 2.23(a)",
        "name the recipient that was entered with this patient_id, or obtain consent",
    ),
    Rule.ORDER_NEEDED: ("42 CFR 2.12(d), 2.61", "obtain a consent for proceedings alone, or an order and a subpoena"),
    Rule.ORDER_WITHOUT_SUBPOENA: ("42 CFR 2.61(b)", "obtain the subpoena that goes with the order"),
    Rule.ORDER_DOES_NOT_REACH: ("42 CFR 2.63, 2.64(e)", "disclose what the order names, while it is in force"),
    Rule.INVESTIGATION_GOES_TO_A_PERSON: ("42 CFR 2.66, 2.67", "hand the request to the programme director"),
    Rule.APPROVAL_NEEDED: ("42 CFR 2.52, 2.53", "enter the written approval or agreement, or obtain consent"),
    Rule.NOT_DE_IDENTIFIED: ("42 CFR 2.54", "de-identify the record as 45 CFR 164.514(b) says"),
}
