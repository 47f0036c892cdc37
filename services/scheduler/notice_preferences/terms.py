"""What a patient has agreed to, as others may know it."""

from dataclasses import dataclass

from services.contracts.scheduler.notices import NoticeLanguage


@dataclass(frozen=True, slots=True)
class NoticeTerms:
    """What a patient has agreed to, without the address."""

    opted_in: bool
    language: NoticeLanguage
    reminder_hours: int | None
