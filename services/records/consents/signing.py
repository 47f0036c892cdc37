"""What a patient's consents stand on at this moment, as the decision sees it."""

from datetime import UTC, datetime
from typing import NamedTuple

from services.contracts.identifiers import ConsentId
from services.contracts.records.consents import Consent, MinorConsentRule, RestrictionDecision
from services.contracts.records.patients import Patient
from services.policy.decisions.question import Consent as ConsentFacts
from services.policy.decisions.question import Restriction as RestrictionFacts
from services.policy.decisions.question import Standing
from services.records.consents.authorities import Authority
from services.records.consents.rules import facts_of, rule_on, signed_at, standing_of
from services.records.consents.storage import ConsentRows
from services.records.gate import Gate
from services.records.patients.rules import age_on


class Signed(NamedTuple):
    """Everything that a patient has signed or asked for, and whose signature it takes."""

    standing: Standing
    consents: tuple[ConsentFacts, ...]
    restrictions: tuple[RestrictionFacts, ...]


class Signing:
    """Reads what a decision on a disclosure needs, within one unit of work that has locked the patient."""

    def __init__(self, rows: ConsentRows, gate: Gate) -> None:
        self._rows = rows
        self._gate = gate

    async def standing(self, patient: Patient, at: datetime | None) -> Standing:
        """Return whose signature the patient's consents took at an instant, or take now."""
        rules, authorities = await self._rows.rules(patient.site_id), await self._rows.authorities(patient.id)
        return self._standing(patient, rules, authorities, at)

    async def consent(self, consent_id: ConsentId) -> Consent:
        """Return the newest version of a consent that was found by `signed` in this unit of work."""
        found = await self._rows.newest(consent_id)
        assert found is not None  # noqa: S101 - no consent is ever deleted
        return found[0]

    async def signed(self, patient: Patient) -> Signed:
        """Return all of it as it stands now; nothing of it may be kept for a later request."""
        rules, authorities = await self._rows.rules(patient.site_id), await self._rows.authorities(patient.id)
        stays = await self._rows.stays(patient.id)
        consents = [
            facts_of(one, authorities, self._standing(patient, rules, authorities, signed_at(one.terms)), stays)
            for one in await self._rows.of_patient(patient.id)
        ]
        restrictions = [
            RestrictionFacts(
                information=frozenset(one.information),
                purposes=frozenset(one.purposes),
                recipient_ids=frozenset(one.recipient_ids),
                recipient_kinds=frozenset(one.recipient_kinds),
                records_from=one.records_from,
                records_until=one.records_until,
            )
            for one in await self._rows.restrictions(patient.id)
            if one.decision is RestrictionDecision.GRANTED and one.ended_at is None
        ]
        standing = self._standing(patient, rules, authorities, None)
        return Signed(standing, tuple(consents), tuple(restrictions))

    def _standing(
        self,
        patient: Patient,
        rules: list[MinorConsentRule],
        authorities: list[Authority],
        at: datetime | None,
    ) -> Standing:
        instant = at or self._gate.clock.now()
        day = instant.astimezone(UTC).date()
        return standing_of(age_on(patient.birth_date, day), rule_on(rules, day), authorities, instant)
