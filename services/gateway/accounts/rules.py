"""Which roles can be given in an organization."""

from typing import Final

from services.contracts.identity import Role

GRANTABLE_ROLES: Final = frozenset(Role) - {Role.PLATFORM_OPERATOR}
"""A platform operator belongs to no organization, so no organization can make one."""
