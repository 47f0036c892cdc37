"""What providers report of messages; a report counts only with the signature that we share with the provider."""

from collections.abc import Mapping
from typing import Final

from services.chassis.clock import Clock
from services.chassis.database import UnitOfWork
from services.chassis.errors import NotFoundError
from services.chassis.webhooks import SignatureRefusedError, verify
from services.contracts.scheduler.notices import Notice, NoticeReason, NoticeReceipt, NoticeStatus, ReceiptStatus
from services.scheduler.errors import NoticeNotSentError, ReceiptRefusedError
from services.scheduler.notice_preferences.logic import NoticeOptOuts
from services.scheduler.notice_providers.logic import NoticeProvidersReader
from services.scheduler.notices import storage
from services.scheduler.own_schedules.logic import OwnNoticeOptOuts

_NOBODYS_SECRET: Final = bytes(32)
_DELIVERED: Final = NoticeStatus.DELIVERED


class NoticeReceiptsLogic:
    """Takes receipts; an organization without a provider refuses as one whose provider has signed otherwise."""

    def __init__(
        self,
        db: UnitOfWork,
        providers: NoticeProvidersReader,
        opt_outs: NoticeOptOuts,
        own_opt_outs: OwnNoticeOptOuts,
        clock: Clock,
    ) -> None:
        self._db = db
        self._providers = providers
        self._opt_outs = opt_outs
        self._own_opt_outs = own_opt_outs
        self._clock = clock

    async def take(self, receipt: NoticeReceipt, headers: Mapping[str, str], body: bytes) -> None:
        """Write down what a provider reports; the same report again changes nothing.

        Raises:
            ReceiptRefusedError: The organization's provider has not signed it, or not within five minutes.
            NotFoundError: The organization has no such notice.
            NoticeNotSentError: The notice was never handed over.
        """
        await self._refuse_forged(headers, body)
        notice = await storage.hold(self._db, receipt.notice_id)
        if notice is None:
            raise NotFoundError
        if notice.attempts == 0:
            raise NoticeNotSentError
        if receipt.status is ReceiptStatus.OPTED_OUT:
            await self._opt_out(notice)
        elif receipt.status is ReceiptStatus.DELIVERED:
            await storage.mark_delivered(self._db, notice.id, self._clock.now())
        elif notice.status is not _DELIVERED:
            await storage.set_status(self._db, notice.id, NoticeStatus.FAILED, NoticeReason.UNDELIVERABLE)

    async def _opt_out(self, notice: Notice) -> None:
        if notice.patient_id is not None:
            await self._opt_outs.opt_out(notice.patient_id)
        if notice.practitioner_id is not None:
            await self._own_opt_outs.opt_out(notice.practitioner_id)

    async def _refuse_forged(self, headers: Mapping[str, str], body: bytes) -> None:
        carried = await self._providers.with_secret()
        secret = _NOBODYS_SECRET if carried is None else carried[1]
        try:
            verify(secret, headers, self._clock.now(), body)
        except SignatureRefusedError:
            raise ReceiptRefusedError from None
        if carried is None:
            raise ReceiptRefusedError
