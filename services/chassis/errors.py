"""Refusals, one class each, without a status: the edge maps their problem type to one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from services.contracts.problems import InvalidField, ProblemType


class ServiceError(Exception):
    """A refusal that the caller can act on; its text never holds a refused value or a person's data.

    `members` extend the problem document (RFC 9457, 3.2): JSON, and only what whoever may call the route may read.
    """

    problem: ClassVar[ProblemType]

    def __init__(
        self,
        detail: str,
        *,
        code: str = "",
        errors: tuple[InvalidField, ...] = (),
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code
        self.errors = errors
        self.members = members or {}
        self.retry_after_seconds: int | None = None


class AuthenticationRequiredError(ServiceError):
    """The route needs a token, and none was sent."""

    problem = ProblemType.AUTHENTICATION_REQUIRED

    def __init__(self) -> None:
        super().__init__("Send a valid bearer token in Authorization; sign in again if yours has expired.")


class TokenNotTakenError(ServiceError):
    """A token was sent, and does not verify here and now; why is not told to a stranger (RFC 6750, 3.1)."""

    problem = ProblemType.AUTHENTICATION_REQUIRED

    def __init__(self) -> None:
        super().__init__(
            "Send a valid bearer token in Authorization; sign in again if yours has expired.", code="invalid-token"
        )


class NotAllowedError(ServiceError):
    """The caller is known, and none of the caller's roles may do this."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__("None of your roles may do this. An administrator of your organization can grant one.")


class InsufficientScopeError(ServiceError):
    """The person may, but the application that asks was not granted it (RFC 6750, 3.1)."""

    problem = ProblemType.NOT_ALLOWED

    def __init__(self) -> None:
        super().__init__(
            "The application was not granted a scope that reaches this; ask for one at the authorization endpoint.",
            code="insufficient-scope",
        )


class StaleAuthenticationError(ServiceError):
    """The person may, and has to prove a second factor first, or once more (RFC 9470, 3)."""

    problem = ProblemType.AUTHENTICATION_REQUIRED

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Prove a second factor of the last {seconds} seconds: POST a code to "
            "/v1/login_sessions/{session_id}:step_up and use the token that it gives.",
            code="insufficient-user-authentication",
            members={"acr_values": "aal2", "max_age": seconds},
        )


class NotFoundError(ServiceError):
    """The thing does not exist, or the caller may not know that it does: the same words for both."""

    problem = ProblemType.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is nothing here that you may see.")


class InvalidRequestError(ServiceError):
    """A value that is well-formed and still wrong; names its place and the remedy."""

    problem = ProblemType.INVALID_REQUEST

    def __init__(self, pointer: str, detail: str, *, location: str = "body", code: str = "") -> None:
        super().__init__(
            "The request was refused; errors says where and why.",
            code=code,
            errors=(InvalidField(location=location, pointer=pointer, detail=detail),),
        )


class BodyTooLargeError(ServiceError):
    """More bytes than the route takes."""

    problem = ProblemType.BODY_TOO_LARGE

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body may have at most {limit} bytes.")


class StaleVersionError(ServiceError):
    """The caller's If-Match names a version that is no longer current."""

    problem = ProblemType.STALE_VERSION


class VersionRequiredError(ServiceError):
    """The write is conditional and If-Match is missing (RFC 6585, 3)."""

    problem = ProblemType.VERSION_REQUIRED

    def __init__(self) -> None:
        super().__init__('Send If-Match with the version you read, such as If-Match: "3".')


class IdempotencyKeyReusedError(ServiceError):
    """The same Idempotency-Key came with another request."""

    problem = ProblemType.IDEMPOTENCY_KEY_REUSED

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key belongs to another request; send a fresh one.")


class UpstreamUnavailableError(ServiceError):
    """Another service did not answer, or not as documented."""

    problem = ProblemType.UPSTREAM_UNAVAILABLE

    def __init__(self, service: str) -> None:
        super().__init__(
            f"The {service} service does not answer at the moment; nothing was changed. Try again shortly."
        )


class DatabaseUnavailableError(ServiceError):
    """The database cannot be reached or is restarting."""

    problem = ProblemType.DATABASE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The database does not answer at the moment; nothing was changed. Try again shortly.")


class DatabaseInterruptedError(ServiceError):
    """The connection to the database ended during a request: of a write nobody knows yet whether it was saved."""

    problem = ProblemType.DATABASE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__(
            "The connection to the database ended during the request. Send it again,"
            " a write with its Idempotency-Key: then it is done once.",
            code="interrupted",
        )


class ContentionError(ServiceError):
    """Two writes met on the same rows and the database let one of them go."""

    problem = ProblemType.CONFLICT

    def __init__(self) -> None:
        super().__init__("Somebody changed the same things at this moment; nothing was changed. Send it again.")


class DeadlineExceededError(ServiceError):
    """The time the caller gave is over."""

    problem = ProblemType.DEADLINE_EXCEEDED

    def __init__(self) -> None:
        super().__init__("The request took longer than its deadline; a write may be retried with its Idempotency-Key.")
