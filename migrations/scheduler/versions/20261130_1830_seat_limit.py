"""Keep how many seats a change of the setup has left a session, where more were taken: they are not given again."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1830"
down_revision = "20261130_1700"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("appointments", sa.Column("seat_limit", sa.Integer, nullable=True))
    op.create_check_constraint(op.f("appointments_seat_limit_check"), "appointments", "seat_limit >= 0")


def downgrade() -> None:
    op.drop_column("appointments", "seat_limit")
