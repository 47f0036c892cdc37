"""Plans of care that were signed under supervision, and the signature of who answers for them."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_1802"
down_revision = "20261129_1801"
branch_labels = None
depends_on = None

_KINDS = "'clinician_signed', 'patient_signed', 'patient_declined', 'reviewed', 'certified'"


def upgrade() -> None:
    # What was signed before needs none: nobody was asked for it.
    op.add_column(
        "plan_of_care_acts", sa.Column("needs_cosignature", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.alter_column("plan_of_care_acts", "needs_cosignature", server_default=None)
    _allow(f"'cosigned', {_KINDS}")
    op.create_check_constraint(
        op.f("plan_of_care_acts_supervised_check"),
        "plan_of_care_acts",
        "kind = 'clinician_signed' or not needs_cosignature",
    )
    op.create_index(
        "plan_of_care_acts_cosigner_key",
        "plan_of_care_acts",
        ["organization_id", "episode_id", "version"],
        unique=True,
        postgresql_where=sa.text("kind = 'cosigned'"),
    )


def downgrade() -> None:
    op.drop_index("plan_of_care_acts_cosigner_key", "plan_of_care_acts")
    op.drop_constraint(op.f("plan_of_care_acts_supervised_check"), "plan_of_care_acts")
    _allow(_KINDS)
    op.drop_column("plan_of_care_acts", "needs_cosignature")


def _allow(kinds: str) -> None:
    op.drop_constraint(op.f("plan_of_care_acts_kind_check"), "plan_of_care_acts")
    op.create_check_constraint(op.f("plan_of_care_acts_kind_check"), "plan_of_care_acts", f"kind in ({kinds})")
