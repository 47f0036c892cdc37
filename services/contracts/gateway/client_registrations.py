"""Applications that register themselves (RFC 7591, RFC 7592), and the permits with which organizations let them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.base import Name, RequestModel, ResourceModel
from services.contracts.gateway.oauth_clients import ScopeText, Uri
from services.contracts.identifiers import AccountId, RegistrationPermitId


class RegistrationPermitRequest(RequestModel):
    """What applications may register themselves for, how many, and for how long."""

    name: Name = Field(description="For whom it is meant; nobody else reads it.")
    scopes: Annotated[list[ScopeText], Field(min_length=1, max_length=100)] = Field(
        description="The scopes that they may register for, each as it is written here."
    )
    uses: Annotated[int, Field(ge=1, le=100)] = 1
    days: Annotated[int, Field(ge=1, le=90)] = 7


class RegistrationPermit(ResourceModel):
    """A permit, without the token that it is used by."""

    id: RegistrationPermitId
    name: str
    scopes: list[str]
    uses_left: int
    created_by: AccountId
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class NewRegistrationPermit(RegistrationPermit):
    """A permit as it was made; the token is shown this once."""

    initial_access_token: str = Field(description="Sent as a bearer token to the registration endpoint (RFC 7591, 3).")


class ClientMetadata(BaseModel):
    """What an application says of itself (RFC 7591, 2); what is not named here is neither read nor kept."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True, strict=True)

    redirect_uris: Annotated[list[Uri], Field(max_length=10)] = []
    token_endpoint_auth_method: str = "client_secret_basic"  # noqa: S105 - RFC 7591's default, which is refused here
    grant_types: Annotated[list[str], Field(min_length=1, max_length=10)] = ["authorization_code"]
    response_types: Annotated[list[str], Field(max_length=10)] = ["code"]
    client_name: Name
    scope: Annotated[str, Field(min_length=1, max_length=4000)]
    jwks: dict[str, Any] | None = None
    jwks_uri: Uri | None = None
    application_type: str = "web"
    dpop_bound_access_tokens: bool = False
    software_statement: str | None = None


class ClientUpdate(ClientMetadata):
    """All that an application is to be from now on (RFC 7592, 2.2)."""

    client_id: str


class ClientInformation(BaseModel):
    """A registered application (RFC 7591, 3.2.1); a member that does not apply is absent, as that standard has it."""

    model_config = ConfigDict(frozen=True)

    client_id: UUID
    client_id_issued_at: int
    registration_access_token: str = Field(description="For the address below alone (RFC 7592).")
    registration_client_uri: str
    client_name: str
    redirect_uris: list[str]
    grant_types: list[str]
    response_types: list[str]
    token_endpoint_auth_method: str
    scope: str
    jwks: dict[str, Any] | None = None
    jwks_uri: str | None = None
    dpop_bound_access_tokens: bool
