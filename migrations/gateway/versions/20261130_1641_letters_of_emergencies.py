"""Letters to those who lead, about a record that was opened in an emergency."""

from alembic import op

revision = "20261130_1641"
down_revision = "20261130_1640"
branch_labels = None
depends_on = None

_BEFORE = "kind in ('password_reset', 'invitation')"
_NOW = "kind in ('password_reset', 'invitation', 'emergency_review')"


def upgrade() -> None:
    _allow(_NOW)


def downgrade() -> None:
    op.execute("delete from letters where kind = 'emergency_review'")
    _allow(_BEFORE)


def _allow(kinds: str) -> None:
    op.execute("alter table letters drop constraint letters_letters_kind_check_check")
    op.execute(f"alter table letters add constraint letters_letters_kind_check_check check ({kinds})")
