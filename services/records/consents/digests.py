"""The digest of a consent: what a patient revokes is exactly this."""

import hashlib

import orjson

from services.contracts.records.consents import Consent


def digest_of(consent: Consent) -> str:
    """Return the SHA-256 of what a version of a consent says, and which it is, in hexadecimal."""
    said = consent.model_dump(mode="json", include={"id", "version", "patient_id", "terms"})
    # What is a set has no order of its own; signatures are a list, and have theirs.
    sets = {name for name, value in consent.terms if isinstance(value, frozenset)}
    said["terms"] = {name: sorted(value) if name in sets else value for name, value in said["terms"].items()}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
