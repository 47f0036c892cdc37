"""Plans of care that stay as they were signed, and the signatures, reviews and certifications of each version."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1602"
down_revision = "20261129_1601"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "plans_of_care",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("episode_id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("written_by", sa.Uuid, nullable=False),
        sa.Column("written_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "episode_id", "version", name="plans_of_care_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "episode_id"],
            ["episodes.organization_id", "episodes.id"],
            name="plans_of_care_organization_id_episode_id_fkey",
        ),
        sa.CheckConstraint("version >= 1", name=op.f("plans_of_care_version_check")),
    )
    # A version is kept as it was written, and an act as it was recorded: not even the application changes one.
    protect("plans_of_care", "records", grants="select, insert")
    op.create_table(
        "plan_of_care_acts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("episode_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("took_place_at", _INSTANT, nullable=False),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "episode_id", "number", name="plan_of_care_acts_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "episode_id", "version"],
            ["plans_of_care.organization_id", "plans_of_care.episode_id", "plans_of_care.version"],
            name="plan_of_care_acts_version_fkey",
        ),
        sa.CheckConstraint("number >= 1", name=op.f("plan_of_care_acts_number_check")),
        sa.CheckConstraint(
            "kind in ('clinician_signed', 'patient_signed', 'patient_declined', 'reviewed', 'certified')",
            name=op.f("plan_of_care_acts_kind_check"),
        ),
        sa.CheckConstraint("took_place_at <= recorded_at", name=op.f("plan_of_care_acts_order_check")),
    )
    op.create_index(
        "plan_of_care_acts_clinician_key",
        "plan_of_care_acts",
        ["organization_id", "episode_id", "version", "recorded_by"],
        unique=True,
        postgresql_where=sa.text("kind = 'clinician_signed'"),
    )
    op.create_index(
        "plan_of_care_acts_patient_key",
        "plan_of_care_acts",
        ["organization_id", "episode_id", "version"],
        unique=True,
        postgresql_where=sa.text("kind = 'patient_signed'"),
    )
    protect("plan_of_care_acts", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("plan_of_care_acts")
    op.drop_table("plans_of_care")
