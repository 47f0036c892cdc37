"""The last day of a consent that ends with what the record does not show."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_0710"
down_revision = "20261130_0655"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not valid: those that are active already hold until somebody says that the event has occurred.
    op.create_check_constraint(
        op.f("consents_last_day_check"),
        "consents",
        sa.text(
            "status <> 'active' or expires_on is not null or expires_upon is null"
            " or expires_upon not in ('final_disposition', 'end_of_research')"
        ),
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.drop_constraint(op.f("consents_last_day_check"), "consents", type_="check")
