"""The public directory of programmes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.operations import share

revision = "20261129_1522"
down_revision = "20261129_1521"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_programmes",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.Uuid),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("second_name", sa.Text),
        sa.Column("street", sa.Text),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("postal_code", sa.Text, nullable=False),
        sa.Column("phone", sa.Text),
        sa.Column("website", sa.Text),
        sa.Column("latitude", sa.Float, nullable=False),
        sa.Column("longitude", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("id", name="directory_programmes_pkey"),
        sa.CheckConstraint(
            "latitude between -90 and 90 and longitude between -180 and 180", name="directory_programmes_place_check"
        ),
    )
    op.create_index("directory_programmes_latitude_longitude_idx", "directory_programmes", ["latitude", "longitude"])
    op.create_index("directory_programmes_name_id_idx", "directory_programmes", ["name", "id"])
    share("directory_programmes", "records", grants="select, insert, update")
    op.create_table(
        "directory_facts",
        sa.Column("programme_id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("facet", sa.Text, nullable=False),
        sa.Column("value_key", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("programme_id", "kind", "facet", "value_key", name="directory_facts_pkey"),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["directory_programmes.id"], name="directory_facts_programme_id_fkey"
        ),
        sa.CheckConstraint("kind in ('public_locator', 'programme_attested')", name="directory_facts_kind_check"),
    )
    op.create_index("directory_facts_facet_value_key_idx", "directory_facts", ["facet", "value_key"])
    share("directory_facts", "records", grants="select, insert, update, delete")
    op.create_table(
        "directory_attestations",
        sa.Column("programme_id", sa.Uuid, nullable=False),
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("stated", JSONB, nullable=False),
        sa.Column("attested_by", sa.Uuid, nullable=False),
        sa.Column("attested_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("programme_id", name="directory_attestations_pkey"),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["directory_programmes.id"], name="directory_attestations_programme_id_fkey"
        ),
    )
    share("directory_attestations", "records", grants="select, insert, update, delete")


def downgrade() -> None:
    op.drop_table("directory_attestations")
    op.drop_table("directory_facts")
    op.drop_table("directory_programmes")
