"""The session's secret in a browser: a cookie that no script reads and no other site sends along with a form."""

from typing import Final

from fastapi import Response

from services.contracts.gateway.login import LoginSession
from services.contracts.identifiers import LoginSessionId
from services.gateway.attempts.devices import COOKIE as DEVICE_COOKIE
from services.gateway.attempts.devices import written
from services.gateway.attempts.rules import KNOWN_FOR
from services.gateway.errors import SessionOverError
from services.gateway.login.sessions import SessionHandle

COOKIE: Final = "__Host-eventide-session"
"""With this prefix a browser keeps it only with Secure, for this very host and all its paths (RFC 6265bis, 4.1.3)."""


def keep(response: Response, session: LoginSession) -> LoginSession:
    """Move the secret of a session from the answer into the cookie; a browser forgets it when it is closed."""
    handle = None if session.session_secret is None else SessionHandle.read(session.session_secret)
    if handle is None:
        raise SessionOverError
    response.set_cookie(COOKIE, handle.text, path="/", secure=True, httponly=True, samesite="lax")
    return session.model_copy(update={"session_secret": None, "csrf_token": handle.csrf_token})


def keep_device(response: Response, devices: tuple[str, ...]) -> None:
    """Let the browser keep what it is known by, so that what others try holds up nobody who signs in on it."""
    if devices:
        age = int(KNOWN_FOR.total_seconds())
        text = written(devices)
        response.set_cookie(DEVICE_COOKIE, text, age, path="/", secure=True, httponly=True, samesite="lax")


def secret_of(cookie: str | None, csrf_token: str) -> str:
    """Return the secret in a cookie that came with the token that only our own pages have.

    Raises:
        SessionOverError: There is no such cookie, or the token is not that of its session.
    """
    handle = None if cookie is None else SessionHandle.read(cookie)
    if handle is None or not handle.is_csrf_token(csrf_token):
        raise SessionOverError
    return handle.text


def forget(response: Response, session_id: LoginSessionId, cookie: str | None) -> None:
    """Take the cookie away where it belongs to this session."""
    handle = None if cookie is None else SessionHandle.read(cookie)
    if handle is not None and handle.session_id == session_id:
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
