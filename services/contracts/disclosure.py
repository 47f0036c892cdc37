"""Words of consent and disclosure (42 CFR part 2), shared by the decision, the record and the API."""

from enum import StrEnum


class Purpose(StrEnum):
    """Why a part of the record is used or disclosed; the first three are what one general consent can cover."""

    TREATMENT = "treatment"
    PAYMENT = "payment"
    OPERATIONS = "operations"
    MEDICAL_EMERGENCY = "medical_emergency"
    PATIENT_ACCESS = "patient_access"
    LEGAL_PROCEEDINGS = "legal_proceedings"
    CRIMINAL_JUSTICE_MONITORING = "criminal_justice_monitoring"
    INVESTIGATION = "investigation"
    RESEARCH = "research"
    OVERSIGHT = "oversight"
    PUBLIC_HEALTH = "public_health"
    FAMILY_INVOLVEMENT = "family_involvement"
    EMPLOYMENT = "employment"
    EDUCATION = "education"


TREATMENT_PAYMENT_OPERATIONS = frozenset({Purpose.TREATMENT, Purpose.PAYMENT, Purpose.OPERATIONS})
"""Treatment, payment and health care operations (45 CFR 164.501)."""

WITHOUT_CONSENT = frozenset(
    {Purpose.MEDICAL_EMERGENCY, Purpose.PATIENT_ACCESS, Purpose.INVESTIGATION, Purpose.PUBLIC_HEALTH}
)
"""Purposes for which nothing is ever disclosed on a consent (42 CFR 2.23, 2.51, 2.54, 2.66)."""


class Information(StrEnum):
    """The parts of a record; a consent, a restriction and a disclosure name them one by one."""

    DEMOGRAPHICS = "demographics"
    SCHEDULING = "scheduling"
    TREATMENT_PLAN = "treatment_plan"
    ATTENDANCE = "attendance"
    ASSESSMENTS = "assessments"
    DIAGNOSES = "diagnoses"
    MEDICATION = "medication"
    DRUG_TESTS = "drug_tests"
    PROGRESS_NOTES = "progress_notes"
    DISCHARGE_SUMMARY = "discharge_summary"
    CLAIMS = "claims"
    CONSENTS = "consents"
    """Consents, restrictions and the accounting of disclosures."""
    COUNSELLING_NOTES = "counselling_notes"
    """SUD counselling notes (42 CFR 2.11): kept apart, and covered by no general consent."""


TOLD_AS_IT_STANDS = frozenset(
    {Information.DEMOGRAPHICS, Information.SCHEDULING, Information.TREATMENT_PLAN, Information.DIAGNOSES}
)
"""Parts that are told as they stand now, and not day by day."""


class RecipientKind(StrEnum):
    """What an outside recipient is to the patient."""

    TREATING_PROVIDER = "treating_provider"
    HEALTH_PLAN = "health_plan"
    BUSINESS_ASSOCIATE = "business_associate"
    INTERMEDIARY = "intermediary"
    """Passes records on, such as a health information exchange that is no covered entity (42 CFR 2.11)."""
    FAMILY_OR_FRIEND = "family_or_friend"
    MULTI_FAMILY_GROUP = "multi_family_group"
    """The other families of a group, who learn who attends it and have promised to keep it: a class, named as one."""
    EMPLOYER = "employer"
    SCHOOL = "school"
    COURT = "court"
    CRIMINAL_JUSTICE = "criminal_justice"
    """Has a need to monitor the patient, such as a probation officer (42 CFR 2.35)."""
    LAW_ENFORCEMENT = "law_enforcement"
    RESEARCHER = "researcher"
    OVERSIGHT_AGENCY = "oversight_agency"
    PUBLIC_HEALTH_AUTHORITY = "public_health_authority"
    PATIENT = "patient"


class ConsentKind(StrEnum):
    """What sort of consent it is; the last three stand alone."""

    GENERAL = "general"
    """One consent for all future treatment, payment and operations (42 CFR 2.33(a)(1), 2024)."""
    SPECIFIC = "specific"
    CRIMINAL_JUSTICE = "criminal_justice"
    COUNSELLING_NOTES = "counselling_notes"
    PROCEEDINGS = "proceedings"


class ConsentElement(StrEnum):
    """What a written consent must contain (42 CFR 2.31(a)), beside the patient it is kept under."""

    DISCLOSING_PARTY = "disclosing_party"
    INFORMATION = "information"
    RECIPIENTS = "recipients"
    INTERMEDIARY_PARTICIPANTS = "intermediary_participants"
    PURPOSES = "purposes"
    RIGHT_TO_REVOKE = "right_to_revoke"
    EXPIRY = "expiry"
    SIGNATURE = "signature"
    SIGNATURE_DATE = "signature_date"
    REDISCLOSURE_STATEMENT = "redisclosure_statement"
    CONSEQUENCES_OF_REFUSING = "consequences_of_refusing"


class Signer(StrEnum):
    """Who signed a consent."""

    PATIENT = "patient"
    PARENT_OR_GUARDIAN = "parent_or_guardian"
    PERSONAL_REPRESENTATIVE = "personal_representative"


class Redisclosure(StrEnum):
    """What a recipient may do with what it received."""

    HIPAA_RULES = "hipaa_rules"
    """As 45 CFR part 164 allows, except in proceedings against the patient (42 CFR 2.33(b)(1))."""
    NOT_WITHOUT_NEW_CONSENT = "not_without_new_consent"
