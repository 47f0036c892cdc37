"""Appointments that live through new versions of a week, and seats that know whether they were taken by hand.

Until now a whole session was marked as changed by hand. The mark cannot be split among its seats, so it is dropped: of
what was booked by hand before this revision, the next version of a week takes no notice.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "20261125_1041"
down_revision = "20261125_1040"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.add_column("appointments", sa.Column("sequence", sa.Integer, nullable=False, server_default="0"))
    op.add_column("appointments", sa.Column("changed_at", _INSTANT, nullable=False, server_default=sa.func.now()))
    op.alter_column("appointments", "changed_at", server_default=None)
    op.add_column("appointments", sa.Column("released", ARRAY(sa.Uuid), nullable=False, server_default="{}"))
    op.create_check_constraint("sequence", "appointments", "sequence >= 0")
    op.add_column("appointment_patients", sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()))
    op.create_check_constraint("by_hand", "appointment_patients", "held_until is null or by_hand")
    op.drop_column("appointments", "by_hand")


def downgrade() -> None:
    op.add_column("appointments", sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_column("appointment_patients", "by_hand")
    for column in ("released", "changed_at", "sequence"):
        op.drop_column("appointments", column)
