"""The edge: from refusals to problem documents (RFC 9457), and the one table that knows statuses."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import Response

from services.chassis.context import current
from services.chassis.errors import ServiceError
from services.contracts.problems import InvalidField, ProblemDetails, ProblemType
from services.policy.route import DEEPEST_BODY

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final[dict[ProblemType, HTTPStatus]] = {
    ProblemType.AUTHENTICATION_REQUIRED: HTTPStatus.UNAUTHORIZED,
    ProblemType.CREDENTIALS_REFUSED: HTTPStatus.UNAUTHORIZED,
    ProblemType.NOT_ALLOWED: HTTPStatus.FORBIDDEN,
    ProblemType.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemType.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ProblemType.MALFORMED_REQUEST: HTTPStatus.BAD_REQUEST,
    ProblemType.INVALID_REQUEST: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProblemType.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ProblemType.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ProblemType.HEADERS_TOO_LARGE: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    ProblemType.CONFLICT: HTTPStatus.CONFLICT,
    ProblemType.ALREADY_EXISTS: HTTPStatus.CONFLICT,
    ProblemType.STALE_VERSION: HTTPStatus.PRECONDITION_FAILED,
    ProblemType.VERSION_REQUIRED: HTTPStatus.PRECONDITION_REQUIRED,
    ProblemType.IDEMPOTENCY_KEY_REUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProblemType.TOO_MANY_REQUESTS: HTTPStatus.TOO_MANY_REQUESTS,
    ProblemType.CALENDAR_REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProblemType.HOURS_OUT_OF_RANGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProblemType.WEEK_REFUSED: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProblemType.SITE_NOT_READY: HTTPStatus.CONFLICT,
    ProblemType.SOLVE_FINISHED: HTTPStatus.CONFLICT,
    ProblemType.SOLVE_FAILED: HTTPStatus.CONFLICT,
    ProblemType.TIMETABLE_REFUSED: HTTPStatus.CONFLICT,
    ProblemType.DOUBLE_BOOKING: HTTPStatus.CONFLICT,
    ProblemType.NO_SEAT: HTTPStatus.CONFLICT,
    ProblemType.DISCLOSURE_DENIED: HTTPStatus.FORBIDDEN,
    ProblemType.CONSENT_INCOMPLETE: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProblemType.RULES_BROKEN: HTTPStatus.CONFLICT,
    ProblemType.UPSTREAM_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ProblemType.DATABASE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ProblemType.OVERLOADED: HTTPStatus.SERVICE_UNAVAILABLE,
    ProblemType.DEADLINE_EXCEEDED: HTTPStatus.GATEWAY_TIMEOUT,
    ProblemType.INTERNAL_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
}

_RETRY_AFTER_SECONDS: Final = "2"
_REALM: Final = 'realm="eventide"'
_TOKEN_ERRORS: Final = {
    "invalid-token": ("Bearer", "invalid_token"),
    "insufficient-scope": ("Bearer", "insufficient_scope"),
    "insufficient-user-authentication": ("Bearer", "insufficient_user_authentication"),
    "dpop-proof-required": ("DPoP", "invalid_token"),
    "invalid-dpop-proof": ("DPoP", "invalid_dpop_proof"),
    "use-dpop-nonce": ("DPoP", "use_dpop_nonce"),
}

# Pydantic's own words for these quote the refused value or a piece of it; for all others they quote only our limits.
_WORDS: Final = {
    "uuid_parsing": "must be a UUID",
    "uuid_type": "must be a UUID",
    "json_invalid": "must be valid JSON, each member of an object once and every number one (RFC 7493)",
    "date_parsing": "must be a date, YYYY-MM-DD",
    "date_from_datetime_parsing": "must be a date, YYYY-MM-DD",
    "datetime_parsing": "must be an RFC 3339 date-time with an offset",
    "datetime_from_date_parsing": "must be an RFC 3339 date-time with an offset",
    "time_parsing": "must be a time, HH:MM",
    "int_parsing": "must be an integer",
    "int_from_float": "must be an integer",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
    "extra_forbidden": "is no member of this resource: leave it out",
    "string_unicode": "must be valid Unicode text",
    "model_attributes_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "model_type": "must be a JSON object",
}
_A_MEMBER_S_NAME: Final = re.compile(r"[a-z][A-Za-z0-9_]{0,39}")
_QUOTABLE: Final = frozenset(
    {
        "missing", "enum", "literal_error", "multiple_of", "finite_number",
        "greater_than", "greater_than_equal", "less_than", "less_than_equal",
        "string_type", "string_too_short", "string_too_long", "string_pattern_mismatch",
        "too_short", "too_long", "list_type", "set_type", "frozen_set_type", "int_type", "float_type", "bool_type",
        "date_type", "datetime_type", "time_type", "date_from_datetime_inexact",
    }
)  # fmt: skip


def problem_document(
    problem: ProblemType, detail: str, *, code: str = "", errors: tuple[InvalidField, ...] = ()
) -> ProblemDetails:
    """Make the problem document of the present request."""
    status = STATUSES[problem]
    return ProblemDetails(
        type=problem.urn,
        title=problem.value.replace("-", " ").capitalize(),
        status=status.value,
        detail=detail,
        instance=f"urn:uuid:{current().request_id}",
        code=code,
        errors=list(errors),
    )


def problem_response(
    document: ProblemDetails, *, headers: dict[str, str] | None = None, members: Mapping[str, Any] | None = None
) -> Response:
    """Answer with a problem document, and with what its status obliges us to send along."""
    extra = dict(headers or {})
    challenge = _challenge(document, members or {})
    if challenge is not None:
        extra["WWW-Authenticate"] = challenge
    if document.status in (HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS):
        extra.setdefault("Retry-After", _RETRY_AFTER_SECONDS)
    body = document.model_dump(mode="json")
    for member in ("code", "errors"):
        if not body[member]:
            del body[member]
    body |= members or {}
    return Response(orjson.dumps(body), status_code=document.status, media_type=MEDIA_TYPE, headers=extra)


def _challenge(document: ProblemDetails, members: Mapping[str, Any]) -> str | None:
    """Return what says how to authenticate (RFC 6750, 3; RFC 9449, 7.1): without an error where nothing was sent."""
    if document.code not in _TOKEN_ERRORS:
        return f"Bearer {_REALM}" if document.status == HTTPStatus.UNAUTHORIZED else None
    scheme, error = _TOKEN_ERRORS[document.code]
    asked = f', acr_values="{members["acr_values"]}", max_age={members["max_age"]}' if "max_age" in members else ""
    return f'{scheme} {_REALM}, error="{error}"{asked}'


def respond_to(error: ServiceError) -> Response:
    """Answer a refusal."""
    document = problem_document(error.problem, error.detail, code=error.code, errors=error.errors)
    seconds = error.retry_after_seconds
    headers = None if seconds is None else {"Retry-After": str(seconds)}
    return problem_response(document, headers=headers, members=error.members)


def respond_to_invalid(error: RequestValidationError) -> Response:
    """Answer a request that is not what its route takes."""
    fields = invalid_fields(error)
    return problem_response(
        problem_document(
            ProblemType.INVALID_REQUEST, "The request was refused; errors says where and why.", errors=fields
        )
    )


def invalid_fields(error: RequestValidationError) -> tuple[InvalidField, ...]:
    """Say of each refused member where it is and what would be right, never what was sent."""
    return tuple(_invalid_field(entry) for entry in error.errors())


def _invalid_field(entry: dict[str, Any]) -> InvalidField:
    location, *path = (str(part) for part in entry["loc"])
    kind = entry["type"]
    if kind == "extra_forbidden" and not _A_MEMBER_S_NAME.fullmatch(path[-1]):
        path = path[:-1]  # whatever else stands where a name belongs is the caller's text, and not echoed
    if kind == "json_invalid":
        path = []
    pointer = (
        "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
        if location == "body"
        else ".".join(path)
    )
    return InvalidField(location=location, pointer=pointer, detail=_words(kind, entry))


def _words(kind: str, entry: dict[str, Any]) -> str:
    if kind == "value_error":
        return str(entry["ctx"]["error"])
    return _WORDS.get(kind) or (entry["msg"] if kind in _QUOTABLE else "is not valid here")


def install(app: FastAPI) -> None:
    """Answer every error of an application with a problem document."""

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, ServiceError)  # noqa: S101 - the registration below says so
        return respond_to(error)

    async def invalid(_request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        return respond_to_invalid(error)

    async def unrouted(_request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteHTTPException)  # noqa: S101 - as above
        return _from_framework(error)

    app.add_exception_handler(ServiceError, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(StarletteHTTPException, unrouted)


def _from_framework(error: StarletteHTTPException) -> Response:
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        document = problem_document(ProblemType.NOT_FOUND, "There is nothing here that you may see.")
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        document = problem_document(
            ProblemType.METHOD_NOT_ALLOWED, "This resource has other methods; Allow lists them."
        )
    else:
        document = problem_document(
            ProblemType.MALFORMED_REQUEST,
            f"The request could not be read as HTTP with a JSON body in UTF-8 of at most {DEEPEST_BODY} levels.",
        )
    return problem_response(document, headers=headers)
