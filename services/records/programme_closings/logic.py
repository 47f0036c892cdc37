"""What may be done about a programme that closes, and what is told of it."""

import secrets

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError
from services.chassis.paging import PageRequest
from services.contracts.base import Page
from services.contracts.disclosure import Information, RecipientKind
from services.contracts.identifiers import DisclosureId, PatientId, ProgrammeClosingId
from services.contracts.records.disclosures import PartsRequest
from services.contracts.records.programme_closings import (
    Disposition,
    DispositionKind,
    DispositionRequest,
    ProgrammeClosing,
    ProgrammeClosingRequest,
    ProgrammeClosingStatus,
)
from services.records.disclosures.parts import Kept, Parts
from services.records.errors import UnknownPatientsError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands
from services.records.programme_closings.errors import (
    ClosingOpenError,
    ClosingOverError,
    ProgrammeGoesOnError,
    TransferWithoutConsentError,
    UndecidedError,
)
from services.records.programme_closings.rules import (
    NOT_GIVEN,
    destroy_from,
    has_ended,
    label_of,
    law_of,
    misfit,
    whole_of,
)
from services.records.programme_closings.storage import (
    Counts,
    KeptClosing,
    KeptDisposition,
    ProgrammeClosingRows,
    request_values,
)
from services.records.recipients.logic import RecipientCommands


class WholeRecords:
    """Tells what there is of a record, all of which a transfer has to give."""

    def __init__(self, kept: Kept, patients: PatientCommands, gate: Gate) -> None:
        self._kept = kept
        self._patients = patients
        self._gate = gate

    async def parts(self, patient_id: PatientId) -> frozenset[Information]:
        """Return the parts of which there is something; raises NotFoundError where the patient is not for the caller.

        What is written of the patient waits from now on.
        """
        patient, seal = await self._patients.lock_sealed(patient_id, Information.CONSENTS)
        asked = PartsRequest(information=[one for one in Information if one not in NOT_GIVEN])
        found = await Parts(self._kept, patient, seal, asked, self._gate.clock.now()).read()
        return frozenset(one for one, items in found.items() if items)


class ProgrammeClosings:
    """Closings within one unit of work: what is told of one is as it stands when it is told."""

    def __init__(
        self,
        rows: ProgrammeClosingRows,
        patients: PatientCommands,
        recipients: RecipientCommands,
        whole: WholeRecords,
        gate: Gate,
    ) -> None:
        self._rows = rows
        self._whole = whole
        self._patients = patients
        self._recipients = recipients
        self._gate = gate

    async def open(self, request: ProgrammeClosingRequest) -> ProgrammeClosing:
        """Say that the programme closes; from now on it is decided what becomes of each record.

        Raises:
            InvalidRequestError: Its last day is past, or the recipient is no programme in the directory.
            ClosingOpenError: It closes already.
        """
        now = self._gate.clock.now()
        if has_ended(request.ends_on, now):
            raise InvalidRequestError("/ends_on", "must not be past: patients are asked for their consent before it")
        if request.acquired_by is not None:
            recipient = await self._recipients.one(request.acquired_by, "/acquired_by")
            if recipient.kind is not RecipientKind.TREATING_PROVIDER:
                raise InvalidRequestError("/acquired_by", "must be a recipient of the kind treating_provider")
        opened = {
            "id": ProgrammeClosingId(new_id(now, secrets.token_bytes(10))),
            "opened_by": self._gate.caller.account_id,
            "opened_at": now,
        }
        closing = await self._rows.add({**request_values(request), **opened})
        if closing is None:
            raise ClosingOpenError
        return await self._told(closing)

    async def all(self) -> Page[ProgrammeClosing]:
        """Return the organization's closings, oldest first."""
        closings = await self._rows.all()
        if not closings:
            self._gate.configured()
        counts = await self._rows.counts(one.id for one in closings)
        return Page(items=[self._as_told(one, counts[one.id]) for one in closings], next_page_token=None)

    async def one(self, closing_id: ProgrammeClosingId) -> ProgrammeClosing:
        """Return a closing; raises NotFoundError where there is none such here."""
        return await self._told(self._found(closing_id, await self._rows.one(closing_id)))

    async def dispositions(self, closing_id: ProgrammeClosingId, requested: PageRequest) -> Page[Disposition]:
        """Return a page of records, with what is decided of each; raises NotFoundError where no closing is there."""
        closing = self._found(closing_id, await self._rows.one(closing_id))
        found = await self._rows.dispositions(closing, requested)
        page = requested.page([_disposition(one, closing) for one in found])
        self._gate.shown([one.id for one in page.items], Information.CONSENTS)
        return page

    async def dispose(self, closing_id: ProgrammeClosingId, request: DispositionRequest) -> ProgrammeClosing:
        """Decide what becomes of records.

        Raises:
            NotFoundError: There is no such closing here.
            ClosingOverError: It is sealed, or was cancelled.
            InvalidRequestError: The law that the request, or else the closing, names says otherwise.
            UnknownPatientsError: Not all of them are patients here.
            TransferWithoutConsentError: Not all of the record was given to a programme by a consent that names it.
        """
        closing = await self._open(closing_id)
        fault = misfit(request, closing.retention, closing.values["ends_on"])
        if fault is not None:
            raise InvalidRequestError(*fault)
        known = set(await self._patients.within_reach(request.patient_ids, Information.CONSENTS))
        unknown = [number for number, one in enumerate(request.patient_ids) if one not in known]
        if unknown:
            raise UnknownPatientsError([f"/patient_ids/{number}" for number in unknown])
        if request.disclosure_id is not None:
            await self._refuse_unless_whole(request.disclosure_id, request.patient_ids[0], closing)
        await self._rows.dispose(closing, request, self._gate.caller.account_id, self._gate.clock.now())
        return await self._told(closing)

    async def _refuse_unless_whole(
        self, disclosure_id: DisclosureId, patient_id: PatientId, closing: KeptClosing
    ) -> None:
        given = await self._rows.transferred(disclosure_id, patient_id, closing.values["opened_at"])
        missing = (await self._whole.parts(patient_id)).difference(*map(whole_of, given.values()))
        if disclosure_id not in given or missing:
            raise TransferWithoutConsentError(missing)

    async def cancel(self, closing_id: ProgrammeClosingId) -> ProgrammeClosing:
        """Say that the programme goes on.

        Raises:
            NotFoundError: There is no such closing here.
            ClosingOverError: It is sealed, or was cancelled.
        """
        return await self._end(await self._open(closing_id), seals=False)

    async def seal(self, closing_id: ProgrammeClosingId) -> ProgrammeClosing:
        """Seal every record: from now on nobody reads, uses or discloses any; the responsible person keeps or destroys.

        Raises:
            NotFoundError: There is no such closing here.
            ClosingOverError: It is sealed, or was cancelled.
            ProgrammeGoesOnError: The programme's last day is not over.
            UndecidedError: Of some records nothing is decided.
        """
        closing = await self._open(closing_id)
        if not has_ended(closing.values["ends_on"], self._gate.clock.now()):
            raise ProgrammeGoesOnError
        counts = await self._rows.counts([closing.id])
        if counts[closing.id].undecided:
            raise UndecidedError(counts[closing.id].undecided)
        return await self._end(closing, seals=True)

    async def _end(self, closing: KeptClosing, *, seals: bool) -> ProgrammeClosing:
        at = self._gate.clock.now()
        return await self._told(await self._rows.end(closing, self._gate.caller.account_id, at, seals=seals))

    async def _open(self, closing_id: ProgrammeClosingId) -> KeptClosing:
        closing = self._found(closing_id, await self._rows.lock(closing_id))
        if closing.status is not ProgrammeClosingStatus.OPEN:
            raise ClosingOverError
        return closing

    def _found(self, closing_id: ProgrammeClosingId, closing: KeptClosing | None) -> KeptClosing:
        if closing is None:
            self._gate.refuse(closing_id)
            raise NotFoundError
        return closing

    async def _told(self, closing: KeptClosing) -> ProgrammeClosing:
        return self._as_told(closing, (await self._rows.counts([closing.id]))[closing.id])

    def _as_told(self, closing: KeptClosing, counts: Counts) -> ProgrammeClosing:
        self._gate.configured(programme_closing=closing.id)
        return ProgrammeClosing.model_validate(
            {
                **{name: one for name, one in closing.values.items() if name in ProgrammeClosing.model_fields},
                **counts._asdict(),
                "retention": closing.retention,
                "label": label_of(closing.values["programme"], closing.retention),
                "status": closing.status,
            }
        )


def _disposition(kept: KeptDisposition, closing: KeptClosing) -> Disposition:
    # By which law a record was kept is forgotten with its key, and the closing's need not have been it.
    retention = None if kept.values["is_destroyed"] else law_of(kept.kind, kept.retention, closing.retention)
    has_expired = kept.values["reason"] is not None
    keeps = None if has_expired or kept.kind is DispositionKind.DESTROY else retention
    return Disposition.model_validate(
        {
            **{name: one for name, one in kept.values.items() if name in Disposition.model_fields},
            "retention": retention,
            "label": label_of(closing.values["programme"], keeps),
            "destroy_from": destroy_from(closing.values["sealed_at"], keeps),
        }
    )
