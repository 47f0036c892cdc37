"""A gateway of before, beside the newer ones while they are started, does not say since when one must be authenticated.

With the default, whoever it sends to a provider is authenticated anew from that moment on, as those who were under way.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261130_1640"
down_revision = "20261130_1440"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("provider_requests", "authenticated_after", server_default=sa.func.now())


def downgrade() -> None:
    op.alter_column("provider_requests", "authenticated_after", server_default=None)
