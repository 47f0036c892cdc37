"""The accounts by which related persons sign in, each claimed by a code from the desk."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261130_1655"
down_revision = "20261130_1650"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_TABLE = "related_person_accounts"


def _reference(column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{other}.organization_id", f"{other}.id"],
        name=f"{_TABLE}_organization_id_{column}_fkey",
    )


def upgrade() -> None:
    op.create_table(
        _TABLE,
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("related_person_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("from_at", _INSTANT, nullable=False),
        sa.Column("until_at", _INSTANT),
        sa.Column("code_sha256", sa.LargeBinary, nullable=False),
        sa.Column("claim_until", _INSTANT, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("claimed_at", _INSTANT),
        sa.Column("linked_by", sa.Uuid, nullable=False),
        sa.Column("ended_by", sa.Uuid),
        sa.PrimaryKeyConstraint("organization_id", "id", name=f"{_TABLE}_pkey"),
        _reference("patient_id", "patients"),
        _reference("related_person_id", "related_persons"),
        sa.CheckConstraint("until_at > from_at", name=op.f(f"{_TABLE}_order_check")),
        sa.CheckConstraint("(until_at is null) = (ended_by is null)", name=op.f(f"{_TABLE}_end_check")),
        sa.CheckConstraint("attempts between 0 and 5", name=op.f(f"{_TABLE}_attempts_check")),
    )
    op.create_index(
        f"{_TABLE}_standing_key",
        _TABLE,
        ["organization_id", "related_person_id"],
        unique=True,
        postgresql_where=sa.text("until_at is null"),
    )
    op.create_index(
        f"{_TABLE}_to_claim_key",
        _TABLE,
        ["organization_id", "account_id"],
        unique=True,
        postgresql_where=sa.text("until_at is null and claimed_at is null"),
    )
    op.create_index(f"{_TABLE}_organization_id_account_id_idx", _TABLE, ["organization_id", "account_id"])
    # Who signed in as whom, and until when, is never deleted.
    protect(_TABLE, "records", grants="select, insert, update")


def downgrade() -> None:
    op.drop_table(_TABLE)
