"""What is true of recipients. Pure."""

from services.contracts.identifiers import PatientId
from services.contracts.records.recipients import Recipient
from services.policy.decisions.question import Recipient as Facts


def facts_of(recipient: Recipient, patient_id: PatientId) -> Facts:
    """Write a recipient down as the decision on a patient's record sees it."""
    return Facts(
        recipient.id,
        recipient.kind,
        hipaa_bound=recipient.hipaa_bound,
        is_the_patient=recipient.patient_id == patient_id,
    )
