"""Who signs in a patient's place has a name, and an authority that ends before its time, or never held."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261201_0412"
down_revision = "20261201_0410"
branch_labels = None
depends_on = None

_TABLE = "representatives"
_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "name": sa.LargeBinary(),
    "ended_until": sa.TIMESTAMP(timezone=True),
    "ended_document_sha256": sa.Text(),
    "ended_by": sa.Uuid(),
    "ended_at": sa.TIMESTAMP(timezone=True),
}
_ENDED = "ended_until, ended_document_sha256, ended_by, ended_at"
_CHECKS = {
    "end": "ended_until between authority_from and coalesce(authority_until, ended_until)",
    "ended": "num_nulls(ended_until, ended_document_sha256, ended_by, ended_at) in (0, 4)",
}
# To what was before, somebody whose authority has ended would still sign, and the patient would not.
_REFUSE = """
    do $$ begin
        if exists (select from representatives where ended_at is not null) then
            raise exception 'there are authorities that have ended: of those nothing was known before this revision';
        end if;
    end $$
"""


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column(_TABLE, sa.Column(name, kind))
    for name, text in _CHECKS.items():
        op.create_check_constraint(op.f(f"{_TABLE}_{name}_check"), _TABLE, text)
    # An authority is evidence: the application may write how it ended, and change nothing else of it.
    op.execute(f"grant update ({_ENDED}) on {_TABLE} to eventide_records_app")


def downgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute(f"alter table {_TABLE} no force row level security")
    op.execute(_REFUSE)
    op.execute(f"alter table {_TABLE} force row level security")
    op.execute(f"revoke update ({_ENDED}) on {_TABLE} from eventide_records_app")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"{_TABLE}_{name}_check"), _TABLE)
    for name in _COLUMNS:
        op.drop_column(_TABLE, name)
