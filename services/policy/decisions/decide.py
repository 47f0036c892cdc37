"""The one function that every read of a row and every disclosure asks."""

from services.policy.decisions.answer import Decision, Denial, Rule
from services.policy.decisions.outside import decide_disclosure
from services.policy.decisions.question import Question
from services.policy.decisions.uses import decide_use


def decide(question: Question) -> Decision:
    """Decide; pure, total, and closed: what no rule permits is denied.

    It is asked with the row, where the row is read. Nothing that it answers may be kept for a later request: a
    revocation holds from its commit on (42 CFR 2.31(c)(3)).
    """
    if question.actor.organization_id != question.patient.organization_id:
        return Denial(Rule.OTHER_ORGANIZATION)
    if question.patient.is_sealed:
        return Denial(Rule.RECORD_SEALED)
    if question.recipient is None:
        return decide_use(question)
    return decide_disclosure(question, question.recipient)
