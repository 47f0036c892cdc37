"""What may be done with charges, and what can be read of them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import PartialStayId, PatientId, PayerAuthorizationId
from services.contracts.records.claims import (
    LONGEST_CLAIMED,
    ChargeLine,
    ChargeLines,
    ChargeRate,
    ChargeRateRequest,
    PartialStay,
    PartialStayRequest,
    PayerAuthorization,
    PayerAuthorizationRequest,
    PayerContract,
    PayerContractRequest,
)
from services.records.claims.charging import Asked, Charging, Evidence, OpenDays
from services.records.claims.codes import is_known
from services.records.claims.storage import ClaimQueries, ClaimRows
from services.records.episodes.logic import EpisodeReads
from services.records.errors import TermsKnownError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal
from services.records.site_zones.logic import SiteZoneReads

_LONGEST: Final = timedelta(days=LONGEST_CLAIMED)


@dataclass(frozen=True, slots=True)
class Documented:
    """What of the record charges rest on, and whose days they are counted by."""

    evidence: Evidence
    episodes: EpisodeReads
    zones: SiteZoneReads


class ClaimCommands:
    """Changes to what charges depend on, within one unit of work."""

    def __init__(self, rows: ClaimRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def agree(self, request: PayerContractRequest) -> PayerContract:
        """Enter how a payer pays from a day on; raises TermsKnownError where that is written of that day."""
        contract = PayerContract.model_validate(request.model_dump() | self._entered)
        if not await self._rows.add_contract(contract):
            raise TermsKnownError
        self._gate.configured()
        return contract

    async def price(self, request: ChargeRateRequest) -> ChargeRate:
        """Enter what a payer pays for a code from a day on.

        Raises:
            InvalidRequestError: No line is made of that code.
            TermsKnownError: A rate of that payer, code and day is written already.
        """
        self._refuse_unknown(request.code)
        rate = ChargeRate.model_validate(request.model_dump() | self._entered)
        if not await self._rows.add_rate(rate):
            raise TermsKnownError
        self._gate.configured()
        return rate

    async def authorize(self, patient_id: PatientId, request: PayerAuthorizationRequest) -> PayerAuthorization:
        """Enter what a payer has authorized.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: No line is made of that code.
        """
        seal = (await self._patients.lock_sealed(patient_id, Information.CLAIMS)).seal
        self._refuse_unknown(request.code)
        authorization = PayerAuthorization.model_validate(
            request.model_dump()
            | self._entered
            | {"id": PayerAuthorizationId(self._new_id()), "patient_id": patient_id}
        )
        await self._rows.add_authorization(authorization, request, seal)
        return authorization

    async def add_stay(self, patient_id: PatientId, request: PartialStayRequest) -> PartialStay:
        """Enter days of partial hospitalization; raises NotFoundError where the patient is not for the caller."""
        await self._patients.lock(patient_id, Information.CLAIMS)
        stay = PartialStay.model_validate(
            request.model_dump() | self._entered | {"id": PartialStayId(self._new_id()), "patient_id": patient_id}
        )
        await self._rows.add_stay(stay)
        return stay

    @property
    def _entered(self) -> dict[str, object]:
        return {"entered_by": self._gate.caller.account_id, "entered_at": self._gate.clock.now()}

    def _new_id(self) -> UUID:
        return new_id(self._gate.clock.now(), secrets.token_bytes(10))

    @staticmethod
    def _refuse_unknown(code: str) -> None:
        if not is_known(code):
            raise InvalidRequestError("/code", "must be one that list_charge_codes names")


class ClaimReads:
    """What can be read of charges."""

    def __init__(self, queries: ClaimQueries, record: Documented, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._episodes = record.episodes
        self._zones = record.zones
        self._charging = Charging(queries, record.evidence)
        self._patients = patients
        self._gate = gate

    async def contracts(self) -> Page[PayerContract]:
        """Return how every payer pays."""
        self._gate.configured()
        return Page(items=await self._queries.contracts(), next_page_token=None)

    async def rates(self) -> Page[ChargeRate]:
        """Return what every payer pays."""
        self._gate.configured()
        return Page(items=await self._queries.rates(), next_page_token=None)

    async def authorizations(self, patient_id: PatientId) -> Page[PayerAuthorization]:
        """Return what payers have authorized; raises NotFoundError where the patient is not for the caller."""
        seal = await self._patients.seal(patient_id, Information.CLAIMS)
        found = await self._queries.authorizations(patient_id)
        return Page(items=[sealed.open(seal) for sealed in found], next_page_token=None)

    async def stays(self, patient_id: PatientId) -> Page[PartialStay]:
        """Return days of partial hospitalization; raises NotFoundError where the patient is not for the caller."""
        await self._patients.presence(patient_id, Information.CLAIMS)
        return Page(items=await self._queries.stays(patient_id), next_page_token=None)

    async def lines(self, patient_id: PatientId, payer: str, days: tuple[date, date], zone: str) -> ChargeLines:
        """Return the lines of some days, and what each lacks.

        Raises:
            InvalidRequestError: The days are in the wrong order, or more than 92; or the site is in another zone.
            NotFoundError: There is no such patient here, or not for the caller.
        """
        from_on, until_on = days
        if not timedelta() <= until_on - from_on <= _LONGEST:
            raise InvalidRequestError(
                "until_on", "must not lie before from_on, nor more than 92 days after it", location="query"
            )
        site_id = (await self._patients.presence(patient_id, Information.CLAIMS)).site_id
        asked = Asked(payer, from_on, until_on, await self._zones.for_site(site_id, zone))
        authorizations = (await self.authorizations(patient_id)).items
        stays = await self._episodes.open_days(patient_id, Information.CLAIMS)
        items = await self._charging.lines(patient_id, asked, authorizations, stays)
        return ChargeLines(
            patient_id=patient_id,
            payer=payer,
            from_on=from_on,
            until_on=until_on,
            items=items,
            billable_cents=sum(line.amount_cents or 0 for line in items if line.is_billable),
        )


class ChargesToDisclose:
    """What can be charged for as a disclosure takes it, which decides on it itself."""

    def __init__(self, queries: ClaimQueries, evidence: Evidence) -> None:
        self._queries = queries
        self._charging = Charging(queries, evidence)

    async def billable(
        self, patient_id: PatientId, asked: Asked, stays: Sequence[OpenDays], seal: PersonSeal
    ) -> list[tuple[ChargeLine, str | None]]:
        """Return the lines that lack nothing, each with the payer's own number of its authorization."""
        found = [sealed.open(seal) for sealed in await self._queries.authorizations(patient_id)]
        numbers = {one.id: one.number for one in found}
        lines = await self._charging.lines(patient_id, asked, found, stays)
        return [
            (line, None if line.authorization_id is None else numbers[line.authorization_id])
            for line in lines
            if line.is_billable
        ]
