"""The pages that a person sees: plain HTML, nothing fetched, usable with a keyboard and a screen reader.

The only script is the few lines that ask a device for a passkey; the page works without it.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import orjson

from services.contracts.identifiers import IdentityProviderId
from services.gateway.authorize.rules import words_for
from services.gateway.authorize.steps import ShowConsent, ShowSignIn

_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 18px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem }
label { display: block; margin: .75rem 0 }
input:not([type=checkbox]), select { box-sizing: border-box; width: 100%; font: inherit; padding: .5rem }
fieldset { border: 1px solid; border-radius: .25rem; margin: 1rem 0 }
button { font: inherit; padding: .5rem 1.25rem; margin: 1rem 1rem 0 0 }
[role=alert] { border-left: .25rem solid; padding-left: .75rem }
"""
_SCRIPT: Final = """
const button = document.getElementById("with-passkey");
const told = document.getElementById("passkey-told");
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
const signIn = async () => {
  const publicKey = JSON.parse(button.dataset.options);
  publicKey.challenge = bytes(publicKey.challenge);
  try {
    const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
    const shown = {};
    for (const name of ["clientDataJSON", "authenticatorData", "signature", "userHandle"])
      shown[name] = response[name] ? text(response[name]) : null;
    button.form.elements.passkey.value = JSON.stringify({ id, rawId: text(rawId), type, response: shown });
    button.form.submit();
  } catch {
    told.textContent = "No passkey was used. Try again, or sign in with your password.";
  }
};
if (window.PublicKeyCredential) {
  button.hidden = false;
  button.addEventListener("click", signIn);
}
"""


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_STYLE_HASH: Final = _hash_of(_STYLE)
_SCRIPT_HASH: Final = _hash_of(_SCRIPT)
_CODES: Final = (
    '<label>One-time code<input name="one_time_code" inputmode="numeric" autocomplete="one-time-code" maxlength="6">'
    '</label><label>or a recovery code<input name="recovery_code" autocomplete="off" maxlength="40"></label>'
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and the content security policy under which it works and can be framed by nobody."""

    html: str
    policy: str


@dataclass(frozen=True, slots=True)
class SignInForm:
    """What the sign-in page asks for, and why once more: a message, places to choose from, a code."""

    message: str = ""
    organizations: Sequence[tuple[str, str]] = ()
    wants_code: bool = False


FIRST_TRY: Final = SignInForm()
Providers = Sequence[tuple[IdentityProviderId, str]]
"""Identity providers by their names."""


def sign_in_page(
    step: ShowSignIn, passkey: Mapping[str, Any], providers: Providers = (), form: SignInForm = FIRST_TRY
) -> Page:
    """Ask for a passkey, or for e-mail address and password, and for the organization where there are several.

    `passkey` are the options of navigator.credentials.get(); a browser without passkeys is not offered one.
    """
    choice = "".join(f'<option value="{escape(value)}">{escape(name)}</option>' for value, name in form.organizations)
    where = f'<label>Organization<select name="organization_id">{choice}</select></label>' if choice else ""
    alert = f'<p role="alert">{escape(form.message)}</p>' if form.message else ""
    options = escape(orjson.dumps(passkey).decode())
    return make_page(
        "Sign in",
        f"<h1>Sign in</h1><p>to continue to <strong>{escape(step.client.name)}</strong></p>{alert}"
        f'<form method="post" action="/oauth/authorize/sign_in">{_hidden(step.handle)}'
        '<label>E-mail address<input name="email" type="email" autocomplete="username" required autofocus></label>'
        '<label>Password<input name="password" type="password" autocomplete="current-password" required></label>'
        f'{_CODES if form.wants_code else ""}{where}<button type="submit">Sign in</button>'
        f'<input type="hidden" name="passkey"><button type="button" id="with-passkey" data-options="{options}" hidden>'
        'Sign in with a passkey</button><p id="passkey-told" role="status"></p></form>'
        f"{_ways(step.handle, providers)}"
        f"<script>{_SCRIPT}</script>",
        form_target=_form_target(step.asked.redirect_uri),
        scripts=f"script-src {_SCRIPT_HASH}; ",
    )


def consent_page(step: ShowConsent) -> Page:
    """Ask what the application may do, scope by scope, and with which patient."""
    boxes = "".join(
        f'<label><input type="checkbox" name="scope" value="{escape(scope)}"{" checked" * (scope in step.ticked)}> '
        f"{escape(words_for(scope))}</label>"
        for scope in step.asked.scopes
    )
    host = urlsplit(step.asked.redirect_uri).netloc or step.asked.redirect_uri.partition(":")[0]
    shown = step.asked.user_code
    where = f"at {escape(host)}" if shown is None else f"on the device that shows <strong>{escape(shown)}</strong>"
    # Who was sent the code by somebody else lets that one's device in (RFC 8628, 5.4).
    warning = "" if shown is None else '<p role="alert">Allow it only if you see this code on the device yourself.</p>'
    return make_page(
        "Allow access?",
        f"<h1>Allow access?</h1><p><strong>{escape(step.client.name)}</strong> {where} asks to:</p>{warning}"
        f'<form method="post" action="/oauth/authorize/decision">{_hidden(step.handle)}'
        f"<fieldset><legend>Untick what it may not</legend>{boxes}</fieldset>{_patients(step)}"
        '<button type="submit" name="decision" value="allow">Allow</button>'
        '<button type="submit" name="decision" value="deny">Decline</button>'
        f"{_turning(step)}</form>"
        "<p>You can take this back at any time.</p>",
        form_target=_form_target(step.asked.redirect_uri),
    )


def refusal_page() -> Page:
    """Tell that a request cannot be answered anywhere."""
    return make_page(
        "Not possible",
        '<h1>This cannot be opened</h1><p role="alert">The application that sent you here is not known, asked in a way '
        "that is not safe to answer, or took too long. Go back to it and start again; if that does not help, tell its "
        "maker.</p>",
        form_target="'none'",
    )


def _patients(step: ShowConsent) -> str:
    if step.choices is None:
        return ""
    options = "".join(f'<option value="{one.id}">{escape(one.name)}</option>' for one in step.choices.patients)
    return (
        '<label>Patient whose data it may use<select name="patient_id">'
        f'<option value="">none</option>{options}</select></label>'
    )


def _turning(step: ShowConsent) -> str:
    # After the other buttons: the first of a form is the one that the Enter key presses.
    if step.choices is None or step.choices.next_page is None:
        return ""
    return f'<button type="submit" name="more" value="{escape(step.choices.next_page)}">More patients</button>'


def _ways(handle: str, providers: Providers) -> str:
    # Links, and not forms: browsers hold the redirect that answers a form to the policy of the page.
    query = urlencode({"request": handle})
    return "".join(
        f'<p><a href="{escape(f"/oauth/identity_providers/{provider_id}?{query}")}">Sign in with {escape(name)}</a></p>'
        for provider_id, name in providers
    )


def _hidden(handle: str) -> str:
    return f'<input type="hidden" name="request" value="{escape(handle)}">'


def _form_target(redirect_uri: str) -> str:
    # Browsers hold the redirect that answers a form to this list as well: who has agreed before goes on at once.
    parts = urlsplit(redirect_uri)
    return "'self' " + (f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:")


def make_page(title: str, body: str, *, form_target: str, scripts: str = "") -> Page:
    """Put a page together."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    html = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head>'
    html += f"<body><main>{body}</main></body></html>\n"
    policy = (
        f"default-src 'none'; {scripts}style-src {_STYLE_HASH}; form-action {form_target}; frame-ancestors 'none'; "
        "base-uri 'none'"
    )
    return Page(html, policy)
