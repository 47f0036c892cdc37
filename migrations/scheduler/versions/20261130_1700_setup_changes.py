"""Let the setup of sites be changed and ended: each part has a version, and a day from which on it is there no more.

A week that a change of the setup has broken is repaired as one that a changed shift has broken.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1700"
down_revision = "20261130_0656"
branch_labels = None
depends_on = None

_KINDS = ("practitioner_out", "room_lost", "site_closed", "shift_changed", "commitment_changed")


def upgrade() -> None:
    for table in ("sites", "rooms", "practitioners", "group_offerings"):
        op.add_column(table, sa.Column("version", sa.Integer, server_default="1", nullable=False))
        op.create_check_constraint(op.f(f"{table}_version_check"), table, "version > 0")
    for table in ("rooms", "practitioners", "group_offerings"):
        op.add_column(table, sa.Column("ends_on", sa.Date, nullable=True))
    op.create_check_constraint(op.f("practitioners_stay_check"), "practitioners", "starts_on < ends_on")
    op.create_check_constraint(
        op.f("group_offerings_ends_on_check"), "group_offerings", "extract(isodow from ends_on) = 1"
    )
    _allow((*_KINDS, "setup_changed"), ("shift_changed", "commitment_changed", "setup_changed"))


def downgrade() -> None:
    _allow(_KINDS, ("shift_changed", "commitment_changed"))
    for table in ("rooms", "practitioners", "group_offerings"):
        op.drop_column(table, "ends_on")
    for table in ("sites", "rooms", "practitioners", "group_offerings"):
        op.drop_column(table, "version")


def _allow(kinds: tuple[str, ...], without_interval: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    whole = ", ".join(f"'{kind}'" for kind in without_interval)
    for name, condition in (
        ("kind", f"kind in ({listed})"),
        ("interval", f"(starts_at is null) = (kind in ({whole}))"),
    ):
        op.drop_constraint(op.f(f"disruptions_{name}_check"), "disruptions", type_="check")
        op.create_check_constraint(op.f(f"disruptions_{name}_check"), "disruptions", condition)
