"""A patient claims the own record by a code from the desk; whoever read it before goes on."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1342"
down_revision = "20261130_1320"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_TABLE = "patient_accounts"


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("code_sha256", sa.LargeBinary(), nullable=True))
    op.add_column(_TABLE, sa.Column("claim_until", _INSTANT, nullable=True))
    op.add_column(_TABLE, sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column(_TABLE, sa.Column("claimed_at", _INSTANT, nullable=True))
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute("alter table patient_accounts no force row level security")
    op.execute("update patient_accounts set claim_until = from_at, claimed_at = from_at")
    op.execute("alter table patient_accounts force row level security")
    op.alter_column(_TABLE, "claim_until", nullable=False)
    op.create_check_constraint(op.f("patient_accounts_attempts_check"), _TABLE, sa.text("attempts between 0 and 5"))
    op.create_check_constraint(
        op.f("patient_accounts_claim_check"), _TABLE, sa.text("claimed_at is not null or code_sha256 is not null")
    )


# To what was before, every link that has not ended opens the record: one that nobody has claimed ends.
END_UNCLAIMED = """
    update patient_accounts
    set until_at = greatest(now(), from_at + interval '1 microsecond'), ended_by = linked_by
    where claimed_at is null and until_at is null
"""


def downgrade() -> None:
    op.execute("alter table patient_accounts no force row level security")
    op.execute(END_UNCLAIMED)
    op.execute("alter table patient_accounts force row level security")
    for name in ("claimed_at", "attempts", "claim_until", "code_sha256"):
        op.drop_column(_TABLE, name)
