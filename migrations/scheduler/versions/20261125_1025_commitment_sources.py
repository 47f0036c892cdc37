"""Sources of commitments that are entered by hand, and sources that are set aside for a while."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "20261125_1025"
down_revision = "20261125_1020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("commitment_sources", sa.Column("kind", sa.Text, nullable=False, server_default="file"))
    op.add_column("commitment_sources", sa.Column("status", sa.Text, nullable=False, server_default="active"))
    op.add_column("commitment_sources", sa.Column("revision", sa.Integer, nullable=False, server_default="1"))
    op.add_column("commitment_sources", sa.Column("entry", JSONB))
    for column in ("kind", "status", "revision"):
        op.alter_column("commitment_sources", column, server_default=None)
    op.alter_column("commitment_sources", "version", nullable=True)
    op.alter_column("commitment_sources", "imported_at", nullable=True)
    op.create_check_constraint("kind", "commitment_sources", "kind in ('file', 'manual')")
    op.create_check_constraint("status", "commitment_sources", "status in ('active', 'disabled')")
    op.create_check_constraint("entry", "commitment_sources", "(entry is not null) = (kind = 'manual')")
    op.create_check_constraint("reading", "commitment_sources", "(version is null) = (imported_at is null)")
    op.drop_constraint("commitment_sources_version_key", "commitment_sources")
    op.create_index(
        "commitment_sources_version_key",
        "commitment_sources",
        ["organization_id", "patient_id", "version"],
        unique=True,
        postgresql_where=sa.text("kind = 'file'"),
    )


def downgrade() -> None:
    op.execute("delete from commitment_sources where kind <> 'file'")
    op.drop_index("commitment_sources_version_key", "commitment_sources")
    op.create_unique_constraint(
        "commitment_sources_version_key", "commitment_sources", ["organization_id", "patient_id", "version"]
    )
    for name in ("reading", "entry", "status", "kind"):
        op.drop_constraint(f"commitment_sources_{name}_check", "commitment_sources")
    op.alter_column("commitment_sources", "imported_at", nullable=False)
    op.alter_column("commitment_sources", "version", nullable=False)
    for column in ("entry", "revision", "status", "kind"):
        op.drop_column("commitment_sources", column)
