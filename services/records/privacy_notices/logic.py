"""What may be done with notices of privacy practices, and who is told which."""

import secrets
from datetime import date
from typing import Final

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PatientId, PrivacyNoticeId, PrivacyNoticeReceiptId
from services.contracts.records.privacy_notices import (
    PrivacyNotice,
    PrivacyNoticeReceipt,
    PrivacyNoticeReceiptRequest,
    PrivacyNoticeRequest,
    PrivacyNoticeStatus,
    RequiredNoticeElement,
)
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.privacy_notices.errors import (
    NoticeActiveError,
    NoticeDayTakenError,
    NoticeIncompleteError,
    NoticeNotInForceError,
)
from services.records.privacy_notices.rules import (
    REQUIRED,
    fields_of,
    in_force_on,
    is_past,
    missing_elements,
    was_in_force,
)
from services.records.privacy_notices.storage import PrivacyNoticeQueries, PrivacyNoticeRows

_DAY_TAKEN: Final = "privacy_notices_active_key"
_CHANGED: Final = "The notice has changed since you read it; read it again and send its ETag."


class PrivacyNoticeCommands:
    """Changes to notices, within one unit of work."""

    def __init__(self, rows: PrivacyNoticeRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def draft(self, request: PrivacyNoticeRequest) -> PrivacyNotice:
        """Begin a notice; it holds for nobody until it is active."""
        now = self._gate.clock.now()
        notice = PrivacyNotice(
            id=PrivacyNoticeId(new_id(now, secrets.token_bytes(10))),
            version=1,
            status=PrivacyNoticeStatus.DRAFT,
            **request.model_dump(),
            effective_on=None,
            changed_by=self._gate.caller.account_id,
            created_at=now,
        )
        await self._add(notice)
        return notice

    async def redraft(self, notice_id: PrivacyNoticeId, request: PrivacyNoticeRequest, version: int) -> PrivacyNotice:
        """Write another version of a draft.

        Raises:
            NotFoundError: There is no such notice here.
            StaleVersionError: Another version has been written meanwhile.
            NoticeActiveError: It is active.
        """
        draft = await self._draft(notice_id, version)
        return await self._next(draft, **request.model_dump())

    async def activate(self, notice_id: PrivacyNoticeId, effective_on: date, version: int) -> PrivacyNotice:
        """Let a draft hold from a day on.

        Raises:
            NotFoundError: There is no such notice here.
            StaleVersionError: Another version has been written meanwhile.
            NoticeActiveError: It is active.
            NoticeIncompleteError: An element is missing.
            InvalidRequestError: The day has passed.
            NoticeDayTakenError: Another notice of the language holds from that day on.
        """
        draft = await self._draft(notice_id, version)
        missing = missing_elements(draft)
        if missing:
            raise NoticeIncompleteError(fields_of(missing))
        if is_past(effective_on, self._gate.clock.now()):
            raise InvalidRequestError("/effective_on", "must not lie before today: a notice is published first")
        return await self._next(draft, status=PrivacyNoticeStatus.ACTIVE, effective_on=effective_on)

    async def give(self, patient_id: PatientId, request: PrivacyNoticeReceiptRequest) -> PrivacyNoticeReceipt:
        """Record that a patient was given a notice, and what came of it.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: It lies in the future.
            NoticeNotInForceError: The notice was not in force then, or there is none of this id.
        """
        await self._patients.lock(patient_id, Information.CONSENTS)
        now = self._gate.clock.now()
        if request.given_at > now:
            raise InvalidRequestError("/given_at", "must not lie in the future")
        active = await self._rows.active()
        notice = next((one for one in active if one.id == request.notice_id), None)
        if notice is None or not was_in_force(notice, active, request.given_at):
            raise NoticeNotInForceError
        receipt = PrivacyNoticeReceipt(
            id=PrivacyNoticeReceiptId(new_id(now, secrets.token_bytes(10))),
            patient_id=patient_id,
            notice_version=notice.version,
            efforts=sorted(request.efforts),
            recorded_by=self._gate.caller.account_id,
            recorded_at=now,
            **request.model_dump(exclude={"efforts"}),
        )
        await self._rows.add_receipt(receipt)
        return receipt

    async def _draft(self, notice_id: PrivacyNoticeId, version: int) -> PrivacyNotice:
        newest = await self._rows.newest(notice_id)
        if newest is None:
            self._gate.refuse(notice_id)
            raise NotFoundError
        if newest.status is PrivacyNoticeStatus.ACTIVE:
            raise NoticeActiveError
        if newest.version != version:
            raise StaleVersionError(_CHANGED)
        return newest

    async def _next(self, notice: PrivacyNotice, **changes: object) -> PrivacyNotice:
        now, account_id = self._gate.clock.now(), self._gate.caller.account_id
        always = {"version": notice.version + 1, "changed_by": account_id, "created_at": now}
        changed = notice.model_copy(update={**changes, **always})
        await self._add(changed)
        return changed

    async def _add(self, notice: PrivacyNotice) -> None:
        broken = await self._rows.add(notice)
        if broken == _DAY_TAKEN:
            raise NoticeDayTakenError
        if broken is not None:
            # Two wrote the same version at once, and the other came first.
            raise StaleVersionError(_CHANGED)
        self._gate.configured(privacy_notice=notice.id)


class PrivacyNoticeReads:
    """What can be read of notices, and of who was given which; all of them are on one page."""

    def __init__(self, queries: PrivacyNoticeQueries, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def all(self) -> Page[PrivacyNotice]:
        """Return the newest version of each notice."""
        self._gate.configured()
        return Page(items=await self._queries.newest(), next_page_token=None)

    def required(self) -> Page[RequiredNoticeElement]:
        """Return what an active notice has, and where the law asks for it."""
        self._gate.configured()
        return Page(items=list(REQUIRED), next_page_token=None)

    async def in_force(self, on: date, language: str) -> PrivacyNotice:
        """Return the notice that holds on a day.

        Raises:
            NotFoundError: None did.
        """
        notice = in_force_on(await self._queries.active(), on, language)
        if notice is None:
            raise NotFoundError
        self._gate.configured(privacy_notice=notice.id)
        return notice

    async def receipts(self, patient_id: PatientId) -> Page[PrivacyNoticeReceipt]:
        """Return which notices a patient was given; raises NotFoundError where the patient is not for the caller."""
        await self._patients.presence(patient_id, Information.CONSENTS)
        return Page(items=await self._queries.receipts(patient_id), next_page_token=None)
