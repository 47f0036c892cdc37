"""Ways in for inquiries from outside, and placement reviews."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect, share

revision = "20261129_1228"
down_revision = "20261129_1227"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "intake_doors",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("closed_at", _INSTANT),
        sa.PrimaryKeyConstraint("id", name="intake_doors_pkey"),
    )
    op.create_index("intake_doors_organization_id_id_idx", "intake_doors", ["organization_id", "id"])
    share("intake_doors", "records", grants="select, insert, update")
    op.create_table(
        "placement_reviews",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("criteria_edition", sa.Text, nullable=False),
        sa.Column("reviewed_on", sa.Date, nullable=False),
        sa.Column("found", sa.LargeBinary, nullable=False),
        sa.Column("reviewed_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="placement_reviews_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="placement_reviews_organization_id_patient_id_fkey",
        ),
    )
    op.create_index(
        "placement_reviews_organization_id_patient_id_idx", "placement_reviews", ["organization_id", "patient_id"]
    )
    # A review is signed by its reviewer and kept as it was: another opinion is another review.
    protect("placement_reviews", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("placement_reviews")
    op.drop_table("intake_doors")
