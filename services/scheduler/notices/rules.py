"""What is true of messages: which sentence tells a fact, and how it is written. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from services.contracts.scheduler.notices import NoticeKind, NoticeLanguage
from services.contracts.vocabulary import Modality
from services.scheduler.notices.facts import NoticeFacts, Told
from services.scheduler.notices.words import WORDS, Words

_NOON: Final = 12
_SENTENCES: Final[Mapping[NoticeKind, str]] = MappingProxyType(
    {
        NoticeKind.SESSION_ADDED: "added",
        NoticeKind.MAKE_UP: "make_up",
        NoticeKind.SESSION_CANCELLED: "cancelled",
        NoticeKind.REMINDER: "reminder",
        NoticeKind.OFFER: "offer",
        NoticeKind.SEAT_FILLED: "filled",
        NoticeKind.WEEK_PUBLISHED: "week",
        NoticeKind.RIDE_CHANGED: "ride_changed",
        NoticeKind.RIDE_CANCELLED: "ride_cancelled",
        NoticeKind.OWN_SCHEDULE_SET: "own_schedule",
        NoticeKind.OWN_SCHEDULE_CHANGED: "own_schedule_changed",
    }
)
_SAYS_HOW: Final = frozenset({NoticeKind.SESSION_ADDED, NoticeKind.MAKE_UP, NoticeKind.REMINDER})


def render(told: Told, language: NoticeLanguage, zone: ZoneInfo) -> str:
    """Write the message: plain text, days and times in wall time of the site."""
    words = WORDS[language]
    facts = told.facts
    values = {
        f"{name}{part}": text
        for name, instant in _instants(facts)
        for part, text in _written(words, instant.astimezone(zone)).items()
    }
    # "p. m." at the end of a sentence is its full stop too.
    return words.sentences[sentence_of(told)].format(**values).replace("..", ".")


def _instants(facts: NoticeFacts) -> Iterator[tuple[str, datetime]]:
    if facts.before is not None:
        yield "before", facts.before.start
    if facts.after is not None:
        yield "after", facts.after.start
        yield "end", facts.after.end
    if facts.reply_by is not None:
        yield "reply_by", facts.reply_by


def sentence_of(told: Told) -> str:
    """Name the sentence that tells it."""
    facts = told.facts
    if told.kind is NoticeKind.SESSION_CHANGED:
        return _change(facts)
    if told.kind is NoticeKind.CLOSURE:
        return "closed" if facts.after is None else "closed_video"
    name = _SENTENCES[told.kind]
    is_video = facts.after is not None and facts.after.modality is Modality.TELEHEALTH
    return f"{name}_video" if is_video and told.kind in _SAYS_HOW else name


def _change(facts: NoticeFacts) -> str:
    if facts.before is None or facts.after is None:
        raise ValueError("a change has two sides")
    how = "video" if facts.after.modality is Modality.TELEHEALTH else "in_person"
    is_same_way = facts.before.modality is facts.after.modality
    if facts.before.start != facts.after.start:
        return "moved" if is_same_way else f"moved_{how}"
    if not is_same_way:
        return f"to_{how}"
    if facts.before.end != facts.after.end:
        return "ends"
    # What changes more comes first; the rest is seen on the spot, and two messages at once are read by nobody.
    return "with_another" if facts.before.is_with_another(facts.after) else "elsewhere"


def _written(words: Words, local: datetime) -> dict[str, str]:
    hour = local.hour % _NOON or _NOON
    half = words.before_noon if local.hour < _NOON else words.after_noon
    at = words.at_one if hour == 1 else words.at
    time = at.format(time=f"{hour}:{local.minute:02} {half}")
    day = words.day.format(weekday=words.days[local.weekday()], month=words.months[local.month - 1], number=local.day)
    return {"": f"{day} {time}", "_day": day, "_time": time}
