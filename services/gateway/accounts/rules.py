"""Which roles can be given in an organization, and which passwords are refused."""

import unicodedata
from typing import Final

from services.contracts.identity import Role

GRANTABLE_ROLES: Final = frozenset(Role) - {Role.PLATFORM_OPERATOR}
"""A platform operator belongs to no organization, so no organization can make one."""

NOT_STAFF: Final = frozenset({Role.PATIENT, Role.FAMILY})
"""Whom the staff itself may invite: such an account reads nothing until its holder has claimed who they are."""

_ADMINISTERS: Final = frozenset({Role.ORGANIZATION_ADMIN, Role.PLATFORM_OPERATOR})


def grantable_by(roles: frozenset[Role]) -> frozenset[Role]:
    """Return which roles somebody may give who holds these."""
    return GRANTABLE_ROLES if roles & _ADMINISTERS else NOT_STAFF


_COMMON: Final = frozenset(
    {
        "123456789012", "1234567890123", "12345678901234", "123456789abc", "1234567890ab", "0123456789ab",
        "1q2w3e4r5t6y", "1q2w3e4r5t6y7u", "1qaz2wsx3edc", "1qaz2wsx3edc4rfv", "qazwsxedcrfv", "zaq12wsxcde3",
        "qwertyuiop12", "qwertyuiop123", "qwerty123456", "qwerty1234567", "qwertyuiopas", "qwertyuiopasdf",
        "asdfghjkl123", "asdfghjklqwe", "abcdefghijkl", "abcdefghijklm", "abcd12345678", "abc123456789",
        "abc123abc123", "password1234", "password12345", "password123456", "password2024", "password2025",
        "password2026", "passwordpassword", "passw0rd1234", "p@ssw0rd1234", "p@ssword1234", "mypassword123",
        "changeme1234", "changemenow1", "letmein12345", "letmeinplease", "welcome12345", "welcome123456",
        "welcome2026!", "iloveyou1234", "iloveyouforever", "administrator", "administrator1", "adminadmin123",
        "admin1234567", "testtest1234", "test12345678", "monkey123456", "dragon123456", "football1234",
        "baseball1234", "basketball12", "superman1234", "princess1234", "sunshine1234", "trustno11234",
        "thisismypassword", "unbelievable", "summer2026!!", "winter2026!!", "spring2026!!", "autumn2026!!",
    }
)  # fmt: skip
"""The commonest of published lists that have 12 characters or more; shorter ones are refused for that."""
_LEAST_CHARACTERS: Final = 5


def is_common(password: str, email: str) -> bool:
    """Say whether a password is guessed first (NIST SP 800-63B, 5.1.1.2): common, repetitive, or the person's name."""
    plain = unicodedata.normalize("NFKC", password).casefold()
    return plain in _COMMON or len(set(plain)) < _LEAST_CHARACTERS or _is_of(plain, email)


def _is_of(plain: str, email: str) -> bool:
    name, _, host = email.partition("@")
    rest = plain
    for word in (email, name, host.partition(".")[0], "eventide"):
        rest = rest.replace(word, "") if word else rest
    # What is left when the words are taken out has to be a password of its own, if a short one.
    return rest != plain and len(rest) < _LEAST_CHARACTERS
