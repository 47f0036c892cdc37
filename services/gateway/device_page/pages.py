"""The pages for a device's code, made as the others are."""

from html import escape

from services.gateway.authorize.page import Page, make_page


def code_page(csrf_token: str, user_code: str = "", message: str = "") -> Page:
    """Ask for the code that a device shows, in the browser whose token the form carries."""
    alert = f'<p role="alert">{escape(message)}</p>' if message else ""
    return make_page(
        "Let a device in",
        f"<h1>Let a device in</h1>{alert}<p>Type the code that the device in front of you shows. Never type one that "
        'somebody has sent you.</p><form method="post" action="/oauth/device">'
        f'<input type="hidden" name="csrf_token" value="{escape(csrf_token)}">'
        f'<label>Code<input name="user_code" value="{escape(user_code)}" autocomplete="off" '
        'autocapitalize="characters" spellcheck="false" maxlength="20" required autofocus></label>'
        '<button type="submit">Go on</button></form>',
        form_target="'self'",
    )


def outcome_page(*, is_allowed: bool) -> Page:
    """Tell that the person is done."""
    told = (
        "The device is let in. It goes on by itself in a few seconds."
        if is_allowed
        else "The device is not let in. If that is not what you want, start over there."
    )
    return make_page("Done", f'<h1>Done</h1><p role="status">{told}</p>', form_target="'none'")
