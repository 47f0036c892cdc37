"""By what the same person is found again: name and birth date, as they are compared."""

import unicodedata
from datetime import date

from services.chassis.sealing import SealingKey


def likeness(given_name: str, family_name: str, birth_date: date) -> str:
    """Return what is the same for two entries of one person: letters' case, accents' form and spaces do not count."""
    names = (" ".join(unicodedata.normalize("NFKC", name).casefold().split()) for name in (given_name, family_name))
    return "|".join((*names, birth_date.isoformat()))


def digest(key: SealingKey, likeness: str) -> bytes:
    """Return the keyed digest by which a person is looked for, so that no name stands in an index."""
    return key.fingerprint(likeness.encode(), "patients.likeness")
