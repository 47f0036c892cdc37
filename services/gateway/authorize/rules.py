"""What an authorization request must say, and whether a sign-in is good enough for it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from services.contracts.gateway.oauth_clients import OauthClient, OauthClientKind, OauthGrantType
from services.contracts.identity import Assurance, SignIn
from services.gateway.grants.rules import is_challenge
from services.gateway.oauth_clients.rules import is_own_redirect
from services.policy.smart.scopes import narrow, parse_scopes
from services.policy.smart.words import (
    API,
    CHECK_IN,
    FHIR_USER,
    LAUNCH,
    LAUNCH_PATIENT,
    OPENID,
    known,
    needs_patient,
    of_a_person,
)

REQUEST_LIFETIME: Final = timedelta(minutes=30)
"""How long a person may take over signing in and deciding."""
PUSHED_LIFETIME: Final = timedelta(seconds=90)
LAUNCH_LIFETIME: Final = timedelta(minutes=5)
_PROMPTS: Final = frozenset({"none", "login", "consent"})
_LONGEST: Final = 2000
_OF_A_PATIENT: Final = frozenset({LAUNCH, LAUNCH_PATIENT})
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class UnknownRedirectError(Exception):
    """The application or its redirect is not known, so the person is told and nothing is sent anywhere."""


class RefusedRequestError(Exception):
    """The request is refused, and its application is told so at its redirect (RFC 6749, 4.1.2.1)."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was found good, as it is kept until the person decides."""

    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    nonce: str | None
    code_challenge: str
    prompt: tuple[str, ...]
    max_age: int | None
    acr: Assurance | None
    """How surely the person must have signed in at least."""
    launch: str | None
    dpop_jkt: str | None = None
    """The thumbprint of the key that the code must be redeemed with (RFC 9449, 10), or None."""
    user_code: str | None = None
    """What the device shows that is to be let in; None where a code goes to the redirect."""

    @classmethod
    def by_device(cls, user_code: str, scopes: tuple[str, ...], page: str) -> Self:
        """Return what a device asks for; the person is asked each time, and comes to the page in the end."""
        return cls(page, scopes, None, None, "", ("consent",), None, None, None, user_code=user_code)

    def kept(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)

    @classmethod
    def from_kept(cls, kept: Mapping[str, Any]) -> Self:
        """Make it again of what was kept."""
        acr = kept.get("acr")
        lists = {name: tuple(kept[name]) for name in ("scopes", "prompt")}
        return cls(**{**kept, **lists, "acr": None if acr is None else Assurance(acr)})

    @property
    def needs_patient(self) -> bool:
        """Whether the application wants one patient's context that no launch brings."""
        return self.launch is None and needs_patient(self.scopes)


def redirect_of(parameters: Mapping[str, str], client: OauthClient) -> str:
    """Return the redirect of a request.

    Raises:
        UnknownRedirectError: It is missing, or not one of the application's own.
    """
    uri = parameters.get("redirect_uri", "")
    if OauthGrantType.AUTHORIZATION_CODE not in client.grant_types or not is_own_redirect(
        uri, client.redirect_uris, client.kind
    ):
        raise UnknownRedirectError
    return uri


def read_asked(parameters: Mapping[str, str], client: OauthClient, fhir_base: str) -> Asked:
    """Read a request whose redirect is known to be good.

    Raises:
        RefusedRequestError: Something in it is missing, wrong, or not offered here.
    """
    _check_form(parameters)
    scopes = _scopes(parameters, client, fhir_base)
    max_age = parameters.get("max_age")
    if max_age is not None and _NUMBER.fullmatch(max_age) is None:
        raise RefusedRequestError("invalid_request", "max_age must be a number of seconds.")
    prompt = tuple(dict.fromkeys(parameters.get("prompt", "").split()))
    if not set(prompt) <= _PROMPTS or ("none" in prompt and len(prompt) > 1):
        raise RefusedRequestError("invalid_request", "prompt must be none, or of login and consent.")
    return Asked(
        redirect_uri=parameters["redirect_uri"],
        scopes=scopes,
        state=parameters.get("state"),
        nonce=parameters.get("nonce"),
        code_challenge=parameters["code_challenge"],
        prompt=prompt,
        max_age=None if max_age is None else int(max_age),
        acr=_asked_assurance(parameters.get("acr_values", "")),
        launch=parameters.get("launch") if LAUNCH in scopes else None,
        dpop_jkt=parameters.get("dpop_jkt"),
    )


def is_its_own(asked: Asked, client: OauthClient) -> bool:
    """Say whether an application may ask now for what it asked before: it may have become another since."""
    if set(narrow(asked.scopes, client.scopes)) != set(asked.scopes):
        return False
    if asked.user_code is not None:
        return OauthGrantType.DEVICE_CODE in client.grant_types
    is_for_code = OauthGrantType.AUTHORIZATION_CODE in client.grant_types
    return is_for_code and is_own_redirect(asked.redirect_uri, client.redirect_uris, client.kind)


def device_scopes(parameters: Mapping[str, str], client: OauthClient, fhir_base: str) -> tuple[str, ...]:
    """Return what a device may ask a person for.

    Raises:
        RefusedRequestError: Nothing of it can be granted.
    """
    return _scopes(parameters, client, fhir_base)


def _asked_assurance(acr_values: str) -> Assurance | None:
    """Return the first level that is one of ours (OpenID Connect Core, 3.1.2.1): the list is in order of preference."""
    levels = {level.value: level for level in Assurance}
    return next((levels[word] for word in acr_values.split() if word in levels), None)


def _check_form(parameters: Mapping[str, str]) -> None:
    if "request" in parameters:
        raise RefusedRequestError("request_not_supported", "Send the parameters as they are, or push them.")
    if parameters.get("response_type") != "code":
        raise RefusedRequestError("unsupported_response_type", "response_type must be code.")
    if parameters.get("response_mode", "query") != "query":
        raise RefusedRequestError("invalid_request", "response_mode must be query.")
    if parameters.get("code_challenge_method") != "S256" or not is_challenge(parameters.get("code_challenge", "")):
        raise RefusedRequestError("invalid_request", "Send code_challenge with code_challenge_method=S256 (RFC 7636).")
    # A thumbprint has the form of a challenge: both are SHA-256 in base64url.
    if not is_challenge(parameters.get("dpop_jkt", parameters["code_challenge"])):
        raise RefusedRequestError("invalid_request", "dpop_jkt must be the RFC 7638 thumbprint of a key.")
    if any(len(value) > _LONGEST for value in parameters.values()):
        raise RefusedRequestError("invalid_request", "A parameter is too long.")


def _scopes(parameters: Mapping[str, str], client: OauthClient, fhir_base: str) -> tuple[str, ...]:
    requested = of_a_person(known(parameters.get("scope", "").split()), has_patient=True)
    granted = narrow(requested, client.scopes)
    if not granted:
        raise RefusedRequestError("invalid_scope", "None of these scopes can be granted to this application.")
    # A token meant for another server's data must not be sent to us, nor ours to it (SMART App Launch 2.2, aud).
    audience = parameters.get("aud")
    if audience is None and parse_scopes(granted):
        raise RefusedRequestError("invalid_request", "Send aud, the address of this FHIR server.")
    if audience is not None and audience.rstrip("/") != fhir_base:
        raise RefusedRequestError("invalid_request", "aud must be the address of this FHIR server.")
    if LAUNCH in granted and "launch" not in parameters:
        raise RefusedRequestError("invalid_request", "The scope launch needs the parameter launch.")
    return granted


def must_sign_in(asked: Asked, sign_in: SignIn, *, since: datetime, now: datetime) -> bool:
    """Say whether a session is not good enough for a request made at `since`.

    One of a password alone never is where two factors are asked for. One that was begun for this very request is fresh
    enough in any case; else `prompt=login` wants a new one, and `max_age` a young one.
    """
    if not _is_sure_enough(asked, sign_in):
        return True
    if _is_begun_for(sign_in, since):
        return False
    too_old = asked.max_age is not None and now - sign_in.auth_time > timedelta(seconds=asked.max_age)
    return "login" in asked.prompt or too_old


def is_unmet(asked: Asked, sign_in: SignIn, *, since: datetime) -> bool:
    """Say whether a person has signed in for this very request and still not as surely as is asked for."""
    return _is_begun_for(sign_in, since) and not _is_sure_enough(asked, sign_in)


def _is_sure_enough(asked: Asked, sign_in: SignIn) -> bool:
    return asked.acr is not Assurance.AAL2 or sign_in.acr is Assurance.AAL2


def _is_begun_for(sign_in: SignIn, since: datetime) -> bool:
    # The time in a version 7 id (RFC 9562, 5.7) is finer than auth_time, which counts whole seconds.
    return sign_in.login_session_id.int >> 80 >= int(since.timestamp() * 1000)


def is_remembered(asked: Asked, client: OauthClient, agreed: tuple[str, ...]) -> bool:
    """Say whether a person need not be asked again.

    Never for an application that anybody on the same device could pretend to be (RFC 8252, 8.6), and never where
    a patient is to be chosen.
    """
    if "consent" in asked.prompt or asked.needs_patient:
        return False
    is_certain = client.kind is OauthClientKind.CONFIDENTIAL or urlsplit(asked.redirect_uri).scheme == "https"
    return is_certain and set(asked.scopes) <= set(agreed)


def answer_uri(asked_redirect: str, parameters: Mapping[str, str | None]) -> str:
    """Return a redirect with the answer in its query; what the redirect had there stays as it was."""
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{asked_redirect}{'&' if '?' in asked_redirect else '?'}{query}"


def granted_of(asked: Asked, chosen: frozenset[str], *, has_patient: bool, has_user: bool) -> tuple[str, ...]:
    """Return what a person grants: what was asked for and chosen, and scopes of a patient only with one in context.

    Without `has_user` it is not known which resource the person is, and nothing is promised of that.
    """
    chosen_here = tuple(scope for scope in asked.scopes if scope in chosen)
    useful = of_a_person(chosen_here, has_patient=has_patient)
    void = (frozenset() if has_patient else _OF_A_PATIENT) | (frozenset() if has_user else {FHIR_USER})
    return tuple(scope for scope in useful if scope not in void)


def words_for(scope: str) -> str:
    """Say in a person's words what a scope lets an application do."""
    plain = _PLAIN.get(scope)
    if plain is not None:
        return plain
    parsed = parse_scopes([scope])[0]
    verbs = [verb for letters, verb in _VERBS if parsed.interactions & set(letters)]
    what = "all clinical data" if parsed.resource == "*" else f"{parsed.resource} data"
    whose = "of the chosen patient" if parsed.level == "patient" else "that you may see yourself"
    kind = "" if parsed.category is None else f" (only {parsed.category.code})"
    return f"{' and '.join(verbs).capitalize()} {what} {whose}{kind}"


_VERBS: Final = (("rs", "read"), ("cu", "change"), ("d", "delete"))
_PLAIN: Final = {
    OPENID: "Know who you are",
    FHIR_USER: "Know your entry in the directory",
    LAUNCH: "Know which patient you have opened",
    LAUNCH_PATIENT: "Know which patient you choose",
    "offline_access": "Keep this access when you are signed out",
    "online_access": "Keep this access until you sign out",
    CHECK_IN: "See the appointments of your sites, and record who has come",
    API: "Do everything in the clinic's programme that you may do yourself",
}
