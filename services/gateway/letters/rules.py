"""What letters say, and how long until one is tried again; pure.

Whoever reads one over somebody's shoulder must not learn what is done here (42 CFR 2.13): no word names a clinic, a
treatment or an organization.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from services.contracts.gateway.letters import LetterLanguage
from services.gateway.letters.letter import Letter, LetterKind

LEASE: Final = timedelta(seconds=60)
"""How long one process has a letter to itself; one that dies with it leaves it to the next."""
MOST_ATTEMPTS: Final = 8
_LONGEST_PAUSE: Final = timedelta(hours=2)
_PAUSE: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Words:
    """A letter as it is read; `{way}` stands for the link."""

    subject: str = field(repr=False)
    text: str = field(repr=False)


_WORDS: Final[Mapping[tuple[LetterKind, LetterLanguage], Words]] = MappingProxyType(
    {
        (LetterKind.PASSWORD_RESET, LetterLanguage.ENGLISH): Words(
            "Choose a new password",
            "Somebody, most likely you, asked for a new password for this address. Choose one within 30 minutes:\n\n"
            "{way}\n\nIf it was not you, do nothing: your password stays as it is.",
        ),
        (LetterKind.PASSWORD_RESET, LetterLanguage.SPANISH): Words(
            "Elija una nueva contraseña",
            "Alguien, probablemente usted, pidió una nueva contraseña para esta dirección. Elíjala en 30 minutos:\n\n"
            "{way}\n\nSi no fue usted, no haga nada: su contraseña no cambia.",
        ),
        (LetterKind.INVITATION, LetterLanguage.ENGLISH): Words(
            "Your account",
            "An account is ready for you. Choose a password within 7 days:\n\n{way}\n\n"
            "If you do not expect this, do nothing.",
        ),
        (LetterKind.INVITATION, LetterLanguage.SPANISH): Words(
            "Su cuenta",
            "Hay una cuenta lista para usted. Elija una contraseña en 7 días:\n\n{way}\n\n"
            "Si no lo esperaba, no haga nada.",
        ),
        (LetterKind.EMERGENCY_REVIEW, LetterLanguage.ENGLISH): Words(
            "Something waits for your review",
            "Something was opened that somebody has to look at, at the latest 3 days after it was. Sign in and look at "
            "what is to be reviewed, and by when.{way}",
        ),
        (LetterKind.EMERGENCY_REVIEW, LetterLanguage.SPANISH): Words(
            "Algo espera su revisión",
            "Se abrió algo que alguien debe revisar, a más tardar 3 días después de abrirse. Inicie sesión y mire lo "
            "que espera revisión, y hasta cuándo.{way}",
        ),
    }
)


def written(letter: Letter, page: str | None) -> Words:
    """Write a letter: with the address of a page, to which a secret is a fragment, or with the secret alone.

    A fragment is never sent to a server, so no log holds it (RFC 3986, 3.5).
    """
    words = _WORDS[letter.kind, letter.language]
    if letter.secret:
        way = letter.secret if page is None else f"{page}#{letter.kind.value}={letter.secret}"
    else:
        way = "" if page is None else f"\n\n{page}"
    return Words(words.subject, words.text.format(way=way))


def pause_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: 30 s, 2 min, 8 min, ... 2 h."""
    times: int = 4 ** max(0, min(attempts, MOST_ATTEMPTS) - 1)
    return min(_LONGEST_PAUSE, _PAUSE * times)
