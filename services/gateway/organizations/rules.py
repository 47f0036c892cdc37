"""Who may know of an organization."""

from services.contracts.identifiers import OrganizationId
from services.contracts.identity import Principal, Role


def may_see(principal: Principal, organization_id: OrganizationId) -> bool:
    """Say whether a caller may know that an organization exists: the caller's own, or all for who runs them."""
    return principal.organization_id == organization_id or Role.PLATFORM_OPERATOR in principal.roles
