"""Which organization a sign-in is for."""

from collections.abc import Sequence

from services.contracts.identifiers import OrganizationId


def chosen_organization(workplaces: Sequence[OrganizationId], named: OrganizationId | None) -> OrganizationId | None:
    """Return the organization named if the person works there, or the only one; None where there is none."""
    if named is not None:
        return named if named in workplaces else None
    return workplaces[0] if len(workplaces) == 1 else None
