"""A disclosure in an emergency names a medical one."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_0640"
down_revision = "20261130_0215"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not valid, and open to a review: what was disclosed before stays in the accounting as it was told.
    op.create_check_constraint(
        op.f("disclosures_medical_emergency_check"),
        "disclosures",
        sa.text(
            "basis <> 'emergency' or reviewed_at is not null"
            " or nature in ('medical_emergency', 'overdose', 'suicide_risk', 'withdrawal', 'violence')"
        ),
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.drop_constraint(op.f("disclosures_medical_emergency_check"), "disclosures", type_="check")
