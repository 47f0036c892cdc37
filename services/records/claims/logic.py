"""What may be done with charges, and what can be read of them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol
from uuid import UUID

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import EncounterId, PartialStayId, PatientId, PayerAuthorizationId
from services.contracts.records.claims import (
    BillingMethod,
    ChargeGap,
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
from services.records.claims.codes import charge_codes, codes_of, is_known
from services.records.claims.rules import Draft, Ledger, by_stay, drafts, is_near_stay, session_of
from services.records.claims.storage import ClaimQueries, ClaimRows
from services.records.encounters.logic import EncounterReads
from services.records.episodes.logic import EpisodeReads
from services.records.errors import TermsKnownError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads

_LONGEST: Final = timedelta(days=92)
# A week of seven days from the first service, and a calendar week around a day.
_AROUND: Final = timedelta(days=7)


class CompletedServices(Protocol):
    """Knows which sessions are completed services."""

    async def completed(self, encounter_ids: Sequence[EncounterId]) -> frozenset[EncounterId]:
        """Return which of these sessions are attended and signed by all who must."""


@dataclass(frozen=True, slots=True)
class Documented:
    """What of the record charges rest on."""

    encounters: EncounterReads
    episodes: EpisodeReads
    notes: CompletedServices


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines are asked for: a payer's, from a day to a day, by the site's zone."""

    payer: str
    from_on: date
    until_on: date
    zone: str


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
        self._encounters = record.encounters
        self._episodes = record.episodes
        self._notes = record.notes
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

    async def lines(self, patient_id: PatientId, asked: Asked) -> ChargeLines:
        """Return the lines of some days, and what each lacks.

        Raises:
            InvalidRequestError: The days are in the wrong order, or more than 92.
            NotFoundError: There is no such patient here, or not for the caller.
        """
        if not timedelta() <= asked.until_on - asked.from_on <= _LONGEST:
            raise InvalidRequestError(
                "until_on", "must not lie before from_on, nor more than 92 days after it", location="query"
            )
        authorizations = [
            one
            for one in (await self.authorizations(patient_id)).items
            if one.payer == asked.payer and one.from_on <= asked.until_on and one.until_on >= asked.from_on
        ]
        # What an authorization has left depends on every line since its first day.
        since = min([asked.from_on, *(one.from_on for one in authorizations)])
        made = await self._made(patient_id, asked, since)
        made = await self._lacking(patient_id, made)
        made = await self._authorized(asked, made, authorizations)
        rates = await self._queries.rates_of(asked.payer, asked.until_on)
        shown = [draft for draft in made if draft.first_on <= asked.until_on and draft.last_on >= asked.from_on]
        items = [_line(draft, rates) for draft in shown]
        return ChargeLines(
            patient_id=patient_id,
            payer=asked.payer,
            from_on=asked.from_on,
            until_on=asked.until_on,
            items=items,
            billable_cents=sum(line.amount_cents or 0 for line in items if line.is_billable),
        )

    async def _made(self, patient_id: PatientId, asked: Asked, since: date) -> list[Draft]:
        contracts = await self._queries.contracts_of(asked.payer, asked.until_on)
        stays = await self._episodes.open_days(patient_id, Information.CLAIMS)
        if any(contract.method is BillingMethod.OTP_WEEKLY for contract in contracts):
            # Its weeks follow each other from the first service of the episode, whatever days are asked for.
            since = min([since, *(first for first, last in stays if (last or date.max) >= asked.from_on)])
        found = await self._encounters.between(patient_id, since - _AROUND, asked.until_on + _AROUND)
        signed = await self._notes.completed([encounter.id for encounter in found])
        sessions = [session_of(encounter, asked.zone, is_signed=encounter.id in signed) for encounter in found]
        made: list[Draft] = []
        for contract, following in zip(contracts, [*contracts[1:], None], strict=True):
            own = [draft for held in by_stay(sessions, stays) for draft in drafts(contract.method, held, codes_of)]
            until = date.max if following is None else following.effective_from
            made += [draft for draft in own if contract.effective_from <= draft.first_on < until]
        earliest = contracts[0].effective_from if contracts else date.max
        bare = [
            Draft(session.on, session.on, None, 0, (session,), (ChargeGap.NO_CONTRACT,))
            for session in sessions
            if session.on < earliest and session.is_attended
        ]
        return sorted([*bare, *made], key=lambda draft: draft.first_on)

    async def _lacking(self, patient_id: PatientId, made: list[Draft]) -> list[Draft]:
        stays, overlaps = await self._queries.stays(patient_id), charge_codes().overlaps
        open_days = await self._episodes.open_days(patient_id, Information.CLAIMS)

        def checked(draft: Draft) -> Draft:
            if not any(first <= draft.first_on <= (last or date.max) for first, last in open_days):
                draft = draft.lacking(ChargeGap.EPISODE_NOT_OPEN)
            return draft.lacking(*[ChargeGap.NEAR_PARTIAL_HOSPITALIZATION] * is_near_stay(draft, stays, overlaps))

        return [checked(draft) for draft in made]

    async def _authorized(
        self, asked: Asked, made: list[Draft], authorizations: Sequence[PayerAuthorization]
    ) -> list[Draft]:
        contracts, ledger = await self._queries.contracts_of(asked.payer, asked.until_on), Ledger(authorizations)

        def asks(on: date) -> bool:
            holding = [one for one in contracts if one.effective_from <= on]
            return bool(holding) and holding[-1].requires_authorization

        return [ledger.use(draft) if asks(draft.first_on) else draft for draft in made]


def _line(draft: Draft, rates: Sequence[ChargeRate]) -> ChargeLine:
    code = draft.code
    priced = [one for one in rates if code and one.code == code.code and one.effective_from <= draft.first_on]
    if code is not None and not priced:
        draft = draft.lacking(ChargeGap.NO_RATE)
    names = ("code", "title", "revenue_code", "condition_code", "citation", "mark")
    return ChargeLine.model_validate(
        {name: getattr(code, name, None) for name in names}
        | {
            "first_on": draft.first_on,
            "last_on": draft.last_on,
            "units": draft.units,
            "services": len(draft.counted),
            "minutes": sum(session.minutes for session in draft.counted),
            "amount_cents": priced[-1].amount_cents * draft.units if priced else None,
            "encounter_ids": [session.id for session in draft.sessions],
            "authorization_id": draft.authorization_id,
            "gaps": draft.gaps,
            "is_billable": not draft.gaps,
        }
    )
