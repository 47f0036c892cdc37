"""Charging: the lines that attended and signed sessions make for a payer, and what each lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from services.contracts.identifiers import EncounterId, PatientId
from services.contracts.records.claims import BillingMethod, ChargeGap, ChargeLine, ChargeRate, PayerAuthorization
from services.contracts.records.encounters import Encounter
from services.records.claims.codes import charge_codes, codes_of
from services.records.claims.rules import (
    Draft,
    Ledger,
    Session,
    by_stay,
    drafts,
    is_near_stay,
    kept_from_payers,
    plan_gaps,
    session_of,
)
from services.records.claims.storage import ClaimQueries
from services.records.consents.beside import RestrictionsInForce
from services.records.plans_of_care.planned import PlannedReads
from services.records.site_zones.rules import Zones

OpenDays = tuple[date, date | None]
"""From which day to which a patient is admitted."""

# A week of seven days from the first service, and a calendar week around a day.
_AROUND: Final = timedelta(days=7)


class SessionsBetween(Protocol):
    """Knows a patient's sessions of some days."""

    async def between(self, patient_id: PatientId, from_on: date, until_on: date) -> list[Encounter]:
        """Return a patient's encounters of every week that these days touch, in the order of time."""


class CompletedServices(Protocol):
    """Knows which sessions are completed services."""

    async def completed(self, encounter_ids: Sequence[EncounterId]) -> frozenset[EncounterId]:
        """Return which of these sessions are attended and signed by all who must."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of the record the lines rest on."""

    sessions: SessionsBetween
    notes: CompletedServices
    plans: PlannedReads
    restrictions: RestrictionsInForce | None = None
    """None where it is not a payer who is to be charged: what a disclosure must keep back, its decision says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines are asked for: a payer's, from a day to a day, each session's by the zone of its site."""

    payer: str
    from_on: date
    until_on: date
    zones: Zones


class Charging:
    """Makes the lines of a patient whom the caller has let through."""

    def __init__(self, queries: ClaimQueries, evidence: Evidence) -> None:
        self._queries = queries
        self._evidence = evidence

    async def lines(
        self,
        patient_id: PatientId,
        asked: Asked,
        authorized: Sequence[PayerAuthorization],
        stays: Sequence[OpenDays],
    ) -> list[ChargeLine]:
        """Return the lines of some days, and what each lacks."""
        authorizations = [
            one
            for one in authorized
            if one.payer == asked.payer and one.from_on <= asked.until_on and one.until_on >= asked.from_on
        ]
        # What an authorization has left depends on every line since its first day.
        since = min([asked.from_on, *(one.from_on for one in authorizations)])
        made = await self._made(patient_id, asked, since, stays)
        made = await self._lacking(patient_id, asked.zones, made, stays)
        made = await self._authorized(asked, made, authorizations)
        rates = await self._queries.rates_of(asked.payer, asked.until_on)
        shown = [draft for draft in made if draft.first_on <= asked.until_on and draft.last_on >= asked.from_on]
        return [_line(draft, rates) for draft in shown]

    async def _made(self, patient_id: PatientId, asked: Asked, since: date, stays: Sequence[OpenDays]) -> list[Draft]:
        contracts = await self._queries.contracts_of(asked.payer, asked.until_on)
        if any(contract.method is BillingMethod.OTP_WEEKLY for contract in contracts):
            # Its weeks follow each other from the first service of the episode, whatever days are asked for.
            since = min([since, *(first for first, last in stays if (last or date.max) >= asked.from_on)])
        found = await self._evidence.sessions.between(patient_id, since - _AROUND, asked.until_on + _AROUND)
        signed = await self._evidence.notes.completed([encounter.id for encounter in found])
        sessions = [session_of(encounter, asked.zones, is_signed=encounter.id in signed) for encounter in found]
        sessions, made = await self._kept_apart(patient_id, sessions)
        for contract, following in zip(contracts, [*contracts[1:], None][: len(contracts)], strict=True):
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

    async def _kept_apart(
        self, patient_id: PatientId, sessions: Sequence[Session]
    ) -> tuple[list[Session], list[Draft]]:
        # A session that no payer is told of makes no day or week of theirs, and has a line that says so.
        kept = self._evidence.restrictions
        restrictions = [] if kept is None else await kept.of_patient(patient_id)
        gaps = [(session, kept_from_payers(restrictions, session.on)) for session in sessions]
        apart = [
            Draft(session.on, session.on, None, 0, (session,), (gap,))
            for session, gap in gaps
            if gap is not None and session.is_attended
        ]
        return [session for session, gap in gaps if gap is None], apart

    async def _lacking(
        self, patient_id: PatientId, zones: Zones, made: list[Draft], open_days: Sequence[OpenDays]
    ) -> list[Draft]:
        partial, codes = await self._queries.stays(patient_id), charge_codes()
        planned = await self._evidence.plans.of_patient(patient_id, zones)

        def checked(draft: Draft) -> Draft:
            if not any(first <= draft.first_on <= (last or date.max) for first, last in open_days):
                draft = draft.lacking(ChargeGap.EPISODE_NOT_OPEN)
            draft = draft.lacking(*plan_gaps(draft, planned, codes.certifications))
            near = is_near_stay(draft, partial, codes.overlaps)
            return draft.lacking(*[ChargeGap.NEAR_PARTIAL_HOSPITALIZATION] * near)

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
