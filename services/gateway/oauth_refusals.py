"""How the authorization server refuses: in the words of RFC 6749, where everything else answers with a problem."""

from http import HTTPStatus
from typing import ClassVar, Final

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


class OauthRefusalError(Exception):
    """A refusal with one of the codes that clients know; its text never holds a refused value."""

    error: ClassVar[str]
    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    challenge: ClassVar[str | None] = None
    """What `WWW-Authenticate` asks for (RFC 6750, 3)."""

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description


class InvalidOauthRequestError(OauthRefusalError):
    """A parameter is missing, repeated, or makes no sense."""

    error = "invalid_request"


class InvalidClientError(OauthRefusalError):
    """The application is unknown, or has not proved to be itself; it is not said which."""

    error = "invalid_client"
    status = HTTPStatus.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__("The application could not be authenticated.")


class InvalidGrantError(OauthRefusalError):
    """The code or refresh token is not good here and now; it is not said why."""

    error = "invalid_grant"

    def __init__(self) -> None:
        super().__init__("The code or refresh token is unknown, used, expired, or another application's.")


class UnauthorizedClientError(OauthRefusalError):
    """The application is not registered for this grant type."""

    error = "unauthorized_client"

    def __init__(self) -> None:
        super().__init__("The application is not registered for this grant type.")


class UnsupportedGrantTypeError(OauthRefusalError):
    """There is no such grant type here."""

    error = "unsupported_grant_type"

    def __init__(self) -> None:
        super().__init__("Use authorization_code, refresh_token, client_credentials or the device code's.")


class InvalidScopeError(OauthRefusalError):
    """Nothing of what was asked for can be granted."""

    error = "invalid_scope"

    def __init__(self) -> None:
        super().__init__("None of these scopes can be granted to this application.")


class AuthorizationPendingError(OauthRefusalError):
    """The person has not decided yet (RFC 8628, 3.5)."""

    error = "authorization_pending"

    def __init__(self) -> None:
        super().__init__("The person has not decided yet. Ask again after the interval.")


class SlowDownError(OauthRefusalError):
    """The device asks too often (RFC 8628, 3.5)."""

    error = "slow_down"

    def __init__(self) -> None:
        super().__init__("Wait five seconds longer between questions from now on.")


class AccessDeniedError(OauthRefusalError):
    """The person declined (RFC 8628, 3.5)."""

    error = "access_denied"

    def __init__(self) -> None:
        super().__init__("The person declined.")


class ExpiredTokenError(OauthRefusalError):
    """The device waited for too long (RFC 8628, 3.5)."""

    error = "expired_token"

    def __init__(self) -> None:
        super().__init__("The codes are over. Ask for new ones.")


class InvalidDpopProofError(OauthRefusalError):
    """The proof of possession is missing where it has to be, or is not good for this request; it is not said why."""

    error = "invalid_dpop_proof"

    def __init__(self) -> None:
        super().__init__("Send in DPoP a fresh proof for POST to this very endpoint (RFC 9449, 4.2).")


class UseDpopNonceError(OauthRefusalError):
    """The proof has no nonce of ours, or one that is over (RFC 9449, 8)."""

    error = "use_dpop_nonce"

    def __init__(self) -> None:
        super().__init__("Make the proof again with the nonce in DPoP-Nonce.")


def install_oauth_refusals(app: FastAPI) -> None:
    """Answer these refusals as RFC 6749, 5.2 says."""

    async def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, OauthRefusalError)  # noqa: S101 - the registration below says so
        challenged = {} if error.challenge is None else {"WWW-Authenticate": error.challenge}
        return JSONResponse(
            {"error": error.error, "error_description": error.description},
            status_code=error.status,
            headers=NO_STORE | challenged,
        )

    app.add_exception_handler(OauthRefusalError, refused)
