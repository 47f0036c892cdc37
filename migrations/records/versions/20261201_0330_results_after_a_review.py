"""A test that was reviewed goes on at the laboratory: what the patient disputes then is confirmed, and handed on."""

from alembic import op

revision = "20261201_0330"
down_revision = "20261130_2355"
branch_labels = None
depends_on = None

_TABLE, _CHECK = "drug_test_steps", "drug_test_steps_transition_check"
_BEFORE = (
    "(before, after) in (('drawn', 'notified'), ('notified', 'reported'), ('notified', 'late'), ('no_show', 'late'),"
    " ('no_show', 'reported'), ('notified', 'no_show'), ('notified', 'refused'), ('reported', 'refused'),"
    " ('late', 'refused'), ('unable', 'refused'), ('reported', 'unable'), ('late', 'unable'), ('drawn', 'excused'),"
    " ('notified', 'excused'), ('no_show', 'excused'), ('late', 'excused'), ('unable', 'excused'),"
    " ('reported', 'collected'), ('late', 'collected'), ('unable', 'collected'), ('collected', 'collected'),"
    " ('assessed', 'assessed'), ('presumptive', 'presumptive'), ('collected', 'assessed'),"
    " ('assessed', 'presumptive'), ('assessed', 'definitive'), ('presumptive', 'definitive'),"
    " ('reconciled', 'definitive'), ('presumptive', 'reconciled'), ('definitive', 'reconciled'),"
    " ('no_show', 'reviewed'), ('refused', 'reviewed'), ('unable', 'reviewed'), ('excused', 'reviewed'),"
    " ('assessed', 'reviewed'), ('reconciled', 'reviewed'))"
)
_AFTER = (
    "(before, after) in (('drawn', 'notified'), ('notified', 'reported'), ('notified', 'late'), ('no_show', 'late'),"
    " ('no_show', 'reported'), ('notified', 'no_show'), ('notified', 'refused'), ('reported', 'refused'),"
    " ('late', 'refused'), ('unable', 'refused'), ('reported', 'unable'), ('late', 'unable'), ('drawn', 'excused'),"
    " ('notified', 'excused'), ('no_show', 'excused'), ('late', 'excused'), ('unable', 'excused'),"
    " ('reported', 'collected'), ('late', 'collected'), ('unable', 'collected'), ('collected', 'collected'),"
    " ('assessed', 'assessed'), ('presumptive', 'presumptive'), ('reconciled', 'reconciled'),"
    " ('reviewed', 'reviewed'), ('collected', 'assessed'), ('assessed', 'presumptive'), ('assessed', 'definitive'),"
    " ('presumptive', 'definitive'), ('reconciled', 'definitive'), ('reviewed', 'definitive'),"
    " ('presumptive', 'reconciled'), ('definitive', 'reconciled'),"
    " ('no_show', 'reviewed'), ('refused', 'reviewed'), ('unable', 'reviewed'), ('excused', 'reviewed'),"
    " ('assessed', 'reviewed'), ('reconciled', 'reviewed'))"
)
# What was before knows no way out of a review, nor a specimen that is handed on after it was reconciled.
_REFUSE = f"""
    do $$ begin
        if exists (select from {_TABLE} where not ({_BEFORE})) then
            raise exception 'there are results and hand-offs that came after a review: they cannot be told without it';
        end if;
    end $$
"""


def upgrade() -> None:
    op.drop_constraint(op.f(_CHECK), _TABLE)
    op.create_check_constraint(op.f(_CHECK), _TABLE, _AFTER)


def downgrade() -> None:
    # The owner is bound by row-level security too, and no organization is set here.
    op.execute(f"alter table {_TABLE} no force row level security")
    op.execute(_REFUSE)
    op.execute(f"alter table {_TABLE} force row level security")
    op.drop_constraint(op.f(_CHECK), _TABLE)
    op.create_check_constraint(op.f(_CHECK), _TABLE, _BEFORE)
