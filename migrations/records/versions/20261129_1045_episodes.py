"""Episodes of care, the levels of care within, and the clocks that run for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from migrations.operations import protect

revision = "20261129_1045"
down_revision = "20261125_1425"
branch_labels = None
depends_on = None

_INSTANT = sa.TIMESTAMP(timezone=True)
_REASONS = (
    "'completed', 'left_against_advice', 'terminated_by_facility', 'transferred', 'incarcerated', 'death', 'other'"
)


def upgrade() -> None:
    _create_episodes()
    _create_levels()
    _create_clocks()


def downgrade() -> None:
    for table in ("episode_clocks", "episode_levels", "episodes"):
        op.drop_table(table)


def _create_episodes() -> None:
    op.create_table(
        "episodes",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("patient_id", sa.Uuid, nullable=False),
        sa.Column("site_id", sa.Uuid, nullable=False),
        sa.Column("programme", sa.Text, nullable=False),
        sa.Column("admitted_on", sa.Date, nullable=False),
        sa.Column("first_session_on", sa.Date),
        sa.Column("taper_weeks", sa.ARRAY(sa.Date), nullable=False),
        sa.Column("discharged_on", sa.Date),
        sa.Column("discharge_reason", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="episodes_pkey"),
        sa.ForeignKeyConstraint(
            ["organization_id", "patient_id"],
            ["patients.organization_id", "patients.id"],
            name="episodes_organization_id_patient_id_fkey",
        ),
        sa.CheckConstraint("discharged_on >= admitted_on", name=op.f("episodes_order_check")),
        sa.CheckConstraint("first_session_on >= admitted_on", name=op.f("episodes_first_session_check")),
        sa.CheckConstraint(
            "(discharged_on is null) = (discharge_reason is null)", name=op.f("episodes_discharge_check")
        ),
        sa.CheckConstraint(f"discharge_reason in ({_REASONS})", name=op.f("episodes_discharge_reason_check")),
        sa.CheckConstraint("version >= 1", name=op.f("episodes_version_check")),
        ExcludeConstraint(
            ("organization_id", "="),
            ("patient_id", "="),
            ("programme", "="),
            (sa.func.daterange(sa.text("admitted_on"), sa.text("discharged_on")), "&&"),
            name="episodes_one_open_excl",
            using="gist",
        ),
    )
    op.create_index("episodes_organization_id_patient_id_idx", "episodes", ["organization_id", "patient_id"])
    protect("episodes", "records", grants="select, insert, update")


def _of_episode(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "episode_id"],
        ["episodes.organization_id", "episodes.id"],
        name=f"{table}_organization_id_episode_id_fkey",
    )


def _create_levels() -> None:
    op.create_table(
        "episode_levels",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("episode_id", sa.Uuid),
        sa.Column("number", sa.Integer, autoincrement=False),
        sa.Column("criteria_edition", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("from_on", sa.Date, nullable=False),
        sa.Column("change", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Uuid, nullable=False),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "episode_id", "number", name="episode_levels_pkey"),
        sa.UniqueConstraint(
            "organization_id", "episode_id", "from_on", name="episode_levels_organization_id_episode_id_from_on_key"
        ),
        _of_episode("episode_levels"),
        sa.CheckConstraint("number >= 1", name=op.f("episode_levels_number_check")),
        sa.CheckConstraint("(number = 1) = (change = 'admission')", name=op.f("episode_levels_admission_check")),
        sa.CheckConstraint(
            "change in ('admission', 'step_up', 'step_down', 'other_edition')",
            name=op.f("episode_levels_change_check"),
        ),
    )
    # What was decided is kept as it was: the application adds levels and changes none.
    protect("episode_levels", "records", grants="select, insert")


def _create_clocks() -> None:
    op.create_table(
        "episode_clocks",
        sa.Column("organization_id", sa.Uuid),
        sa.Column("id", sa.Uuid),
        sa.Column("episode_id", sa.Uuid, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("met_on", sa.Date),
        sa.Column("created_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="episode_clocks_pkey"),
        sa.UniqueConstraint(
            "organization_id",
            "episode_id",
            "code",
            "starts_on",
            name="episode_clocks_organization_id_episode_id_code_starts_on_key",
        ),
        _of_episode("episode_clocks"),
        sa.CheckConstraint("met_on >= starts_on", name=op.f("episode_clocks_order_check")),
    )
    protect("episode_clocks", "records", grants="select, insert, update")
