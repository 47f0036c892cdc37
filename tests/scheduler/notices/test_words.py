"""No word of a message names the treatment, the programme, the kind of clinic or the reason, in any language."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import MappingProxyType
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.identifiers import PractitionerId, RoomId, SiteId
from services.contracts.scheduler.notices import NoticeKind, NoticeLanguage
from services.contracts.vocabulary import Modality
from services.scheduler.notices.facts import NoticeFacts, Sitting, Told, check
from services.scheduler.notices.rules import render, sentence_of
from services.scheduler.notices.words import WORDS, Words
from tests.scheduler.notices.conftest import NEW_YORK, local, sitting
from tests.scheduler.notices.forbidden import forbidden_in
from tests.scheduler.notices.sms import sms_parts

MOST_PARTS = 2
LANGUAGES = list(NoticeLanguage)
SITE = SiteId(UUID(int=1))


def told_things(start: datetime) -> Iterator[Told]:
    """Everything that can be told of a sitting that begins then, or is moved from or to then."""
    other = start - timedelta(days=70, minutes=75)
    sides = [
        None,
        *(
            Sitting(at, at + span, modality)
            for at, span, modality in product((start, other), (timedelta(hours=1), timedelta(hours=2)), Modality)
        ),
        *(
            Sitting(start, start + timedelta(hours=1), Modality.ON_SITE, PractitionerId(who), RoomId(room))
            for who, room in product((UUID(int=2), UUID(int=3)), (UUID(int=4), UUID(int=5)))
        ),
    ]
    for kind, before, after, reply_by in product(NoticeKind, sides, sides, (None, other)):
        told = Told(kind, NoticeFacts(SITE, before=before, after=after, reply_by=reply_by))
        try:
            check(told)
        except ValueError:
            continue
        if not told.says_nothing and not (kind is NoticeKind.CLOSURE and _is_moved(told)):
            yield told


def _is_moved(told: Told) -> bool:
    before, after = told.facts.before, told.facts.after
    return before is not None and after is not None and before.start != after.start


def words_of(words: Words) -> list[str]:
    return [*words.sentences.values(), *words.days, *words.months, words.day, words.at, words.at_one]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_of_a_language_says_what_it_is_about(language: NoticeLanguage) -> None:
    assert {text: found for text in words_of(WORDS[language]) if (found := forbidden_in(text, language))} == {}


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=25)
@given(days=st.integers(0, 1500), minutes=st.integers(0, 1439))
def test_no_message_says_what_it_is_about_and_each_fits_two_sms(
    language: NoticeLanguage, days: int, minutes: int
) -> None:
    for told in told_things(local(1, 0) + timedelta(days=days, minutes=minutes)):
        text = render(told, language, NEW_YORK)

        assert forbidden_in(text, language) == []
        assert sms_parts(text) <= MOST_PARTS, text
        assert text.isprintable()
        assert "{" not in text


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        (NoticeLanguage.ENGLISH, "Your Recovery group meets on Monday.", ["group", "recover"]),
        (NoticeLanguage.ENGLISH, "See your counsellor at the clinic.", ["clinic", "counsel"]),
        (NoticeLanguage.SPANISH, "Su sesión de TERAPIA es el lunes.", ["sesion", "terap"]),
        (NoticeLanguage.SPANISH, "Prueba de orina en la clínica.", ["clinic", "orina", "prueba"]),
    ],
)
def test_a_forbidden_word_would_be_found(language: NoticeLanguage, text: str, found: list[str]) -> None:
    assert forbidden_in(text, language) == found


def test_a_message_beyond_two_sms_would_be_found() -> None:
    assert [sms_parts("a" * 160), sms_parts("a" * 161), sms_parts("a" * 306), sms_parts("a" * 307)] == [1, 2, 2, 3]
    assert [sms_parts("á" * 70), sms_parts("á" * 71), sms_parts("á" * 134), sms_parts("á" * 135)] == [1, 2, 2, 3]


def test_every_language_has_every_sentence_with_the_same_facts() -> None:
    def facts_of(words: Words) -> dict[str, set[str]]:
        return {name: set(re.findall(r"{(\w+)}", text)) for name, text in words.sentences.items()}

    assert all(facts_of(words) == facts_of(WORDS[NoticeLanguage.ENGLISH]) for words in WORDS.values())
    assert set(WORDS) == set(NoticeLanguage)


def test_every_sentence_is_used() -> None:
    used = {sentence_of(told) for told in told_things(local(7, 18))}

    assert used == set(WORDS[NoticeLanguage.ENGLISH].sentences)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            NoticeLanguage.ENGLISH,
            (
                "Your appointment on Saturday, October 31 at 11:30 AM has been moved to Sunday, November 1 at 1:00 PM"
                " and will be by video."
            ),
        ),
        (
            NoticeLanguage.SPANISH,
            (
                "Su cita del sábado 31 de octubre a las 11:30 a. m. cambia al domingo 1 de noviembre a la 1:00 p. m."
                " y será por video."
            ),
        ),
    ],
)
def test_times_are_wall_time_of_the_site_on_both_sides_of_a_change(language: NoticeLanguage, text: str) -> None:
    before = sitting(datetime(2026, 10, 31, 15, 30, tzinfo=UTC))
    after = sitting(datetime(2026, 11, 1, 18, tzinfo=UTC), Modality.TELEHEALTH)

    told = Told(NoticeKind.SESSION_CHANGED, NoticeFacts(SITE, before=before, after=after))

    assert render(told, language, NEW_YORK) == text


def test_noon_and_midnight_are_written_as_people_do() -> None:
    def written(hour: int) -> str:
        told = Told(NoticeKind.SESSION_ADDED, NoticeFacts(SITE, after=sitting(local(7, hour))))
        return render(told, NoticeLanguage.ENGLISH, ZoneInfo("America/New_York"))

    assert written(12).endswith("at 12:00 PM.")
    assert written(0).endswith("at 12:00 AM.")


def test_a_planted_word_turns_the_guard_red() -> None:
    english = WORDS[NoticeLanguage.ENGLISH]
    planted = replace(
        english, sentences=MappingProxyType({**english.sentences, "added": "Your therapy is on {after}."})
    )

    assert [text for text in words_of(planted) if forbidden_in(text, NoticeLanguage.ENGLISH)] == [
        "Your therapy is on {after}."
    ]
