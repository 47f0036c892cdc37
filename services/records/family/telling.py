"""What may be said to somebody close to a patient, decided anew each time."""

from collections.abc import Iterable

from services.contracts.disclosure import Information, Purpose
from services.policy.decisions.answer import Decision
from services.policy.decisions.decide import decide
from services.policy.decisions.question import Question, Resource
from services.records.consents.signing import Signing
from services.records.family.storage import KeptPerson
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands
from services.records.recipients.logic import RecipientCommands
from services.records.recipients.rules import facts_of


class Telling:
    """Decides within one unit of work, in which the patient has been locked."""

    def __init__(self, patients: PatientCommands, recipients: RecipientCommands, signing: Signing, gate: Gate) -> None:
        self._patients = patients
        self._recipients = recipients
        self._signing = signing
        self._gate = gate

    async def about(self, person: KeptPerson, information: Iterable[Information]) -> dict[Information, Decision]:
        """Return of each part of the record whether the caller may tell it to this person now."""
        (patient, _), reach = await self._patients.lock_to_disclose(person.patient_id)
        recipient = await self._recipients.one(person.recipient_id, "")
        signed = await self._signing.signed(patient)

        def asked(part: Information) -> Question:
            return Question(
                actor=self._gate.actor,
                purpose=Purpose.FAMILY_INVOLVEMENT,
                resource=Resource(part),
                patient=self._gate.facts(reach, signed.standing),
                now=self._gate.clock.now(),
                recipient=facts_of(recipient, patient.id),
                consents=signed.consents,
                restrictions=signed.restrictions,
            )

        return {part: decide(asked(part)) for part in information}
