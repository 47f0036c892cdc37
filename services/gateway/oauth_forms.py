"""Parameters of the authorization server: a form in the body, each name once, nothing in the URL."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from services.gateway.oauth_refusals import InvalidOauthRequestError

_FORM: Final = "application/x-www-form-urlencoded"
_MOST_PARAMETERS: Final = 200
_LONGEST_BODY: Final = 64 * 1024

Parameters = Mapping[str, str]


def parse_parameters(text: str, *, repeated: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Read parameters; an empty one is as if it were not there (RFC 6749, 3.1).

    Raises:
        InvalidOauthRequestError: One that is not in `repeated` comes twice, or it is no form.
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise InvalidOauthRequestError("The parameters cannot be read as a form in UTF-8.") from None
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if name in found and name not in repeated:
            raise InvalidOauthRequestError("Send each parameter once.")
        found.setdefault(name, []).append(value)
    return {name: values for name, values in found.items() if values != [""]}


def single(parameters: Mapping[str, list[str]]) -> dict[str, str]:
    """Return each parameter's one value."""
    return {name: values[0] for name, values in parameters.items()}


async def read_form(request: Request, *, repeated: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """Read the form in a body.

    Raises:
        InvalidOauthRequestError: It is no form, or parameters are in the URL, where logs and histories keep them.
    """
    if request.scope["query_string"]:
        raise InvalidOauthRequestError("Send the parameters in the body and none in the URL.")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise InvalidOauthRequestError(f"Send the parameters as {_FORM}.")
    body = await request.body()
    if len(body) > _LONGEST_BODY:
        raise InvalidOauthRequestError("The parameters are too long.")
    try:
        text = body.decode("ascii")
    except UnicodeDecodeError:
        raise InvalidOauthRequestError("The parameters cannot be read as a form in UTF-8.") from None
    return parse_parameters(text, repeated=repeated)
