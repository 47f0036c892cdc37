"""What people are written to in."""

from enum import StrEnum


class LetterLanguage(StrEnum):
    """The languages that letters are written in (BCP 47)."""

    ENGLISH = "en"
    SPANISH = "es"
