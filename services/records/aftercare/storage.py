"""Where aftercare is kept, sealed with the patient's own key."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, and_, any_, bindparam, exists, func, or_, select, true, type_coerce, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from services.chassis.database import Query, Read
from services.contracts.identifiers import AccountId, AftercareContactId, AftercarePlanId, OrganizationId, PatientId
from services.contracts.records.episodes import DischargeReason
from services.contracts.records.recovery import (
    AftercareContact,
    AftercarePlan,
    AftercareRequest,
    Attempt,
    ContactStatus,
    FollowUpRequest,
)
from services.records.aftercare.standing import status_of
from services.records.aftercare.tables import (
    AftercareAmendmentRow,
    AftercareAttemptRow,
    AftercareContactRow,
    AftercarePlanRow,
)
from services.records.episodes.tables import EpisodeRow
from services.records.person_seal import PersonSeal

_PLANS: Final = AftercarePlanRow.__tablename__
_CONTACTS: Final = AftercareContactRow.__tablename__
_AMENDMENTS: Final = AftercareAmendmentRow.__tablename__
_ATTEMPTS: Final = AftercareAttemptRow.__tablename__
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_OWN: Final = aliased(EpisodeRow, name="own")
_DISCHARGED_ON: Final = func.coalesce(_OWN.discharged_on, AftercarePlanRow.discharged_on)
"""Read from the episode and not kept: where its discharge is corrected, every day after it moves along."""
_OF_EPISODE: Final = and_(
    _OWN.organization_id == AftercarePlanRow.organization_id, _OWN.id == AftercarePlanRow.episode_id
)
_AMENDED: Final = (
    select(AftercareAmendmentRow.number, AftercareAmendmentRow.details)
    .where(
        AftercareAmendmentRow.organization_id == AftercarePlanRow.organization_id,
        AftercareAmendmentRow.plan_id == AftercarePlanRow.id,
    )
    .order_by(AftercareAmendmentRow.number.desc())
    .limit(1)
    .correlate(AftercarePlanRow)
    .lateral("amended")
)
_PLAN: Final = (
    select(
        AftercarePlanRow.id,
        AftercarePlanRow.patient_id,
        AftercarePlanRow.episode_id,
        AftercarePlanRow.details,
        AftercarePlanRow.created_by,
        AftercarePlanRow.created_at,
        _DISCHARGED_ON.label("discharged_on"),
        _AMENDED.c.number.label("amendment"),
        _AMENDED.c.details.label("amended_details"),
    )
    .join_from(AftercarePlanRow, _OWN, _OF_EPISODE)
    .outerjoin(_AMENDED, true())
)
_ENDED: Final = or_(
    _OWN.discharged_on.is_(None),
    exists()
    .where(
        EpisodeRow.organization_id == AftercareContactRow.organization_id,
        EpisodeRow.patient_id == AftercareContactRow.patient_id,
        or_(
            and_(EpisodeRow.id != AftercarePlanRow.episode_id, EpisodeRow.admitted_on >= _DISCHARGED_ON),
            EpisodeRow.discharge_reason == DischargeReason.DEATH.value,
        ),
    )
    .correlate(AftercareContactRow, AftercarePlanRow, _OWN),
)
"""Read from the episodes and not kept: who comes back, or dies, is not called, whoever admits or discharges them."""
_DUE_ON: Final = type_coerce(_DISCHARGED_ON + AftercareContactRow.days_after, Date)
_CONTACT: Final = (
    select(
        AftercareContactRow.id,
        AftercareContactRow.plan_id,
        AftercareContactRow.patient_id,
        AftercareContactRow.days_after,
        AftercareContactRow.outcome,
        AftercareContactRow.closed_at,
        _DUE_ON.label("due_on"),
        _ENDED.label("is_ended"),
    )
    .join_from(
        AftercareContactRow,
        AftercarePlanRow,
        and_(
            AftercarePlanRow.organization_id == AftercareContactRow.organization_id,
            AftercarePlanRow.id == AftercareContactRow.plan_id,
        ),
    )
    .join(_OWN, _OF_EPISODE)
    .order_by(_DUE_ON, AftercareContactRow.id)
)
_ATTEMPT: Final = select(AftercareAttemptRow.__table__).order_by(AftercareAttemptRow.number)
_OF_PATIENT: Final = Query(_PLAN.where(AftercarePlanRow.patient_id == _PATIENT_ID).order_by(AftercarePlanRow.id))
_CONTACTS_OF: Final = Query(_CONTACT.where(AftercareContactRow.patient_id == _PATIENT_ID))
_OPEN: Final = Query(
    _CONTACT.where(
        AftercareContactRow.patient_id == any_(bindparam("patient_ids", type_=ARRAY(Uuid))),
        AftercareContactRow.closed_at.is_(None),
        bindparam("until_on", type_=Date) >= _DUE_ON,
        ~_ENDED,
    )
)
_TRIED: Final = Query(
    _ATTEMPT.where(AftercareAttemptRow.contact_id == any_(bindparam("contact_ids", type_=ARRAY(Uuid))))
)
_OPEN_OF_ONE: Final = Query(
    _CONTACT.where(AftercareContactRow.patient_id == _PATIENT_ID, AftercareContactRow.closed_at.is_(None), ~_ENDED)
)
_TRIED_OF_ONE: Final = Query(
    _ATTEMPT.join(
        AftercareContactRow,
        (AftercareContactRow.organization_id == AftercareAttemptRow.organization_id)
        & (AftercareContactRow.id == AftercareAttemptRow.contact_id),
    ).where(AftercareContactRow.patient_id == _PATIENT_ID, AftercareContactRow.closed_at.is_(None))
)

IN_CHART: Final = (_OPEN_OF_ONE, _TRIED_OF_ONE)
"""What `AftercareQueries.open_of` asks."""


class KeptContact(NamedTuple):
    """A contact as it is kept, what was found and tried still closed."""

    id: AftercareContactId
    plan_id: AftercarePlanId
    patient_id: PatientId
    row: Mapping[Any, Any]
    attempts: list[Mapping[Any, Any]]

    @property
    def is_over(self) -> bool:
        """Whether somebody has said how the patient was doing, or the patient has come back or died."""
        return self.row["closed_at"] is not None or self.row["is_ended"]

    def status(self, today: date) -> ContactStatus:
        """Return where it stands."""
        is_closed = self.row["closed_at"] is not None
        return status_of(self.row["due_on"], today, is_closed=is_closed, is_ended=self.row["is_ended"])

    def open(self, seal: PersonSeal, today: date) -> AftercareContact:
        """Open what was found and tried."""
        found = None
        if self.row["outcome"] is not None:
            closed = seal.open(self.row["outcome"], _CONTACTS, "outcome", self.id)
            found = FollowUpRequest.model_validate_json(closed)
        return AftercareContact(
            id=self.id,
            plan_id=self.plan_id,
            patient_id=self.patient_id,
            days_after=self.row["days_after"],
            due_on=self.row["due_on"],
            status=self.status(today),
            attempts=[
                Attempt.model_validate_json(
                    seal.open(one["details"], _ATTEMPTS, _column(one["number"]), one["contact_id"])
                )
                for one in self.attempts
            ],
            outcome=None if found is None else found.outcome,
            note=None if found is None else found.note,
            closed_at=self.row["closed_at"],
        )


class KeptPlan(NamedTuple):
    """A plan as it is kept, what is agreed still closed."""

    id: AftercarePlanId
    row: Mapping[Any, Any]

    def agreed(self, seal: PersonSeal) -> AftercareRequest:
        """Open what is agreed, as it was amended last."""
        agreed = AftercareRequest.model_validate_json(seal.open(self.row["details"], _PLANS, "details", self.id))
        if self.row["amendment"] is None:
            return agreed
        column = _column(self.row["amendment"])
        amended = seal.open(self.row["amended_details"], _AMENDMENTS, column, self.id)
        return AftercareRequest.model_validate_json(amended)


class AftercareQueries:
    """Reads of aftercare."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def plans(self, patient_id: PatientId) -> list[KeptPlan]:
        """Return a patient's plans in the order they were made."""
        return [KeptPlan(row["id"], row) for row in await self._read.all(_OF_PATIENT, patient_id=patient_id)]

    async def contacts(self, patient_id: PatientId) -> list[KeptContact]:
        """Return every contact of a patient in the order of days."""
        return await self._with_attempts(await self._read.all(_CONTACTS_OF, patient_id=patient_id))

    async def open(self, patient_ids: Sequence[PatientId], until_on: date) -> list[KeptContact]:
        """Return the contacts of these patients that are not closed and due until a day."""
        return await self._with_attempts(await self._read.all(_OPEN, patient_ids=list(patient_ids), until_on=until_on))

    async def open_of(self, patient_id: PatientId) -> list[KeptContact]:
        """Return the contacts of one patient that are not closed, in the order of days."""
        tried = await self._read.all(_TRIED_OF_ONE, patient_id=patient_id)
        return _with(await self._read.all(_OPEN_OF_ONE, patient_id=patient_id), tried)

    async def _with_attempts(self, rows: Sequence[Mapping[Any, Any]]) -> list[KeptContact]:
        return _with(rows, await self._read.all(_TRIED, contact_ids=[row["id"] for row in rows]))


class AftercareRows:
    """Aftercare within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add(self, plan: AftercarePlan, agreed: AftercareRequest, seal: PersonSeal) -> bool:
        """Write a plan with its contacts; says whether the episode had none before."""
        details = seal.close(agreed.model_dump_json().encode(), _PLANS, "details", plan.id)
        kept = plan.model_dump(include={"id", "patient_id", "episode_id", "discharged_on", "created_by", "created_at"})
        written = insert(AftercarePlanRow).values(organization_id=self._organization_id, details=details, **kept)
        added = await self._db.execute(written.on_conflict_do_nothing().returning(AftercarePlanRow.id))
        if added.scalar() is None:
            return False
        for contact in plan.contacts:
            told = contact.model_dump(include={"id", "plan_id", "patient_id", "days_after", "due_on"})
            self._db.add(AftercareContactRow(organization_id=self._organization_id, **told))
        await self._db.flush()
        return True

    async def plan(self, plan_id: AftercarePlanId) -> KeptPlan | None:
        """Return a plan."""
        row = (await self._db.execute(_PLAN.where(AftercarePlanRow.id == plan_id))).mappings().one_or_none()
        return None if row is None else KeptPlan(row["id"], row)

    async def amend(
        self, plan: KeptPlan, agreed: AftercareRequest, seal: PersonSeal, *, by: AccountId, at: datetime
    ) -> None:
        """Write what is agreed instead; the patient is locked, so that numbers do not meet."""
        number = (plan.row["amendment"] or 0) + 1
        details = seal.close(agreed.model_dump_json().encode(), _AMENDMENTS, _column(number), plan.id)
        self._db.add(
            AftercareAmendmentRow(
                organization_id=self._organization_id,
                plan_id=plan.id,
                number=number,
                details=details,
                amended_by=by,
                amended_at=at,
            )
        )
        await self._db.flush()

    async def contact(self, contact_id: AftercareContactId) -> KeptContact | None:
        """Return a contact."""
        found = (await self._db.execute(_CONTACT.where(AftercareContactRow.id == contact_id))).mappings().all()
        tried = await self._db.execute(_ATTEMPT.where(AftercareAttemptRow.contact_id == contact_id))
        return next(iter(_with(found, tried.mappings().all())), None)

    async def of_patient(self, patient_id: PatientId) -> list[KeptContact]:
        """Return every contact of a patient in the order of days, without what was tried."""
        found = await self._db.execute(_CONTACT.where(AftercareContactRow.patient_id == patient_id))
        return _with(found.mappings().all(), ())

    async def add_attempt(self, contact: KeptContact, attempt: Attempt, seal: PersonSeal) -> None:
        """Write an attempt; the patient is locked, so that numbers do not meet."""
        details = seal.close(attempt.model_dump_json().encode(), _ATTEMPTS, _column(attempt.number), contact.id)
        self._db.add(
            AftercareAttemptRow(
                organization_id=self._organization_id, contact_id=contact.id, number=attempt.number, details=details
            )
        )
        await self._db.flush()

    async def close(self, contact: KeptContact, found: FollowUpRequest, now: datetime, seal: PersonSeal) -> None:
        """Write how the patient was doing."""
        outcome = seal.close(found.model_dump_json().encode(), _CONTACTS, "outcome", contact.id)
        await self._db.execute(
            update(AftercareContactRow)
            .where(AftercareContactRow.id == contact.id)
            .values(outcome=outcome, closed_at=now)
        )


def _column(number: int) -> str:
    # Attempts share the id of their contact, amendments of their plan: without its number one would open as another.
    return f"details{number}"


def _with(rows: Iterable[Mapping[Any, Any]], tried: Iterable[Mapping[Any, Any]]) -> list[KeptContact]:
    attempts: dict[UUID, list[Mapping[Any, Any]]] = defaultdict(list)
    for one in tried:
        attempts[one["contact_id"]].append(one)
    return [KeptContact(row["id"], row["plan_id"], row["patient_id"], row, attempts[row["id"]]) for row in rows]
