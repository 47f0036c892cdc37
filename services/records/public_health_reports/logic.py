"""Deciding on what public health is told, and telling it."""

from datetime import date

from services.chassis.errors import InvalidRequestError
from services.contracts.disclosure import Information, Purpose, RecipientKind
from services.contracts.identifiers import RecipientId
from services.contracts.records.episodes import DischargeReason
from services.contracts.records.public_health_reports import DischargeCount, LevelCount, PublicHealthReport
from services.policy.decisions.answer import Denial
from services.policy.decisions.decide import decide
from services.policy.decisions.question import Label, PatientFacts, Question, Recipient, Resource, Standing
from services.records.consents.rules import LAST_ZONE
from services.records.disclosures.errors import DisclosureDeniedError
from services.records.gate import Gate
from services.records.public_health_reports.facts import NONE
from services.records.public_health_reports.rules import told, total
from services.records.public_health_reports.storage import PublicHealthQueries
from services.records.recipients.logic import RecipientReads

_DE_IDENTIFIED = Resource(Information.TREATMENT_PLAN, labels=frozenset({Label.DE_IDENTIFIED}))


class PublicHealthReports:
    """What public health may be told of a year that is over."""

    def __init__(self, queries: PublicHealthQueries, recipients: RecipientReads, gate: Gate) -> None:
        self._queries = queries
        self._recipients = recipients
        self._gate = gate

    async def of_year(self, recipient_id: RecipientId, year: int) -> PublicHealthReport:
        """Return the counts of a year.

        Raises:
            InvalidRequestError: The recipient is not in the directory, or no authority; or the year is not over.
            DisclosureDeniedError: The caller may not disclose.
        """
        now = self._gate.clock.now()
        recipient = (await self._recipients.named({recipient_id})).get(recipient_id)
        if recipient is None or recipient.kind is not RecipientKind.PUBLIC_HEALTH_AUTHORITY:
            raise InvalidRequestError("recipient_id", "must be a public health authority here", location="query")
        # A year is over where it ends last.
        if year >= now.astimezone(LAST_ZONE).year:
            raise InvalidRequestError("year", "must be over: counts that grow tell who came between", location="query")
        self._decide(Recipient(recipient.id, recipient.kind, recipient.hipaa_bound))
        days = date(year, 1, 1), date(year, 12, 31)
        admitted, discharged = await self._queries.admitted(*days), await self._queries.discharged(*days)
        self._gate.counted(recipient_id, year)
        reasons = {reason: discharged.get(reason, NONE) for reason in DischargeReason}
        return PublicHealthReport(
            recipient_id=recipient_id,
            year=year,
            by_level=[
                LevelCount(criteria_edition=edition, level=level, admissions=told(count))
                for (edition, level), count in admitted.items()
            ],
            admissions=total(admitted.values()),
            by_reason=[DischargeCount(reason=reason, discharges=told(count)) for reason, count in reasons.items()],
            discharges=total(reasons.values()),
        )

    def _decide(self, recipient: Recipient) -> None:
        organization_id = self._gate.actor.organization_id
        assert organization_id is not None  # noqa: S101 - its route is nobody's outside an organization
        question = Question(
            actor=self._gate.actor,
            purpose=Purpose.PUBLIC_HEALTH,
            resource=_DE_IDENTIFIED,
            patient=PatientFacts(organization_id, Standing.ADULT, frozenset()),
            now=self._gate.clock.now(),
            recipient=recipient,
        )
        decision = decide(question)
        if isinstance(decision, Denial):
            raise DisclosureDeniedError(decision, "/recipient_id")
