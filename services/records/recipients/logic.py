"""What may be done with the directory of recipients."""

import secrets
from collections.abc import Iterable

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information, RecipientKind
from services.contracts.identifiers import RecipientId
from services.contracts.records.recipients import Recipient, RecipientRequest
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands
from services.records.recipients.storage import RecipientQueries, RecipientRows


class RecipientCommands:
    """Changes to the directory, and look-ups within one unit of work."""

    def __init__(self, rows: RecipientRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def create(self, request: RecipientRequest) -> Recipient:
        """Enter a recipient.

        Raises:
            InvalidRequestError: It is of the kind patient and says of nobody whom the caller may see, or is of another
                kind and says whose.
            OpenedToBeReadError: It is a patient whom the caller sees by a broken glass alone.
        """
        await self._refuse_misplaced(request)
        now = self._gate.clock.now()
        recipient = Recipient(
            id=RecipientId(new_id(now, secrets.token_bytes(10))), created_at=now, **request.model_dump()
        )
        await self._rows.add(recipient)
        self._gate.configured(recipient=recipient.id)
        return recipient

    async def _refuse_misplaced(self, request: RecipientRequest) -> None:
        if request.kind is not RecipientKind.PATIENT:
            if request.patient_id is not None:
                raise InvalidRequestError("/patient_id", "must be left out but where kind is patient")
            return
        if request.patient_id is None:
            raise InvalidRequestError("/patient_id", "must say which patient it is, where kind is patient")
        if not await self._patients.may_write_of(request.patient_id, Information.DEMOGRAPHICS):
            raise InvalidRequestError("/patient_id", "must be a patient whom you treat", code="unknown-patient")

    async def one(self, recipient_id: RecipientId, pointer: str) -> Recipient:
        """Return a recipient that a body names.

        Raises:
            InvalidRequestError: There is none such here.
        """
        recipient = await self._rows.one(recipient_id)
        if recipient is None:
            raise InvalidRequestError(pointer, "must be a recipient of your organization", code="unknown-recipient")
        return recipient

    async def some(self, recipient_ids: Iterable[RecipientId]) -> dict[RecipientId, Recipient]:
        """Return recipients that rows name, which are never deleted, by their ids."""
        return {one.id: one for one in await self._rows.some(recipient_ids)}

    async def kinds(self, recipient_ids: Iterable[RecipientId], pointer: str) -> set[RecipientKind]:
        """Return the kinds of recipients that a body names.

        Raises:
            InvalidRequestError: One of them is not in the directory.
        """
        named = set(recipient_ids)
        known = await self._rows.kinds(named)
        if len(known) != len(named):
            raise InvalidRequestError(pointer, "must be recipients of your organization", code="unknown-recipient")
        return set(known.values())


class RecipientReads:
    """What can be read of the directory."""

    def __init__(self, queries: RecipientQueries, gate: Gate) -> None:
        self._queries = queries
        self._gate = gate

    async def named(self, recipient_ids: set[RecipientId]) -> dict[RecipientId, Recipient]:
        """Return recipients by their ids; whoever shows them tells the trail."""
        return {one.id: one for one in await self._queries.named(recipient_ids)}

    async def page(self, requested: PageRequest) -> Page[Recipient]:
        """Return a page of the recipients, oldest entry first."""
        page = requested.page(await self._queries.some(requested))
        self._gate.configured()
        return page
