"""By which door a programme of the directory can be asked."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1320"
down_revision = "20261130_1310"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("directory_programmes", sa.Column("intake_door_id", sa.Uuid))
    op.create_foreign_key(
        "directory_programmes_intake_door_id_fkey", "directory_programmes", "intake_doors", ["intake_door_id"], ["id"]
    )


def downgrade() -> None:
    op.drop_column("directory_programmes", "intake_door_id")
