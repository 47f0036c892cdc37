"""How registration refuses (RFC 7591, 3.2.2): never with a value that was sent."""

from http import HTTPStatus
from typing import Final

from services.gateway.oauth_refusals import OauthRefusalError


class InvalidRedirectUriError(OauthRefusalError):
    """A redirect URI is not https, or not exact."""

    error = "invalid_redirect_uri"


class InvalidClientMetadataError(OauthRefusalError):
    """A member is missing, malformed, or asks for what is not given."""

    error = "invalid_client_metadata"


class UnapprovedStatementError(OauthRefusalError):
    """The application brings a software statement, and nobody's are believed here."""

    error = "unapproved_software_statement"


class RegistrationTokenError(OauthRefusalError):
    """The token is missing, unknown, used up or over; it is not said which (RFC 6750, 3.1)."""

    error = "invalid_token"
    status = HTTPStatus.UNAUTHORIZED
    challenge = 'Bearer error="invalid_token"'

    def __init__(self) -> None:
        super().__init__("Send in Authorization, as a bearer token, the one that you were given for this.")


_OF_MEMBERS: Final = {"redirect_uris": InvalidRedirectUriError, "software_statement": UnapprovedStatementError}


def refusal_of(member: str, description: str) -> OauthRefusalError:
    """Return the refusal for a member that is not as it must be."""
    return _OF_MEMBERS.get(member, InvalidClientMetadataError)(description)
