"""Passkeys: keys that a person's devices keep and sign with (W3C Web Authentication Level 3)."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr

from services.contracts.base import Name, RequestModel, ResourceModel
from services.contracts.identifiers import OrganizationId, PasskeyId

PasskeyAnswer = Annotated[
    dict[str, Any],
    Field(description="What the browser's PublicKeyCredential gives with toJSON() (Web Authentication 3, 5.1)."),
]
"""An authenticator's answer as the browser hands it on; the standard lets it have members that nobody knows yet."""


class PasskeyOptionsRequest(RequestModel):
    """Begins to add a passkey; who has neither a second factor nor a passkey yet proves the password once more."""

    password: SecretStr | None = None


class PasskeyOptions(ResourceModel):
    """What a browser is told, with a challenge that is good for five minutes and opens once."""

    public_key: dict[str, Any] = Field(
        description="The `publicKey` of navigator.credentials.create() or get(), in JSON (Web Authentication 3, 5.1)."
    )


class PasskeyRequest(RequestModel):
    """A new passkey, and what its person calls it."""

    name: Name
    credential: PasskeyAnswer


class PasskeyNameRequest(RequestModel):
    """What a passkey is called from now on."""

    name: Name


class Passkey(ResourceModel):
    """A passkey of the caller."""

    id: PasskeyId
    name: str
    created_at: datetime
    last_used_at: datetime | None
    is_synced: bool = Field(description="Whether its device told that it is kept in more than one place.")


class PasskeyLoginRequest(RequestModel):
    """Signs in with a passkey, of which the browser knows whose it is; the organization as in a LoginRequest."""

    credential: PasskeyAnswer
    organization_id: OrganizationId | None = None
    keep_in: Literal["answer", "cookie"] = "answer"
