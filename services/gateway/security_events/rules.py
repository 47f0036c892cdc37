"""What an event says and where it belongs; pure."""

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.contracts.gateway.organizations import PlacementOrder
from services.contracts.gateway.security_events import SecurityEventKind
from services.contracts.identifiers import AccountId, IdentityProviderId, LoginSessionId, OauthClientId, OrganizationId
from services.contracts.identity import Role

INSTALLATION: Final = OrganizationId(UUID(int=0))
"""Whose trail holds what belongs to no organization: the operator's doings, and attempts with unknown names."""
_SHOWN_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is told: ids, words of ours and keyed digests; of what somebody typed, a court's number alone."""

    kind: SecurityEventKind
    organization_id: OrganizationId | None
    by: AccountId | None = None
    account_id: AccountId | None = None
    login_session_id: LoginSessionId | None = None
    organization_added_id: OrganizationId | None = None
    oauth_client_id: OauthClientId | None = None
    identity_provider_id: IdentityProviderId | None = None
    roles_before: Collection[Role] | None = None
    roles: Collection[Role] | None = None
    key_id: str | None = None
    scopes: Collection[str] | None = None
    amr: Collection[str] | None = None
    reason: str | None = None
    order: PlacementOrder | None = None
    name_tried: str | None = None
    network: str | None = None
    operation_id: str | None = None
    times: int | None = None
    request_id: UUID | None = None
    """Of the request that it tells of, where another one writes it."""

    @property
    def trail(self) -> OrganizationId:
        """Whose trail it belongs to."""
        return INSTALLATION if self.organization_id is None else self.organization_id

    def members(self) -> dict[str, Any]:
        """Return what is written of it."""
        told = {
            "kind": self.kind,
            "by": self.by,
            "account_id": self.account_id,
            "login_session_id": self.login_session_id,
            "organization_added_id": self.organization_added_id,
            "oauth_client_id": self.oauth_client_id,
            "identity_provider_id": self.identity_provider_id,
            "roles_before": _sorted(self.roles_before),
            "roles": _sorted(self.roles),
            "key_id": self.key_id,
            "scopes": _sorted(self.scopes),
            "amr": None if self.amr is None else list(self.amr),
            "reason": self.reason,
            "court_order_id": None if self.order is None else self.order.order_id,
            "court_order_expires_on": None if self.order is None else self.order.expires_on.isoformat(),
            "name_tried": self.name_tried,
            "network": self.network,
            "operation_id": self.operation_id,
            "times": self.times,
        }
        return {name: value for name, value in told.items() if value is not None}


def stand_in(key: bytes, kind: str, text: str) -> str:
    """Return what stands for an address: the same for the same one, and nothing without the key."""
    message = f"{kind}\0{text}".encode("utf-8", "surrogatepass")
    return hmac.digest(key, message, "sha256")[:_SHOWN_BYTES].hex()


def refused_in(workplaces: Collection[OrganizationId], named: OrganizationId | None) -> OrganizationId | None:
    """Say whose trail a refused sign-in belongs to: where the person works, if that is one place.

    None is the installation's: for a name that nobody has, and for a person of several workplaces who named none.
    """
    if named in workplaces:
        return named
    return next(iter(workplaces)) if len(workplaces) == 1 else None


def _sorted(words: Collection[str] | None) -> list[str] | None:
    return None if words is None else sorted(words)
