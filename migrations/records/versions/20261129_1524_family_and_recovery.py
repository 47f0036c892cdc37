"""Family, relapse-prevention plans, and aftercare."""

import sqlalchemy as sa
from alembic import op

from migrations.operations import protect

revision = "20261129_1524"
down_revision = "20261129_1523"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)


def _reference(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", column],
        [f"{other}.organization_id", f"{other}.id"],
        name=f"{table}_organization_id_{column}_fkey",
    )


def _of_patient(table: str) -> sa.ForeignKeyConstraint:
    return _reference(table, "patient_id", "patients")


def upgrade() -> None:
    _family()
    _relapse_plans()
    _aftercare()


def _family() -> None:
    op.create_table(
        "related_persons",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("recipient_id", sa.Uuid, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.Column("ended_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="related_persons_pkey"),
        _of_patient("related_persons"),
        _reference("related_persons", "recipient_id", "recipients"),
    )
    op.create_index(
        "related_persons_organization_id_patient_id_idx", "related_persons", ["organization_id", "patient_id"]
    )
    protect("related_persons", "records", grants="select, insert, update")
    op.create_table(
        "family_exemptions",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid),
        sa.Column("month", sa.Date),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("decided_by", sa.Uuid, nullable=False),
        sa.Column("decided_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "patient_id", "month", name="family_exemptions_pkey"),
        _of_patient("family_exemptions"),
        sa.CheckConstraint("extract(day from month) = 1", name="family_exemptions_month_check"),
    )
    protect("family_exemptions", "records", grants="select, insert")


def _relapse_plans() -> None:
    op.create_table(
        "relapse_plans",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid),
        sa.Column("version", sa.Integer),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("written_by", sa.Uuid, nullable=False),
        sa.Column("written_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "patient_id", "version", name="relapse_plans_pkey"),
        _of_patient("relapse_plans"),
        sa.CheckConstraint("version >= 1", name="relapse_plans_version_check"),
    )
    # A version is kept as it was written: a change is another version.
    protect("relapse_plans", "records", grants="select, insert")


def _aftercare() -> None:
    op.create_table(
        "aftercare_plans",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("episode_id", sa.Uuid, nullable=False),
        sa.Column("discharged_on", sa.Date, nullable=False),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.Column("created_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="aftercare_plans_pkey"),
        _of_patient("aftercare_plans"),
        _reference("aftercare_plans", "episode_id", "episodes"),
        sa.UniqueConstraint("organization_id", "episode_id", name="aftercare_plans_organization_id_episode_id_key"),
    )
    op.create_index(
        "aftercare_plans_organization_id_patient_id_idx", "aftercare_plans", ["organization_id", "patient_id"]
    )
    protect("aftercare_plans", "records", grants="select, insert")
    op.create_table(
        "aftercare_contacts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("plan_id", sa.Uuid, nullable=False),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("days_after", sa.Integer, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("outcome", sa.LargeBinary),
        sa.Column("closed_at", _INSTANT),
        sa.PrimaryKeyConstraint("organization_id", "id", name="aftercare_contacts_pkey"),
        _reference("aftercare_contacts", "plan_id", "aftercare_plans"),
        _of_patient("aftercare_contacts"),
        sa.UniqueConstraint(
            "organization_id", "plan_id", "days_after", name="aftercare_contacts_organization_id_plan_id_days_after_key"
        ),
        sa.CheckConstraint("(outcome is null) = (closed_at is null)", name="aftercare_contacts_closed_check"),
    )
    op.create_index(
        "aftercare_contacts_organization_id_patient_id_idx", "aftercare_contacts", ["organization_id", "patient_id"]
    )
    protect("aftercare_contacts", "records", grants="select, insert, update")
    op.create_table(
        "aftercare_attempts",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("contact_id", sa.Uuid),
        sa.Column("number", sa.Integer),
        sa.Column("details", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "contact_id", "number", name="aftercare_attempts_pkey"),
        _reference("aftercare_attempts", "contact_id", "aftercare_contacts"),
        sa.CheckConstraint("number >= 1", name="aftercare_attempts_number_check"),
    )
    protect("aftercare_attempts", "records", grants="select, insert")


def downgrade() -> None:
    for table in (
        "aftercare_attempts",
        "aftercare_contacts",
        "aftercare_plans",
        "relapse_plans",
        "family_exemptions",
        "related_persons",
    ):
        op.drop_table(table)
