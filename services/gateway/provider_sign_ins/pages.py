"""What a person sees who has come back from a provider."""

from html import escape

from services.gateway.authorize.page import Page, make_page


def linked_page() -> Page:
    """Tell that the account is linked."""
    return make_page(
        "Linked",
        "<h1>Your account is linked</h1><p>From now on you can sign in with your organization's account. You can close "
        "this page.</p>",
        form_target="'none'",
    )


def refused_page(detail: str) -> Page:
    """Tell what to do where coming back opened nothing."""
    return make_page(
        "Not signed in",
        f'<h1>You are not signed in</h1><p role="alert">{escape(detail)}</p>',
        form_target="'none'",
    )
