"""Applications that register themselves, and the permits with which organizations let them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import protect

revision = "20261130_1650"
down_revision = "20261130_1641"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_REGISTERED = (
    "num_nonnulls(permit_id, registration_hash) in (0, 2) and (permit_id is null or organization_id is not null)"
)


def upgrade() -> None:
    op.create_table(
        "registration_permits",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", ARRAY(sa.Text()), nullable=False),
        sa.Column("uses_left", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("revoked_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="registration_permits_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="registration_permits_organization_id_fkey"
        ),
        sa.UniqueConstraint("organization_id", "token_hash", name="registration_permits_token_hash_key"),
        sa.CheckConstraint("cardinality(scopes) > 0", name="registration_permits_scopes_any_check"),
        sa.CheckConstraint("uses_left >= 0", name="registration_permits_uses_left_check"),
    )
    protect("registration_permits", "gateway", grants="select, insert, update")
    op.add_column("oauth_clients", sa.Column("permit_id", sa.Uuid()))
    op.add_column("oauth_clients", sa.Column("registration_hash", sa.LargeBinary()))
    op.add_column("oauth_clients", sa.Column("expires_at", _INSTANT))
    op.create_check_constraint(op.f("oauth_clients_registered_check"), "oauth_clients", _REGISTERED)


def downgrade() -> None:
    op.drop_column("oauth_clients", "expires_at")
    op.drop_column("oauth_clients", "registration_hash")
    op.drop_column("oauth_clients", "permit_id")
    op.drop_table("registration_permits")
