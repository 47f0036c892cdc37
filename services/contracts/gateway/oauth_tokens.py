"""What the token endpoint and introspection answer: the members that RFC 6749, RFC 7662 and SMART name."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class OauthTokens(BaseModel):
    """Tokens (RFC 6749, 5.1); a member that does not apply is absent, as these standards have it."""

    model_config = ConfigDict(frozen=True)

    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds until the access token expires.")
    scope: str = Field(description="What was granted, which may be less than what was asked for.")
    refresh_token: str | None = None
    id_token: str | None = Field(default=None, description="Who signed in (OpenID Connect), signed with RS256.")
    patient: UUID | None = Field(default=None, description="The patient in context (SMART App Launch).")
    encounter: UUID | None = None
    need_patient_banner: bool | None = None


class OauthRefusal(BaseModel):
    """Why not (RFC 6749, 5.2); never a value that was sent."""

    model_config = ConfigDict(frozen=True)

    error: str
    error_description: str


class ConfirmedKey(BaseModel):
    """The key that a token is bound to (RFC 7800, 3.1)."""

    model_config = ConfigDict(frozen=True)

    jkt: str = Field(description="The key's RFC 7638 thumbprint, with SHA-256.")


class Introspection(BaseModel):
    """What a token is good for (RFC 7662); of one that is not good only that."""

    model_config = ConfigDict(frozen=True)

    active: bool
    scope: str | None = None
    client_id: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iss: str | None = None
    sub: str | None = None
    cnf: ConfirmedKey | None = Field(default=None, description="What the token is bound to (RFC 9449, 6.2).")
    patient: UUID | None = None
    encounter: UUID | None = None
    fhir_user: str | None = Field(default=None, serialization_alias="fhirUser")


class DeviceAuthorization(BaseModel):
    """What a device shows, and what it asks with (RFC 8628, 3.2)."""

    model_config = ConfigDict(frozen=True)

    device_code: str
    user_code: str = Field(description="What the person types on the page: eight letters, none of them a vowel.")
    verification_uri: str
    verification_uri_complete: str = Field(description="The page with the code in it, to be shown as a QR code.")
    expires_in: int = Field(description="Seconds until both codes are over.")
    interval: int = Field(description="Seconds to wait between two questions to the token endpoint.")


class PushedAuthorization(BaseModel):
    """Where the parameters wait that were pushed (RFC 9126)."""

    model_config = ConfigDict(frozen=True)

    request_uri: str
    expires_in: int
