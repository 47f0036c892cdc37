"""Problem documents (RFC 9457) and the registry of their types."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class ProblemType(StrEnum):
    """Every refusal the API knows; the value is the stable last part of the `type` URN."""

    AUTHENTICATION_REQUIRED = "authentication-required"
    CREDENTIALS_REFUSED = "credentials-refused"
    NOT_ALLOWED = "not-allowed"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    MALFORMED_REQUEST = "malformed-request"
    INVALID_REQUEST = "invalid-request"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    BODY_TOO_LARGE = "body-too-large"
    HEADERS_TOO_LARGE = "headers-too-large"
    CONFLICT = "conflict"
    ALREADY_EXISTS = "already-exists"
    STALE_VERSION = "stale-version"
    VERSION_REQUIRED = "version-required"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    TOO_MANY_REQUESTS = "too-many-requests"
    CALENDAR_REFUSED = "calendar-refused"
    HOURS_OUT_OF_RANGE = "hours-out-of-range"
    WEEK_REFUSED = "week-refused"
    SITE_NOT_READY = "site-not-ready"
    SOLVE_FINISHED = "solve-finished"
    SOLVE_FAILED = "solve-failed"
    TIMETABLE_REFUSED = "timetable-refused"
    DOUBLE_BOOKING = "double-booking"
    NO_SEAT = "no-seat"
    DISCLOSURE_DENIED = "disclosure-denied"
    CONSENT_INCOMPLETE = "consent-incomplete"
    RULES_BROKEN = "rules-broken"
    UPSTREAM_UNAVAILABLE = "upstream-unavailable"
    DATABASE_UNAVAILABLE = "database-unavailable"
    OVERLOADED = "overloaded"
    DEADLINE_EXCEEDED = "deadline-exceeded"
    INTERNAL_ERROR = "internal-error"

    @property
    def urn(self) -> str:
        """The `type` member of a problem document: a URN, so that nobody is tempted to fetch it."""
        return f"urn:eventide:problem:{self.value}"


class InvalidField(BaseModel):
    """One member of a request that was refused, without the refused value."""

    model_config = ConfigDict(frozen=True)

    location: str = Field(description="Where it was: body, query, path or header.")
    pointer: str = Field(description="JSON Pointer (RFC 6901) in the body, or the parameter's name.")
    detail: str = Field(description="What is wrong, and what would be right.")


class ProblemDetails(BaseModel):
    """A problem document (RFC 9457); it never carries a refused value or a person's data."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str = Field(description="urn:uuid: of the request, to quote to support.")
    code: str = Field(default="", description="A finer, stable code of the fact, where the type has several.")
    errors: list[InvalidField] = Field(default_factory=list)
