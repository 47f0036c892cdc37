"""A browser at the authorization endpoint, and the usual way through it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape
from typing import Any, Final

from services.operator.drill.checklist.probes.applications import REDIRECT, VERIFIER, Application
from services.operator.drill.checklist.probes.calling import Answer, Caller
from services.operator.drill.tokens.possession import TOKEN_ENDPOINT, Holder

_HANDLE: Final = re.compile(r'name="request" value="([^"]+)"')
_SCOPE: Final = re.compile(r'name="scope" value="([^"]+)"')
_OK: Final = 200


class PageMissingError(Exception):
    """A page that had to come did not; the text says what came instead."""


def handle_in(page: Answer) -> str:
    """Return the handle in the form of a page; raises PageMissingError where there is none."""
    found = _HANDLE.search(page.text)
    if found is None:
        raise PageMissingError(f"no page to fill in: {page.status} {page.error or ''}")
    return found[1]


def scopes_in(page: Answer) -> list[str]:
    """Return the scopes that a page asks about."""
    return [unescape(value) for value in _SCOPE.findall(page.text)]


def asks_to_sign_in(page: Answer) -> bool:
    """Say whether it is the page that asks who one is."""
    return 'name="password"' in page.text


@dataclass
class Browser:
    """Keeps cookies, follows nothing, fills in forms."""

    caller: Caller

    async def open(self, parameters: dict[str, str]) -> Answer:
        """Open the authorization endpoint."""
        return await self.caller.get("/oauth/authorize", parameters)

    async def sign_in(self, page: Answer, email: str, password: str, **more: str) -> Answer:
        """Fill in who one is."""
        fields = {"request": handle_in(page), "email": email, "password": password, **more}
        return await self.caller.form("/oauth/authorize/sign_in", fields)

    async def decide(self, page: Answer, scopes: Sequence[str] | None = None, **more: str) -> Answer:
        """Tick these scopes, or all, and allow; `decision` may say otherwise."""
        ticked = scopes_in(page) if scopes is None else scopes
        fields = {"request": handle_in(page), "decision": "allow", **more}
        return await self.caller.form("/oauth/authorize/decision", [*fields.items(), *(("scope", s) for s in ticked)])


@dataclass
class Flow:
    """The usual way: open, sign in, allow, redeem."""

    browser: Browser
    email: str
    password: str

    async def sign_in(self, page: Answer, **more: str) -> Answer:
        """Sign in on a page as the person whose flow it is."""
        return await self.browser.sign_in(page, self.email, self.password, **more)

    async def code(self, application: Application, **changes: str | None) -> Answer:
        """Go as far as the redirect with a code; an answer without one where it is refused on the way."""
        page = await self.browser.open(application.request(**changes))
        if asks_to_sign_in(page):
            page = await self.sign_in(page)
        return await self.browser.decide(page) if page.status == _OK else page

    async def redeem(
        self, application: Application, code: str, *, holder: Holder | None = None, **changes: str
    ) -> Answer:
        """Redeem a code; of a holder, with the proof of its key."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER,
                **application.proof(), **changes}  # fmt: skip
        return await self.browser.caller.form("/oauth/token", form, **_proved(holder))

    async def tokens(self, application: Application, **changes: str | None) -> dict[str, Any]:
        """Go the whole way; raises PageMissingError where no tokens come of it."""
        answer = await self.code(application, **changes)
        given = await self.redeem(application, answer.redirected.get("code", ""))
        if given.status != _OK:
            raise PageMissingError(f"no tokens: {given.status} {answer.error or given.error}")
        tokens: dict[str, Any] = given.json()
        return tokens

    async def refresh(
        self, application: Application, token: str, *, holder: Holder | None = None, **more: str
    ) -> Answer:
        """Use a refresh token; of a holder, with the proof of its key."""
        form = {"grant_type": "refresh_token", "refresh_token": token, **application.proof(), **more}
        return await self.browser.caller.form("/oauth/token", form, **_proved(holder))

    async def bound_tokens(self, application: Application, holder: Holder) -> dict[str, Any]:
        """Go the whole way to tokens that are bound to a holder's key; raises as `tokens` does."""
        code = (await self.code(application)).redirected.get("code", "")
        told = await self.redeem(application, code, holder=holder)
        holder.nonce = told.headers.get("dpop-nonce")
        given = await self.redeem(application, code, holder=holder)
        if (told.error, given.status) != ("use_dpop_nonce", _OK):
            raise PageMissingError(f"no bound tokens: {told.error}, then {given.status} {given.error or ''}")
        tokens: dict[str, Any] = given.json()
        return tokens

    async def me(self, token: str) -> int:
        """Say what an access token meets at a route of its own."""
        answer = await self.browser.caller.get("/v1/me", authorization=f"Bearer {token}")
        return answer.status


def _proved(holder: Holder | None) -> dict[str, str]:
    return {} if holder is None else {"dpop": holder.proof(TOKEN_ENDPOINT)}
