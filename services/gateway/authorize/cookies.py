"""The cookie that makes a page work only in the browser it was shown in; the session's own is sign-in's."""

import re
import secrets
from typing import Final

from fastapi import Request, Response

from services.gateway.authorize.steps import Browser
from services.gateway.login.units import SignedInPerson

# `__Host-` makes the browser refuse one that another host or an insecure page has set (RFC 6265bis, 4.1.3.2).
BROWSER_COOKIE: Final = "__Host-eventide-browser"
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def browser_of(request: Request, signed_in: SignedInPerson | None) -> Browser:
    """Return who looks; a browser without a secret gets one."""
    secret = request.cookies.get(BROWSER_COOKIE, "")
    if _SECRET.fullmatch(secret) is None:
        secret = secrets.token_urlsafe(32)
    return Browser(secret, None if signed_in is None else signed_in.principal)


def keep_browser(response: Response, browser: Browser) -> None:
    """Let the browser keep its secret."""
    response.set_cookie(BROWSER_COOKIE, browser.secret, path="/", secure=True, httponly=True, samesite="lax")
