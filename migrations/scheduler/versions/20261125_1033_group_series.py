"""Groups that come again each week, and the weeks in which they meet."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from migrations.operations import protect

revision = "20261125_1033"
down_revision = "20261125_1025"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_IDENTITY = ("group_offering_id", "track", "language", "weekday", "start", "practitioner_id")


def upgrade() -> None:
    op.create_table(
        "group_series",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("group_offering_id", sa.Uuid, nullable=False),
        sa.Column("track", sa.Text),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("weekday", sa.Integer, nullable=False),
        sa.Column("start", sa.Time, nullable=False),
        sa.Column("practitioner_id", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.CheckConstraint("weekday between 0 and 6", name="weekday"),
        sa.ForeignKeyConstraint(
            ["organization_id", "site_id"],
            ["sites.organization_id", "sites.id"],
            name="group_series_organization_id_site_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "group_offering_id"],
            ["group_offerings.organization_id", "group_offerings.id"],
            name="group_series_organization_id_group_offering_id_fkey",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "practitioner_id"],
            ["practitioners.organization_id", "practitioners.id"],
            name="group_series_organization_id_practitioner_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name="group_series_pkey"),
        sa.UniqueConstraint(
            "organization_id",
            "site_id",
            *_IDENTITY,
            name="group_series_identity_key",
            postgresql_nulls_not_distinct=True,
        ),
    )
    protect("group_series", "scheduler", grants="select, insert")
    op.create_table(
        "group_series_weeks",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("series_id", sa.Uuid, nullable=False),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("patient_ids", ARRAY(sa.Uuid), nullable=False),
        sa.CheckConstraint("extract(isodow from week) = 1", name="week"),
        sa.ForeignKeyConstraint(
            ["organization_id", "series_id"],
            ["group_series.organization_id", "group_series.id"],
            name="group_series_weeks_organization_id_series_id_fkey",
        ),
        sa.PrimaryKeyConstraint("organization_id", "series_id", "week", name="group_series_weeks_pkey"),
    )
    op.create_index("group_series_weeks_site_idx", "group_series_weeks", ["organization_id", "site_id", "week"])
    protect("group_series_weeks", "scheduler", grants="select, insert, delete")


def downgrade() -> None:
    op.drop_table("group_series_weeks")
    op.drop_table("group_series")
