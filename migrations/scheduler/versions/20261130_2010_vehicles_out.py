"""Let a vehicle be out: its runs go, and whoever had a seat on them is told."""

from alembic import op

revision = "20261130_2010"
down_revision = "20261130_2000"
branch_labels = None
depends_on = None

_BEFORE = (
    "'session_added', 'session_changed', 'session_cancelled', 'make_up', 'closure', 'reminder', 'offer', "
    "'seat_filled', 'week_published'"
)
_OWN = "'own_schedule_set', 'own_schedule_changed'"


def _know(kinds: str) -> None:
    op.drop_constraint(op.f("notices_kind_check"), "notices")
    op.create_check_constraint("kind", "notices", f"kind in ({kinds})")


def upgrade() -> None:
    _know(f"{_BEFORE}, 'ride_changed', 'ride_cancelled', {_OWN}")
    op.execute("grant delete on runs to eventide_scheduler_app")


def downgrade() -> None:
    """Forget who was told of a ride: nobody before knows of such notices."""
    op.execute("revoke delete on runs from eventide_scheduler_app")
    op.execute("alter table notices no force row level security")
    op.execute("delete from notices where kind in ('ride_changed', 'ride_cancelled')")
    op.execute("alter table notices force row level security")
    _know(f"{_BEFORE}, {_OWN}")
