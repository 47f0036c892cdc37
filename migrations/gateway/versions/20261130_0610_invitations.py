"""Who is invited to work in an organization."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import protect

revision = "20261130_0610"
down_revision = "20261130_0600"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("roles", ARRAY(sa.Text()), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("accepted_at", _INSTANT),
        sa.Column("revoked_at", _INSTANT),
        sa.Column("account_id", sa.Uuid()),
        sa.PrimaryKeyConstraint("organization_id", "id", name="invitations_pkey"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="invitations_organization_id_fkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["memberships.organization_id", "memberships.account_id"],
            name="invitations_organization_id_account_id_fkey",
        ),
        sa.UniqueConstraint("organization_id", "secret_hash", name="invitations_secret_hash_key"),
        sa.CheckConstraint("cardinality(roles) > 0", name="invitations_roles_any_check"),
        sa.CheckConstraint("num_nonnulls(accepted_at, revoked_at) < 2", name="invitations_once_check"),
        sa.CheckConstraint("(accepted_at is null) = (account_id is null)", name="invitations_accepted_check"),
        sa.CheckConstraint("language in ('en', 'es')", name="invitations_language_check"),
    )
    op.create_index(
        "invitations_one_open_idx",
        "invitations",
        ["organization_id", "email"],
        unique=True,
        postgresql_where=sa.text("accepted_at is null and revoked_at is null"),
    )
    protect("invitations", "gateway", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table("invitations")
