"""Who of the family takes part in what, and who wishes to be in a peer or alumni group."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261130_1400"
down_revision = "20261130_1343"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{other}.organization_id", f"{other}.id"],
        name=f"{table}_organization_id_{column}_fkey",
    )


def upgrade() -> None:
    op.create_table(
        "family_participations",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("related_person_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("patient_agreed_on", sa.Date, nullable=False),
        sa.Column("promised_on", sa.Date),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="family_participations_pkey"),
        _reference("family_participations", "patient_id", "patients"),
        _reference("family_participations", "related_person_id", "related_persons"),
        sa.CheckConstraint(
            "kind in ('family_session', 'multi_family_group')", name=op.f("family_participations_kind_check")
        ),
        sa.CheckConstraint(
            "(kind = 'multi_family_group') = (promised_on is not null)",
            name=op.f("family_participations_promised_check"),
        ),
    )
    op.create_index(
        "family_participations_organization_id_patient_id_idx",
        "family_participations",
        ["organization_id", "patient_id"],
    )
    op.create_index(
        "family_participations_standing_key",
        "family_participations",
        ["organization_id", "related_person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    protect("family_participations", "records", grants="select, insert, update")
    op.create_table(
        "recovery_group_choices",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("joins", sa.Boolean, nullable=False),
        sa.Column("recorded_by", sa.Uuid, nullable=False),
        sa.Column("recorded_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "patient_id", "number", name="recovery_group_choices_pkey"),
        _reference("recovery_group_choices", "patient_id", "patients"),
        sa.CheckConstraint("kind in ('peer', 'alumni')", name=op.f("recovery_group_choices_kind_check")),
        sa.CheckConstraint("number >= 1", name=op.f("recovery_group_choices_number_check")),
    )
    # A choice is followed by another, and neither changed nor deleted.
    protect("recovery_group_choices", "records", grants="select, insert")


def downgrade() -> None:
    op.drop_table("recovery_group_choices")
    op.drop_table("family_participations")
