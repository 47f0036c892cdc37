"""Who is told that a record was opened in an emergency."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from services.chassis.errors import NotFoundError
from services.contracts.gateway.emergency_alerts import EmergencyAlert, EmergencyEvent
from services.contracts.gateway.letters import LetterLanguage
from services.contracts.gateway.organizations import Account
from services.contracts.identifiers import AccountId, OrganizationId
from services.contracts.identity import Principal, Role
from services.gateway.accounts.logic import AccountsLogic
from services.gateway.attempts.logic import AttemptsLogic
from services.gateway.emergency_alerts.storage import EmergencyEventStorage
from services.gateway.errors import EventRefusedError
from services.gateway.letters.letter import Duty, Letter, LetterKind
from services.gateway.letters.logic import Letters
from services.gateway.security_events.logic import SecurityEventKind, SecurityTrail, Told

# The first of them that somebody else holds: who leads the programme, who supervises in it, who administers it.
_TOLD: Final = (Role.PROGRAMME_DIRECTOR, Role.SUPERVISOR, Role.ORGANIZATION_ADMIN)
_LIVES: Final = timedelta(days=1)


class EmergencyAlertsLogic:
    """Tells those who lead, within one unit of work that sees the organization; the letter says nothing of anybody."""

    def __init__(
        self,
        accounts: AccountsLogic,
        letters: Letters,
        attempts: AttemptsLogic,
        trail: SecurityTrail,
        events: EmergencyEventStorage,
    ) -> None:
        self._events = events
        self._accounts = accounts
        self._letters = letters
        self._attempts = attempts
        self._trail = trail

    async def alert(self, *, principal: Principal) -> EmergencyAlert:
        """Tell those who lead the caller's organization that the caller has opened a record, and the trail.

        The trail is told each time. Each of them gets a letter at once, and within the next quarter of an hour one more
        at its end, however many records are opened.

        Raises:
            NotFoundError: The caller acts in no organization.
        """
        if principal.organization_id is None:
            raise NotFoundError
        return await self._alert_of(principal.organization_id, principal.account_id)

    async def receive(self, organization_id: OrganizationId, event: EmergencyEvent) -> EmergencyAlert:
        """Do so of what is signed, in the organization that the transaction sees; an event that comes again is one.

        Raises:
            EventRefusedError: It was signed for another organization.
        """
        if event.organization_id != organization_id:
            raise EventRefusedError
        if not await self._events.is_new(event):
            return EmergencyAlert(letters=await self._events.answered(event))
        alert = await self._alert_of(organization_id, event.account_id)
        await self._events.answer(event, alert.letters)
        return alert

    async def _alert_of(self, organization_id: OrganizationId, opener: AccountId) -> EmergencyAlert:
        sent = await self._tell(organization_id, opener)
        await self._trail.tell(Told(SecurityEventKind.EMERGENCY_ALERTED, organization_id, by=opener, times=sent))
        return EmergencyAlert(letters=sent)

    async def is_to_have(self, letter: Letter) -> bool:
        """Say whether somebody still leads who did when the letter was written; else whoever leads now gets one."""
        duty = letter.duty
        if duty is None:
            return True
        await self._accounts.enter_workplace(duty.organization_id)
        for role in _TOLD:
            if any(one.id == duty.account_id for one in await self._accounts.holding(duty.organization_id, role)):
                return True
        await self._tell(duty.organization_id, duty.by)
        return False

    async def _tell(self, organization_id: OrganizationId, opener: AccountId) -> int:
        # Asked before anything is counted: what is counted as on its way with a later letter must have one.
        if not self._letters.has_mail:
            return 0
        kind, language = LetterKind.EMERGENCY_REVIEW, LetterLanguage.ENGLISH
        leading = await self._leading(organization_id, opener)
        for account in leading:
            due_at = await self._attempts.alert_due_at(organization_id, account.id)
            if due_at is not None:
                duty = Duty(organization_id, account.id, opener)
                await self._letters.post(
                    kind, account.email, "", language=language, lives=_LIVES, due_at=due_at, duty=duty
                )
        return len(leading)

    async def _leading(self, organization_id: OrganizationId, opener: AccountId) -> Collection[Account]:
        for role in _TOLD:
            holders = await self._accounts.holding(organization_id, role)
            others = [one for one in holders if one.id != opener]
            if others:
                return others
        return ()
