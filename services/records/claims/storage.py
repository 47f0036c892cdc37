"""Where payers' terms, authorizations and stays are kept."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Date, Text, Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.database import Query, Read
from services.contracts.identifiers import OrganizationId, PatientId, PayerAuthorizationId
from services.contracts.records.claims import (
    ChargeRate,
    PartialStay,
    PayerAuthorization,
    PayerAuthorizationRequest,
    PayerContract,
)
from services.records.claims.tables import ChargeRateRow, PartialStayRow, PayerAuthorizationRow, PayerContractRow
from services.records.person_seal import PersonSeal

_AUTHORIZATIONS: Final = PayerAuthorizationRow.__tablename__
_PATIENT_ID: Final = bindparam("patient_id", type_=Uuid)
_CONTRACT: Final = select(*(column for column in PayerContractRow.__table__.c if column.name != "organization_id"))
_RATE: Final = select(*(column for column in ChargeRateRow.__table__.c if column.name != "organization_id"))
_CONTRACTS: Final = Query(_CONTRACT.order_by(PayerContractRow.payer, PayerContractRow.effective_from))
_RATES: Final = Query(_RATE.order_by(ChargeRateRow.payer, ChargeRateRow.code, ChargeRateRow.effective_from))
_PAYER: Final = bindparam("payer", type_=Text)
_UNTIL: Final = bindparam("until_on", type_=Date)
_CONTRACTS_OF: Final = Query(
    _CONTRACT.where(PayerContractRow.payer == _PAYER, PayerContractRow.effective_from <= _UNTIL).order_by(
        PayerContractRow.effective_from
    )
)
_RATES_OF: Final = Query(
    _RATE.where(ChargeRateRow.payer == _PAYER, ChargeRateRow.effective_from <= _UNTIL).order_by(
        ChargeRateRow.effective_from
    )
)
_AUTHORIZED: Final = Query(
    select(PayerAuthorizationRow.__table__)
    .where(PayerAuthorizationRow.patient_id == _PATIENT_ID)
    .order_by(PayerAuthorizationRow.from_on, PayerAuthorizationRow.id)
)
_STAYS: Final = Query(
    select(PartialStayRow.__table__)
    .where(PartialStayRow.patient_id == _PATIENT_ID)
    .order_by(PartialStayRow.from_on, PartialStayRow.id)
)


class SealedAuthorization(NamedTuple):
    """An authorization that is still closed."""

    id: PayerAuthorizationId
    row: Mapping[str, Any]

    def open(self, seal: PersonSeal) -> PayerAuthorization:
        """Open what the payer authorized."""
        details = seal.open(self.row["details"], _AUTHORIZATIONS, "details", self.id)
        said = PayerAuthorizationRequest.model_validate_json(details)
        kept = {name: self.row[name] for name in ("id", "patient_id", "entered_by", "entered_at")}
        return PayerAuthorization.model_validate({**said.model_dump(), **kept})


class ClaimQueries:
    """Reads of payers' terms, and of what a patient's charges depend on."""

    def __init__(self, read: Read) -> None:
        self._read = read

    async def contracts(self) -> list[PayerContract]:
        """Return how every payer pays, each payer's oldest first."""
        return [PayerContract.model_validate(dict(row)) for row in await self._read.all(_CONTRACTS)]

    async def rates(self) -> list[ChargeRate]:
        """Return what every payer pays, the oldest of a code first."""
        return [ChargeRate.model_validate(dict(row)) for row in await self._read.all(_RATES)]

    async def contracts_of(self, payer: str, until_on: date) -> list[PayerContract]:
        """Return how a payer pays until a day, oldest first."""
        rows = await self._read.all(_CONTRACTS_OF, payer=payer, until_on=until_on)
        return [PayerContract.model_validate(dict(row)) for row in rows]

    async def rates_of(self, payer: str, until_on: date) -> list[ChargeRate]:
        """Return what a payer pays until a day, oldest first."""
        rows = await self._read.all(_RATES_OF, payer=payer, until_on=until_on)
        return [ChargeRate.model_validate(dict(row)) for row in rows]

    async def authorizations(self, patient_id: PatientId) -> list[SealedAuthorization]:
        """Return a patient's authorizations in the order of their first days."""
        rows = await self._read.all(_AUTHORIZED, patient_id=patient_id)
        return [SealedAuthorization(row["id"], row) for row in rows]

    async def stays(self, patient_id: PatientId) -> list[PartialStay]:
        """Return a patient's days of partial hospitalization."""
        return [PartialStay.model_validate(dict(row)) for row in await self._read.all(_STAYS, patient_id=patient_id)]


class ClaimRows:
    """Payers' terms, authorizations and stays within a unit of work."""

    def __init__(self, db: AsyncSession, organization_id: OrganizationId) -> None:
        self._db = db
        self._organization_id = organization_id

    async def add_contract(self, contract: PayerContract) -> bool:
        """Write how a payer pays; says whether nothing was written of that payer and day before."""
        return await self._add(PayerContractRow, contract.model_dump(mode="python") | {"method": contract.method.value})

    async def add_rate(self, rate: ChargeRate) -> bool:
        """Write what a payer pays; says whether nothing was written of that payer, code and day before."""
        return await self._add(ChargeRateRow, rate.model_dump())

    async def add_authorization(
        self, authorization: PayerAuthorization, said: PayerAuthorizationRequest, seal: PersonSeal
    ) -> None:
        """Write an authorization, sealed."""
        details = seal.close(said.model_dump_json().encode(), _AUTHORIZATIONS, "details", authorization.id)
        kept = authorization.model_dump(exclude={"payer", "number", "code", "units"})
        self._db.add(PayerAuthorizationRow(organization_id=self._organization_id, details=details, **kept))
        await self._db.flush()

    async def add_stay(self, stay: PartialStay) -> None:
        """Write days of partial hospitalization."""
        self._db.add(PartialStayRow(organization_id=self._organization_id, **stay.model_dump()))
        await self._db.flush()

    async def _add(self, row: type[PayerContractRow | ChargeRateRow], values: dict[str, Any]) -> bool:
        written = insert(row).values(organization_id=self._organization_id, **values).on_conflict_do_nothing()
        return (await self._db.execute(written.returning(row.effective_from))).scalar() is not None
