"""Let a week's commitments be found by an index: what row-level security lets the planner use are plain bounds.

`&&` of ranges is not leakproof. Under a policy it is no condition of an index, whatever that index holds, and all that
somebody ever has to do was read for one week of it.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261130_0656"
down_revision = "20261130_0648"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column, bound in (("starts_at", "lower(during)"), ("ends_at", "upper(during)")):
        op.add_column(
            "commitments",
            sa.Column(column, sa.TIMESTAMP(timezone=True), sa.Computed(bound, persisted=True), nullable=False),
        )
    op.create_index("commitments_bounds_idx", "commitments", ["organization_id", "patient_id", "starts_at", "ends_at"])
    op.drop_index("commitments_during_idx", table_name="commitments")


def downgrade() -> None:
    op.create_index(
        "commitments_during_idx", "commitments", ["organization_id", "patient_id", "during"], postgresql_using="gist"
    )
    op.drop_index("commitments_bounds_idx", table_name="commitments")
    op.drop_column("commitments", "ends_at")
    op.drop_column("commitments", "starts_at")
