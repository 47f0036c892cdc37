"""Applications, what they ask for and are granted, and the codes and tokens that follow from it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from migrations.operations import protect, share

revision = "20261129_1510"
down_revision = "20261129_1500"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_TEXTS = ARRAY(sa.Text())
_SPANNING = ("oauth_clients", "client_assertions", "authorization_requests")
_TENANTS = (
    "oauth_consents",
    "launches",
    "grants",
    "authorization_codes",
    "refresh_tokens",
    "granted_tokens",
)


def upgrade() -> None:
    _applications()
    _requests()
    _grants()
    share("oauth_clients", "gateway", grants="select, insert, update")
    share("client_assertions", "gateway", grants="select, insert, delete")
    share("authorization_requests", "gateway", grants="select, insert, delete")
    for table in _TENANTS:
        protect(table, "gateway")


def downgrade() -> None:
    for table in reversed((*_SPANNING, *_TENANTS)):
        op.drop_table(table)


def _applications() -> None:
    op.create_table(
        "oauth_clients",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grant_types", _TEXTS, nullable=False),
        sa.Column("redirect_uris", _TEXTS, nullable=False),
        sa.Column("scopes", _TEXTS, nullable=False),
        sa.Column("jwks", JSONB()),
        sa.Column("jwks_uri", sa.Text()),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("disabled_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="oauth_clients_pkey"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="oauth_clients_organization_id_fkey"),
        sa.CheckConstraint("kind in ('public', 'confidential')", name="oauth_clients_kind_check"),
        sa.CheckConstraint(
            "num_nonnulls(jwks, jwks_uri) = (kind = 'confidential')::int", name="oauth_clients_keys_check"
        ),
        sa.CheckConstraint("cardinality(grant_types) > 0", name="oauth_clients_grant_types_any_check"),
        sa.CheckConstraint(
            "grant_types <@ array['authorization_code', 'client_credentials']", name="oauth_clients_grant_types_check"
        ),
        sa.CheckConstraint(
            "not 'client_credentials' = any(grant_types) or (kind = 'confidential' and organization_id is not null)",
            name="oauth_clients_services_check",
        ),
        sa.CheckConstraint(
            "('authorization_code' = any(grant_types)) = (cardinality(redirect_uris) > 0)",
            name="oauth_clients_redirect_uris_check",
        ),
    )
    op.create_index("oauth_clients_organization_id_idx", "oauth_clients", ["organization_id"])
    op.create_table(
        "client_assertions",
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("jti_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti_hash", name="client_assertions_pkey"),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_clients.id"], name="client_assertions_client_id_fkey"),
    )
    op.create_index("client_assertions_expires_at_idx", "client_assertions", ["expires_at"])


def _requests() -> None:
    op.create_table(
        "authorization_requests",
        sa.Column("handle_hash", sa.LargeBinary(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary()),
        sa.Column("parameters", JSONB(), nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("handle_hash", name="authorization_requests_pkey"),
        sa.ForeignKeyConstraint(["client_id"], ["oauth_clients.id"], name="authorization_requests_client_id_fkey"),
    )
    op.create_index("authorization_requests_expires_at_idx", "authorization_requests", ["expires_at"])
    op.create_table(
        "oauth_consents",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("scopes", _TEXTS, nullable=False),
        sa.Column("agreed_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "account_id", "client_id", name="oauth_consents_pkey"),
        _of_member("oauth_consents"),
    )
    op.create_table(
        "launches",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("launch_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("encounter_id", sa.Uuid()),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("used_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "launch_hash", name="launches_pkey"),
        _of_member("launches"),
    )


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid()),
        sa.Column("login_session_id", sa.Uuid()),
        sa.Column("scopes", _TEXTS, nullable=False),
        sa.Column("patient_id", sa.Uuid()),
        sa.Column("encounter_id", sa.Uuid()),
        sa.Column("is_offline", sa.Boolean(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("rotated_at", _INSTANT),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="grants_pkey"),
        _of_member("grants"),
        sa.ForeignKeyConstraint(
            ["organization_id", "login_session_id"],
            ["login_sessions.organization_id", "login_sessions.id"],
            name="grants_organization_id_login_session_id_fkey",
        ),
        sa.CheckConstraint("(account_id is null) = (login_session_id is null)", name="grants_person_check"),
        sa.CheckConstraint("generation >= 0", name="grants_generation_check"),
        sa.CheckConstraint("expires_at > created_at", name="grants_lifetime_check"),
    )
    op.create_index("grants_client_id_idx", "grants", ["client_id"])
    op.create_index(
        "grants_organization_id_account_id_client_id_idx", "grants", ["organization_id", "account_id", "client_id"]
    )
    op.create_table(
        "authorization_codes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("code_challenge", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text()),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.Column("redeemed_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "code_hash", name="authorization_codes_pkey"),
        _of_grant("authorization_codes"),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("successor", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("organization_id", "token_hash", name="refresh_tokens_pkey"),
        _of_grant("refresh_tokens"),
    )
    op.create_index(
        "refresh_tokens_organization_id_grant_id_generation_idx",
        "refresh_tokens",
        ["organization_id", "grant_id", "generation"],
        unique=True,
    )
    op.create_table(
        "granted_tokens",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("grant_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "token_id", name="granted_tokens_pkey"),
        _of_grant("granted_tokens"),
    )
    op.create_index("granted_tokens_organization_id_grant_id_idx", "granted_tokens", ["organization_id", "grant_id"])


def _of_member(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["memberships.organization_id", "memberships.account_id"],
        name=f"{table}_organization_id_account_id_fkey",
    )


def _of_grant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "grant_id"],
        ["grants.organization_id", "grants.id"],
        name=f"{table}_organization_id_grant_id_fkey",
    )
