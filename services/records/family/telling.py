"""What may be said to somebody close to a patient, decided anew each time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, NamedTuple
from uuid import UUID

from services.contracts.disclosure import Information, Purpose, RecipientKind
from services.contracts.identifiers import PatientId, RecipientId, RelatedPersonId
from services.contracts.identity import Role
from services.policy.decisions.answer import Decision
from services.policy.decisions.decide import decide
from services.policy.decisions.question import Actor, Question, Recipient, Resource
from services.records.consents.signing import Signing
from services.records.family.storage import KeptPerson
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands
from services.records.recipients.logic import RecipientCommands
from services.records.recipients.rules import facts_of

# Who else comes to a group is known to nobody beforehand: it is their class that a consent names, and none by id.
_GROUP: Final = Recipient(UUID(int=0), RecipientKind.MULTI_FAMILY_GROUP, hipaa_bound=False)

# Claims are told by payer, and whoever asks for themselves names none.
_BY_THEMSELVES: Final = tuple(one for one in Information if one is not Information.CLAIMS)


class Told(NamedTuple):
    """What may be told of one part of a record: to each of those close to the patient, and to a multi-family group."""

    to_person: Mapping[RelatedPersonId, Decision]
    to_group: Decision


def as_related_person(gate: Gate, recipient_id: RecipientId) -> Gate:
    """Return the gate of a related person who asks for themselves: no duty that they have beside it counts there."""
    caller = gate.caller.model_copy(update={"roles": frozenset({Role.FAMILY})})
    return replace(gate, caller=caller, recipient_id=recipient_id)


class Telling:
    """Decides within one unit of work, in which the patient has been locked."""

    def __init__(self, patients: PatientCommands, recipients: RecipientCommands, signing: Signing, gate: Gate) -> None:
        self._patients = patients
        self._recipients = recipients
        self._signing = signing
        self._gate = gate

    async def about(self, person: KeptPerson, information: Iterable[Information]) -> dict[Information, Decision]:
        """Return of each part of the record whether the caller may tell it to this person now."""
        told = await self._told(self._gate.actor, person.patient_id, [person], information)
        return {part: one.to_person[person.id] for part, one in told.items()}

    async def to_themselves(self, person: KeptPerson) -> dict[Information, Decision]:
        """Return of each part that can be read by an account of theirs whether this person may read it now."""
        actor = as_related_person(self._gate, person.recipient_id).actor
        told = await self._told(actor, person.patient_id, [person], _BY_THEMSELVES)
        return {part: one.to_person[person.id] for part, one in told.items()}

    async def to_each(self, patient_id: PatientId, persons: Sequence[KeptPerson], information: Information) -> Told:
        """Return whether the caller may tell one part now, to all of these at once and to a multi-family group."""
        return (await self._told(self._gate.actor, patient_id, persons, [information]))[information]

    async def _told(
        self, actor: Actor, patient_id: PatientId, persons: Sequence[KeptPerson], information: Iterable[Information]
    ) -> dict[Information, Told]:
        (patient, _), reach = await self._patients.lock_to_disclose(patient_id)
        recipients = await self._recipients.some({one.recipient_id for one in persons})
        signed = await self._signing.signed(patient)

        def told(part: Information, recipient: Recipient) -> Decision:
            return decide(
                Question(
                    actor=actor,
                    purpose=Purpose.FAMILY_INVOLVEMENT,
                    resource=Resource(part),
                    patient=self._gate.facts(reach, signed.standing),
                    now=self._gate.clock.now(),
                    recipient=recipient,
                    consents=signed.consents,
                    restrictions=signed.restrictions,
                )
            )

        facts = {one.id: facts_of(recipients[one.recipient_id], patient.id) for one in persons}
        return {
            part: Told({person_id: told(part, one) for person_id, one in facts.items()}, told(part, _GROUP))
            for part in information
        }
