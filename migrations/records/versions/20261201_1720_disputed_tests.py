"""Whether a reviewed drug test awaits confirmation: what is disputed is listed before it is handed on."""

import sqlalchemy as sa
from alembic import op

revision = "20261201_1720"
down_revision = "20261201_1700"
branch_labels = None
depends_on = None

# What was handed on after the review awaited it before; that a patient disputed it stands in sealed words.
_HANDED_ON = """
    update drug_tests set awaits_confirmation = true
    where status = 'reviewed' and (
        select before from drug_test_steps
        where drug_test_steps.organization_id = drug_tests.organization_id and test_id = drug_tests.id
        order by number desc limit 1
    ) = 'reviewed'
"""


def upgrade() -> None:
    op.add_column("drug_tests", sa.Column("awaits_confirmation", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute("grant update (awaits_confirmation) on drug_tests to eventide_records_app")
    # The owner is bound by row-level security too, and no organization is set here.
    for table in ("drug_tests", "drug_test_steps"):
        op.execute(f"alter table {table} no force row level security")
    op.execute(_HANDED_ON)
    for table in ("drug_tests", "drug_test_steps"):
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    op.drop_column("drug_tests", "awaits_confirmation")
