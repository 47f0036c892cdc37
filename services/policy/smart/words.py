"""The scopes that speak of no resource: who signed in, which context is launched, how long access lasts."""

from collections.abc import Collection, Iterable
from typing import Final

from services.policy.smart.scopes import Level, parse_scope, parse_scopes

OPENID: Final = "openid"
FHIR_USER: Final = "fhirUser"
LAUNCH: Final = "launch"
LAUNCH_PATIENT: Final = "launch/patient"
OFFLINE_ACCESS: Final = "offline_access"
ONLINE_ACCESS: Final = "online_access"
API: Final = "eventide/api"
"""To use the native API with the roles of the person who signed in: for our own front ends."""
CHECK_IN: Final = "eventide/check_in"
"""To see appointments and to record who has come: for the kiosk at the door, which anybody may walk off with."""

WORDS: Final = frozenset({OPENID, FHIR_USER, LAUNCH, LAUNCH_PATIENT, OFFLINE_ACCESS, ONLINE_ACCESS, API, CHECK_IN})


def is_known(text: str) -> bool:
    """Say whether a text is a scope that this server could grant to somebody."""
    return text in WORDS or parse_scope(text) is not None


def known(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that this server knows, each once; SMART asks to leave out the others without an error."""
    return tuple(dict.fromkeys(text for text in texts if is_known(text)))


def without_a_person(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the scopes that a service may hold by itself: those of the level system."""
    return tuple(text for text in texts if (scope := parse_scope(text)) is not None and scope.level is Level.SYSTEM)


def of_a_person(texts: Iterable[str], *, has_patient: bool) -> tuple[str, ...]:
    """Return the scopes that a signed-in person may grant: none of the level system, and `patient/` only in context."""
    levels = {Level.USER, Level.PATIENT} if has_patient else {Level.USER}
    return tuple(
        text for text in texts if text in WORDS or ((scope := parse_scope(text)) is not None and scope.level in levels)
    )


def needs_patient(texts: Collection[str]) -> bool:
    """Say whether scopes speak of a patient in context."""
    return LAUNCH_PATIENT in texts or any(scope.level is Level.PATIENT for scope in parse_scopes(texts))
