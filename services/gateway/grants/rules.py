"""How long things live, and who may redeem what."""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Final

from services.contracts.identifiers import AccountId, PatientId
from services.contracts.identity import Role
from services.gateway.accounts.rules import NOT_STAFF
from services.gateway.grants.granted import Code, Grant

CODE_LIFETIME: Final = timedelta(seconds=60)
ONLINE_LIFETIME: Final = timedelta(hours=12)
"""The longest that access lasts which ends with the session anyway."""
OFFLINE_LIFETIME: Final = timedelta(days=90)
"""The longest that a family of refresh tokens lives, however often it is renewed."""
GRACE: Final = timedelta(seconds=30)
"""How long the token just rotated still gets its successor again: the answer may have been lost on the way."""
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")


def scheme_of(proof_key: str | None) -> str:
    """Return the scheme that an access token is sent with (RFC 6750, RFC 9449, 7.1)."""
    return "Bearer" if proof_key is None else "DPoP"


def fhir_user(
    fhir_base: str, account_id: AccountId, roles: frozenset[Role], patient_id: PatientId | None
) -> str | None:
    """Return the resource that a person is (SMART App Launch 2.2, fhirUser), or None where nobody may know which.

    Staff is a practitioner. The patient whom a patient has put in context is themselves: they can see no other. Who is
    close to a patient reads by consents, and is told no id of the record.
    """
    if not roles <= NOT_STAFF:
        return f"{fhir_base}/Practitioner/{account_id}"
    return None if patient_id is None or Role.PATIENT not in roles else f"{fhir_base}/Patient/{patient_id}"


def is_proof(verifier: str, challenge: str) -> bool:
    """Say whether a verifier is the one that a challenge was made of (RFC 7636, 4.6, S256)."""
    if _VERIFIER.fullmatch(verifier) is None:
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(made, challenge.encode())


def is_redeemable(code: Code, now: datetime, *, redirect_uri: str, verifier: str, proof_key: str | None) -> bool:
    """Say whether a code comes in time, for the redirect it went to, and from who has asked for it."""
    is_asked_so = redirect_uri == code.redirect_uri and code.proof_key in {None, proof_key}
    return now < code.expires_at and is_asked_so and is_proof(verifier, code.code_challenge)


def is_challenge(text: str) -> bool:
    """Say whether a text can be the SHA-256 of a verifier in base64url."""
    if re.fullmatch(r"[A-Za-z0-9_-]{43}", text) is None:
        return False
    try:
        return base64.urlsafe_b64encode(base64.urlsafe_b64decode(text + "=")).rstrip(b"=") == text.encode()
    except binascii.Error:
        return False


def is_lost_answer(grant: Grant, presented: int, now: datetime) -> bool:
    """Say whether a token that was rotated already comes again because its answer may have been lost.

    By the count of generations and never by time alone: only the very last one rotated, and only for a short while.
    """
    return grant.generation == presented + 1 and grant.rotated_at is not None and now < grant.rotated_at + GRACE
