"""Devices that have their tokens are kept until they expire, so that a copied code is noticed."""

from alembic import op

revision = "20261130_1100"
down_revision = "20261130_1045"
branch_labels = None
depends_on = None

_STATUS = "status in ({})"
_GRANTED = "num_nonnulls(organization_id, grant_id) = 2 * ({})::int"


def upgrade() -> None:
    _take("'pending', 'allowed', 'declined', 'told'", "status in ('allowed', 'told')")


def downgrade() -> None:
    op.execute("delete from device_authorizations where status = 'told'")
    _take("'pending', 'allowed', 'declined'", "status = 'allowed'")


def _take(statuses: str, granted: str) -> None:
    for name, check in (("status", _STATUS.format(statuses)), ("granted", _GRANTED.format(granted))):
        constraint = op.f(f"device_authorizations_{name}_check")
        op.drop_constraint(constraint, "device_authorizations")
        op.create_check_constraint(constraint, "device_authorizations", check)
