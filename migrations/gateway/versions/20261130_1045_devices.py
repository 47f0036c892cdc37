"""Devices without a keyboard, which a person lets in from another screen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import share

revision = "20261130_1045"
down_revision = "20261130_0655"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_BEFORE = "grant_types <@ array['authorization_code', 'client_credentials']"
_NOW = (
    "grant_types <@ array['authorization_code', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code']"
)


def upgrade() -> None:
    _take_grant_types(_NOW)
    op.create_table(
        "device_authorizations",
        sa.Column("device_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", ARRAY(sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Uuid()),
        sa.Column("grant_id", sa.Uuid()),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("polled_at", _INSTANT),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("device_hash", name="device_authorizations_pkey"),
        sa.UniqueConstraint("user_code_hash", name="device_authorizations_user_code_hash_key"),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_clients.id"], name="device_authorizations_client_id_fkey"),
        sa.CheckConstraint(
            "status in ('pending', 'allowed', 'declined')", name=op.f("device_authorizations_status_check")
        ),
        sa.CheckConstraint(
            "num_nonnulls(organization_id, grant_id) = 2 * (status = 'allowed')::int",
            name=op.f("device_authorizations_granted_check"),
        ),
    )
    op.create_index("device_authorizations_expires_at_idx", "device_authorizations", ["expires_at"])
    share("device_authorizations", "gateway")


def downgrade() -> None:
    op.drop_table("device_authorizations")
    _take_grant_types(_BEFORE)


def _take_grant_types(check: str) -> None:
    name = op.f("oauth_clients_oauth_clients_grant_types_check_check")
    op.drop_constraint(name, "oauth_clients")
    op.create_check_constraint(name, "oauth_clients", check)
