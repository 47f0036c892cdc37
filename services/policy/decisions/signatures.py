"""Whose signature makes a consent valid (42 CFR 2.14, 2.15)."""

from services.contracts.disclosure import Signer
from services.policy.decisions.answer import Rule
from services.policy.decisions.question import Consent, Signature, Standing


def signature_flaw(consent: Consent, standing: Standing) -> Rule | None:
    """Say what is wrong with the signatures of a consent, or None."""
    signers = {signature.signer for signature in consent.signatures if _counts(signature)}
    match standing:
        case Standing.ADULT | Standing.MINOR_ALONE:
            # A minor who may consent alone signs alone: no parent can do it instead (42 CFR 2.14(b)).
            return None if Signer.PATIENT in signers else Rule.PATIENT_HAS_NOT_SIGNED
        case Standing.MINOR_WITH_PARENT:
            if Signer.PATIENT not in signers:
                return Rule.PATIENT_HAS_NOT_SIGNED
            return None if Signer.PARENT_OR_GUARDIAN in signers else Rule.PARENT_HAS_NOT_SIGNED
        case Standing.LACKS_CAPACITY:
            return None if Signer.PERSONAL_REPRESENTATIVE in signers else Rule.REPRESENTATIVE_WITHOUT_AUTHORITY


def _counts(signature: Signature) -> bool:
    if signature.signer is Signer.PATIENT:
        return True
    begun = signature.authority_from is not None and signature.authority_from <= signature.signed_at
    return begun and (signature.authority_until is None or signature.signed_at < signature.authority_until)
