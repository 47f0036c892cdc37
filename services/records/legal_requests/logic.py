"""What may be done about requests that a person answers, and what is told of them."""

import secrets
from datetime import UTC, datetime
from typing import Any, Final

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information, RecipientKind
from services.contracts.identifiers import LegalRequestId, PatientId, RecipientId
from services.contracts.records.legal_requests import (
    LegalRequest,
    LegalRequestKind,
    LegalRequestRequest,
    LegalRequestSettlement,
)
from services.records.consents.rules import FIRST_ZONE
from services.records.errors import OverAlreadyError
from services.records.gate import Gate
from services.records.legal_requests.rules import due_on, is_overdue, misfit
from services.records.legal_requests.storage import Kept, LegalRequestQueries, LegalRequestRows
from services.records.patients.logic import PatientCommands
from services.records.recipients.logic import RecipientCommands

_DENIED: Final = "A disclosure to this recipient was asked for, to investigate. Nothing was disclosed."


class LegalRequestCommands:
    """Changes to requests, within one unit of work."""

    def __init__(
        self, rows: LegalRequestRows, patients: PatientCommands, recipients: RecipientCommands, gate: Gate
    ) -> None:
        self._rows = rows
        self._patients = patients
        self._recipients = recipients
        self._gate = gate

    async def record(self, request: LegalRequestRequest) -> LegalRequest:
        """Record a request, which waits for a person from now on.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: The recipient is not in the directory, or no intermediary; or the day lies ahead.
        """
        if request.received_on > self._gate.clock.now().astimezone(FIRST_ZONE).date():
            raise InvalidRequestError("/received_on", "must not lie in the future: what is due is counted from it")
        if request.recipient_id is not None:
            recipient = await self._recipients.one(request.recipient_id, "/recipient_id")
            is_list = request.kind is LegalRequestKind.DISCLOSURE_LIST
            if is_list and recipient.kind is not RecipientKind.INTERMEDIARY:
                raise InvalidRequestError(
                    "/recipient_id", "must be an intermediary; of what we disclosed ourselves there is an accounting"
                )
        if request.patient_id is not None:
            await self._patients.lock(request.patient_id, Information.CONSENTS)
        recorded = await self._add(request)
        self._gate.configured(legal_request=recorded.id)
        return recorded

    async def investigated(self, patient_id: PatientId, recipient_id: RecipientId) -> None:
        """Hand on that a disclosure was denied for which an investigation was named; once while it waits."""
        if await self._rows.waits(LegalRequestKind.INVESTIGATION, patient_id, recipient_id):
            return
        await self._add(
            LegalRequestRequest(
                kind=LegalRequestKind.INVESTIGATION,
                patient_id=patient_id,
                recipient_id=recipient_id,
                received_on=self._gate.clock.now().astimezone(UTC).date(),
                told=_DENIED,
            )
        )

    async def settle(self, request_id: LegalRequestId, settlement: LegalRequestSettlement) -> LegalRequest:
        """Say how a request was settled.

        Raises:
            NotFoundError: There is no such request here.
            OverAlreadyError: It was settled.
            InvalidRequestError: This does not fit to what was asked.
        """
        kept = await self._rows.one(request_id)
        if kept is None:
            self._gate.refuse(request_id)
            raise NotFoundError
        fault = misfit(LegalRequestKind(kept.values["kind"]), settlement)
        if fault is not None:
            raise InvalidRequestError(*fault)
        if kept.settlement is not None:
            raise OverAlreadyError
        now = self._gate.clock.now()
        done = {"settled_by": self._gate.caller.account_id, "settled_at": now}
        await self._rows.settle(request_id, settlement, done)
        self._gate.configured(legal_request=request_id)
        changed = {**kept.values, **done, "outcome": settlement.outcome}
        return _told(Kept(changed, kept.told, settlement), now)

    async def _add(self, request: LegalRequestRequest) -> LegalRequest:
        now = self._gate.clock.now()
        values: dict[str, Any] = {
            "id": LegalRequestId(new_id(now, secrets.token_bytes(10))),
            **request.model_dump(exclude={"told"}),
            "due_on": due_on(request.kind, request.received_on),
            "recorded_by": self._gate.caller.account_id,
            "recorded_at": now,
            "outcome": None,
            "settled_by": None,
            "settled_at": None,
        }
        await self._rows.add(values, request.told)
        return _told(Kept(values, request.told, None), now)


class LegalRequestReads:
    """What is told of requests."""

    def __init__(self, queries: LegalRequestQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def page(self, requested: PageRequest, *, is_open: bool) -> Page[LegalRequest]:
        """Return a page of requests, in the order they were recorded; those that wait, or all."""
        now, page = self._gate.clock.now(), requested.page(await self._queries.some(requested, is_open=is_open))
        items = [_told(one, now) for one in page.items]
        of = sorted({one.patient_id for one in items if one.patient_id is not None})
        self._gate.shown(list(of), Information.CONSENTS)
        return Page(items=items, next_page_token=page.next_page_token)


def _told(kept: Kept, now: datetime) -> LegalRequest:
    settlement = kept.settlement
    return LegalRequest.model_validate(
        {
            **{name: value for name, value in kept.values.items() if name != "organization_id"},
            "is_overdue": is_overdue(kept.values["due_on"], kept.values["settled_at"], now),
            "told": kept.told,
            "answer": None if settlement is None else settlement.told,
            "disclosures": None if settlement is None else settlement.disclosures,
        }
    )
