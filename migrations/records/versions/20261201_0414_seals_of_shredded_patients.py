"""The scheduler is told of those too who were shredded without a seal before there was anything to tell it by."""

from alembic import op

revision = "20261201_0414"
down_revision = "20261201_0412"
branch_labels = None
depends_on = None

_READ = ("patients", "patient_keys")
_SHREDDED = """
    insert into record_seals (organization_id, patient_id, sealed_at)
    select organization_id, id, now() from patients
    where sealed_at is null and not exists (
        select from patient_keys
        where patient_keys.organization_id = patients.organization_id and patient_keys.patient_id = patients.id
    )
    on conflict do nothing
"""


def upgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    for table in _READ:
        op.execute(f"alter table {table} no force row level security")
    op.execute(_SHREDDED)
    for table in _READ:
        op.execute(f"alter table {table} force row level security")


def downgrade() -> None:
    """Leave them told of: whoever was shredded stays so."""
