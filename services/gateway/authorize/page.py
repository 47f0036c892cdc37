"""The pages that a person sees: plain HTML, no script, nothing fetched, usable with a keyboard and a screen reader."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import urlsplit

from services.gateway.authorize.logic import ShowConsent, ShowSignIn
from services.gateway.authorize.rules import words_for

_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem }
label { display: block; margin: .75rem 0 }
input:not([type=checkbox]), select { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem }
fieldset { border: 1px solid; border-radius: .25rem; margin: 1rem 0 }
button { font: inherit; padding: .5rem 1.25rem; margin: 1rem 1rem 0 0 }
[role=alert] { border-left: .25rem solid; padding-left: .75rem }
"""
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and the content security policy under which it works and can be framed by nobody."""

    html: str
    policy: str


def sign_in_page(step: ShowSignIn, *, message: str = "", organizations: Sequence[tuple[str, str]] = ()) -> Page:
    """Ask for e-mail address, password and perhaps a code, and for the organization where there are several."""
    choice = "".join(f'<option value="{escape(value)}">{escape(name)}</option>' for value, name in organizations)
    where = f'<label>Organization<select name="organization_id">{choice}</select></label>' if choice else ""
    alert = f'<p role="alert">{escape(message)}</p>' if message else ""
    return _page(
        "Sign in",
        f"<h1>Sign in</h1><p>to continue to <strong>{escape(step.client.name)}</strong></p>{alert}"
        f'<form method="post" action="/oauth/authorize/sign_in">{_hidden(step.handle)}'
        '<label>E-mail address<input name="email" type="email" autocomplete="username" required autofocus></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" required></label>'
        '<label>Code of your authenticator, if you have one<input name="one_time_code" inputmode="numeric" '
        'autocomplete="one-time-code" maxlength="6"></label>'
        '<label>Or a recovery code<input name="recovery_code" autocomplete="off" maxlength="40"></label>'
        f'{where}<button type="submit">Sign in</button></form>',
        form_target="'self'",
    )


def consent_page(step: ShowConsent) -> Page:
    """Ask what the application may do, scope by scope, and with which patient."""
    boxes = "".join(
        f'<label><input type="checkbox" name="scope" value="{escape(scope)}" checked> '
        f"{escape(words_for(scope))}</label>"
        for scope in step.asked.scopes
    )
    host = urlsplit(step.asked.redirect_uri).netloc or step.asked.redirect_uri.partition(":")[0]
    return _page(
        "Allow access?",
        f"<h1>Allow access?</h1><p><strong>{escape(step.client.name)}</strong> at {escape(host)} asks to:</p>"
        f'<form method="post" action="/oauth/authorize/decision">{_hidden(step.handle)}'
        f"<fieldset><legend>Untick what it may not</legend>{boxes}</fieldset>{_patients(step)}"
        '<button type="submit" name="decision" value="allow">Allow</button>'
        '<button type="submit" name="decision" value="deny">Decline</button></form>'
        "<p>You can take this back at any time.</p>",
        # Browsers hold the redirect that answers a form to this list as well.
        form_target=f"'self' {_origin(step.asked.redirect_uri)}",
    )


def refusal_page() -> Page:
    """Tell that a request cannot be answered anywhere."""
    return _page(
        "Not possible",
        '<h1>This cannot be opened</h1><p role="alert">The application that sent you here is not known, asked in a way '
        "that is not safe to answer, or took too long. Go back to it and start again; if that does not help, tell its "
        "maker.</p>",
        form_target="'none'",
    )


def _patients(step: ShowConsent) -> str:
    if step.choices is None:
        return ""
    options = "".join(f'<option value="{one.id}">{escape(one.name)}</option>' for one in step.choices)
    return (
        '<label>Patient whose data it may use<select name="patient_id">'
        f'<option value="">none</option>{options}</select></label>'
    )


def _hidden(handle: str) -> str:
    return f'<input type="hidden" name="request" value="{escape(handle)}">'


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _page(title: str, body: str, *, form_target: str) -> Page:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    html = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head>'
    html += f"<body><main>{body}</main></body></html>\n"
    policy = (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {form_target}; frame-ancestors 'none'; "
        "base-uri 'none'"
    )
    return Page(html, policy)
