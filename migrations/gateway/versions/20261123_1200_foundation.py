"""Organizations, accounts, where they work, and login sessions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.operations import protect, share

revision = "20261123_1200"
down_revision = None
branch_labels = None
depends_on = None

_GRANTABLE = (
    "'front_desk', 'counsellor', 'supervisor', 'prescriber', 'nurse', 'lab', 'billing', 'programme_director', "
    "'organization_admin', 'auditor', 'patient', 'family'"
)


def upgrade() -> None:
    _spanning_tables()
    _tenant_tables()
    for table in ("organizations", "accounts", "workplaces"):
        share(table, "gateway", grants="select, insert, update")
    for table in ("memberships", "login_sessions", "idempotency_keys"):
        protect(table, "gateway")


def _spanning_tables() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="organizations_pkey"),
    )
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="accounts_pkey"),
        sa.UniqueConstraint("email", name="accounts_email_key"),
        sa.CheckConstraint("email = lower(email)", name=op.f("accounts_email_lower_check")),
    )
    op.create_table(
        "workplaces",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "account_id", name="workplaces_pkey"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="workplaces_organization_id_fkey"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="workplaces_account_id_fkey"),
    )
    op.create_index("workplaces_account_id_idx", "workplaces", ["account_id"])


def _tenant_tables() -> None:
    op.create_table(
        "memberships",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "account_id", name="memberships_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["workplaces.organization_id", "workplaces.account_id"],
            name="memberships_organization_id_account_id_fkey",
        ),
        sa.CheckConstraint("cardinality(roles) > 0", name=op.f("memberships_roles_any_check")),
        sa.CheckConstraint(f"roles <@ array[{_GRANTABLE}]", name=op.f("memberships_roles_grantable_check")),
    )
    op.create_table(
        "login_sessions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("expires_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="login_sessions_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["memberships.organization_id", "memberships.account_id"],
            name="login_sessions_organization_id_account_id_fkey",
        ),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("operation_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger()),
        sa.Column("content_type", sa.Text()),
        sa.Column("headers", postgresql.JSONB()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "account_id", "operation_id", "key", name="idempotency_keys_pkey"),
    )


def downgrade() -> None:
    for table in ("idempotency_keys", "login_sessions", "memberships", "workplaces", "accounts", "organizations"):
        op.drop_table(table)
