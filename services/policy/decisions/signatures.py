"""Whose signature makes a consent valid (42 CFR 2.14, 2.15)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from services.contracts.disclosure import Signer
from services.policy.decisions.answer import Rule
from services.policy.decisions.question import Consent, Signature, Standing

_BY_PATIENT: Final = ((Signer.PATIENT, Rule.PATIENT_HAS_NOT_SIGNED),)
_NEEDED: Final[Mapping[Standing, tuple[tuple[Signer, Rule], ...]]] = MappingProxyType(
    {
        Standing.ADULT: _BY_PATIENT,
        # A minor who may consent alone signs alone: no parent can do it instead (42 CFR 2.14(a)).
        Standing.MINOR_ALONE: _BY_PATIENT,
        Standing.MINOR_WITH_PARENT: (*_BY_PATIENT, (Signer.PARENT_OR_GUARDIAN, Rule.PARENT_HAS_NOT_SIGNED)),
        Standing.LACKS_CAPACITY: ((Signer.PERSONAL_REPRESENTATIVE, Rule.REPRESENTATIVE_WITHOUT_AUTHORITY),),
    }
)


def signers_of(standing: Standing) -> tuple[Signer, ...]:
    """Return who must sign, all of them; nobody where no signature makes a consent valid yet."""
    return tuple(signer for signer, _ in _NEEDED.get(standing, ()))


def signature_flaw(consent: Consent, standing: Standing) -> Rule | None:
    """Say what is wrong with the signatures of a consent, or None."""
    if standing not in _NEEDED:
        # To ask a parent for a signature is to tell them: which signatures it takes must be known before.
        return Rule.STATE_RULE_MISSING
    signers = {signature.signer for signature in consent.signatures if _counts(signature)}
    return next((rule for signer, rule in _NEEDED[standing] if signer not in signers), None)


def _counts(signature: Signature) -> bool:
    if signature.signer is Signer.PATIENT:
        return True
    begun = signature.authority_from is not None and signature.authority_from <= signature.signed_at
    return begun and (signature.authority_until is None or signature.signed_at < signature.authority_until)
