"""Identity providers of organizations, who is whom there, and who was sent there."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import protect

revision = "20261130_1300"
down_revision = "20261130_1100"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "identity_providers",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text()),
        sa.Column("authentication", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary()),
        sa.Column("public_key", JSONB(none_as_null=True)),
        sa.Column("id_token_algorithm", sa.Text(), nullable=False),
        sa.Column("proves_two_factors", sa.Boolean(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("disabled_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="identity_providers_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name="identity_providers_organization_id_fkey"
        ),
        sa.CheckConstraint(
            "authentication in ('private_key_jwt', 'client_secret_basic')",
            name="identity_providers_authentication_check",
        ),
        sa.CheckConstraint(
            "id_token_algorithm in ('RS256', 'RS384', 'ES256', 'ES384')", name="identity_providers_algorithm_check"
        ),
        sa.CheckConstraint(
            "(public_key is null) = (authentication = 'client_secret_basic')",
            name="identity_providers_public_key_check",
        ),
        sa.CheckConstraint(
            "(secret is null) = (client_id is null and public_key is null)", name="identity_providers_secret_check"
        ),
    )
    protect("identity_providers", "gateway", grants="select, insert, update")
    op.create_table(
        "identity_links",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("last_used_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "provider_id", "subject_hash", name="identity_links_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "provider_id"],
            ["identity_providers.organization_id", "identity_providers.id"],
            name="identity_links_organization_id_provider_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "account_id"],
            ["memberships.organization_id", "memberships.account_id"],
            name="identity_links_organization_id_account_id_fkey",
        ),
        sa.UniqueConstraint("organization_id", "provider_id", "account_id", name="identity_links_one_each_key"),
    )
    protect("identity_links", "gateway")
    op.create_table(
        "provider_requests",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("state_hash", sa.LargeBinary(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("handle", sa.Text()),
        sa.Column("account_id", sa.Uuid()),
        sa.Column("login_session_id", sa.Uuid()),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "state_hash", name="provider_requests_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "provider_id"],
            ["identity_providers.organization_id", "identity_providers.id"],
            name="provider_requests_organization_id_provider_id_fkey",
        ),
        sa.CheckConstraint("num_nonnulls(handle, account_id) = 1", name="provider_requests_purpose_check"),
        sa.CheckConstraint(
            "num_nonnulls(account_id, login_session_id) in (0, 2)", name="provider_requests_session_check"
        ),
    )
    protect("provider_requests", "gateway", grants="select, insert, delete")


def downgrade() -> None:
    op.drop_table("provider_requests")
    op.drop_table("identity_links")
    op.drop_table("identity_providers")
