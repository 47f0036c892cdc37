"""What is true of wishes to be in a group: the newest of each group stands. Pure."""

from collections.abc import Iterable

from services.contracts.records.recovery_groups import (
    RecoveryGroup,
    RecoveryGroupChoice,
    RecoveryGroupChoiceRequest,
)


def standing(choices: Iterable[RecoveryGroupChoice]) -> dict[RecoveryGroup, RecoveryGroupChoice]:
    """Return the newest wish about each group that somebody has said one about."""
    return {one.group: one for one in sorted(choices, key=lambda one: one.number)}


def joined(choices: Iterable[RecoveryGroupChoice]) -> list[RecoveryGroup]:
    """Return the groups that somebody wishes to be in; whoever has said nothing is in none."""
    return sorted(group for group, one in standing(choices).items() if one.joins)


def overrides(request: RecoveryGroupChoiceRequest, choices: Iterable[RecoveryGroupChoice]) -> bool:
    """Whether somebody else enters a patient in a group out of which the patient has opted by the own account.

    What somebody else wrote down since then does not count: it cannot have let anybody in again.
    """
    own = standing(one for one in choices if one.by_patient).get(request.group)
    return request.joins and own is not None and not own.joins
