"""What may be done with draw programmes; of what is drawn, only what has been released is ever told."""

import secrets
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import DrawProgrammeId, PatientId, SiteId
from services.contracts.records.draw_programmes import (
    DrawEvidence,
    Drawn,
    DrawnDay,
    DrawPreview,
    DrawProgramme,
    DrawProgrammeEnd,
    DrawTerms,
    OwnDraw,
)
from services.records.draw_programmes.commitments import Schedule, commitment, document, key_chain
from services.records.draw_programmes.predictability import predictability
from services.records.draw_programmes.rules import draws, released_at, released_day, today_of
from services.records.draw_programmes.standards import held_against
from services.records.draw_programmes.storage import DrawProgrammeQueries, DrawProgrammeRows, Sealed
from services.records.episodes.logic import StaysToPlan
from services.records.errors import NotDrawnError, OverAlreadyError, ProgrammeOverlapsError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal

_SEED_BYTES: Final = 32
_DAY: Final = timedelta(days=1)


class DrawProgrammeCommands:
    """Changes to draw programmes, within one unit of work."""

    def __init__(self, rows: DrawProgrammeRows, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._patients = patients
        self._gate = gate

    async def create(self, patient_id: PatientId, terms: DrawTerms) -> DrawProgramme:
        """Begin a programme; its document and commitment are to be handed to the patient before the first day.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: The first day's draw would have been released by now.
            ProgrammeOverlapsError: Another programme of the patient has one of these days.
        """
        seal = (await self._patients.lock_sealed(patient_id, Information.DRUG_TESTS)).seal
        programme_id = DrawProgrammeId(new_id(self._gate.clock.now(), secrets.token_bytes(10)))
        return await self._add(patient_id, programme_id, 1, terms, seal)

    async def change(self, programme_id: DrawProgrammeId, terms: DrawTerms, version: int) -> DrawProgramme:
        """Go on with other terms and another key; the version before ends the day before.

        The cap counts anew from there: to count on would tell, by the new document, what is drawn until then.

        Raises:
            NotFoundError: There is no such programme here, or not for the caller.
            StaleVersionError: Another version has been written meanwhile.
            InvalidRequestError: The first day's draw would have been released by now.
            ProgrammeOverlapsError: Another programme of the patient has one of these days.
        """
        newest, seal = await self._lock(programme_id)
        if newest.version != version:
            raise StaleVersionError("The programme has changed since you read it; read it again and send its ETag.")
        before = terms.starts_on - _DAY
        if before < _last_day(newest):
            await self._rows.end(newest, max(before, newest.terms.starts_on - _DAY))
        return await self._add(newest.patient_id, programme_id, version + 1, terms, seal)

    async def end(self, programme_id: DrawProgrammeId, request: DrawProgrammeEnd) -> DrawProgramme:
        """End a programme after a day that is not over; what is drawn until then stands.

        Raises:
            NotFoundError: There is no such programme here, or not for the caller.
            InvalidRequestError: The day is over.
            OverAlreadyError: The programme ends before or on that day.
        """
        newest, _ = await self._lock(programme_id)
        if request.last_day < today_of(newest.terms, self._gate.clock.now()):
            raise InvalidRequestError("/last_day", "must not be over: a draw that has been made stands")
        last_day = max(request.last_day, newest.terms.starts_on - _DAY)
        if last_day >= _last_day(newest):
            raise OverAlreadyError
        await self._rows.end(newest, last_day)
        return newest.model_copy(update={"ended_on": last_day})

    async def drawn(
        self, patient_id: PatientId, programme_id: DrawProgrammeId, version: int, day: date, seal: PersonSeal
    ) -> DrawProgramme:
        """Return the programme of a patient, already locked, that has drawn a day.

        Raises:
            NotFoundError: The patient has no such version.
            NotDrawnError: The day was not drawn, or has not been released: nobody can tell which.
        """
        found = await self._rows.version(programme_id, version)
        if found is None or found.programme.patient_id != patient_id:
            self._gate.refuse(programme_id)
            raise NotFoundError
        if _drawn_on(found, seal, day, self._gate.clock.now()) is None:
            raise NotDrawnError
        return found.programme

    async def terms(self, programme_id: DrawProgrammeId, version: int) -> DrawTerms:
        """Return the terms of a version that exists."""
        found = await self._rows.version(programme_id, version)
        assert found is not None  # noqa: S101 - a foreign key says so, and no version is ever deleted
        return found.programme.terms

    async def _add(
        self, patient_id: PatientId, programme_id: DrawProgrammeId, version: int, terms: DrawTerms, seal: PersonSeal
    ) -> DrawProgramme:
        now = self._gate.clock.now()
        if now >= released_at(terms, terms.starts_on):
            raise InvalidRequestError(
                "/starts_on", "must be a day whose release_at lies ahead: who draws commits first"
            )
        seed = secrets.token_bytes(_SEED_BYTES)
        schedule = Schedule(programme_id, version, terms)
        text = document(schedule, key_chain(schedule, seed)[0])
        programme = DrawProgramme(
            id=programme_id,
            version=version,
            patient_id=patient_id,
            terms=terms,
            ended_on=None,
            document=text,
            commitment=commitment(text),
            predictability=predictability(terms),
            created_by=self._gate.caller.account_id,
            created_at=now,
        )
        if not await self._rows.add(programme, seed, seal):
            raise ProgrammeOverlapsError
        return programme

    async def _lock(self, programme_id: DrawProgrammeId) -> tuple[DrawProgramme, PersonSeal]:
        found = await self._rows.newest(programme_id)
        if found is None:
            self._gate.refuse(programme_id)
            raise NotFoundError
        seal = (await self._patients.lock_sealed(found.patient_id, Information.DRUG_TESTS)).seal
        # Read again: what was newest before the patient was locked may not be any more.
        return await self._rows.newest(programme_id) or found, seal


class DrawProgrammeReads:
    """What can be read of draw programmes."""

    def __init__(self, queries: DrawProgrammeQueries, stays: StaysToPlan, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._stays = stays
        self._patients = patients
        self._gate = gate

    async def of_patient(self, patient_id: PatientId) -> Page[DrawProgramme]:
        """Return every version; raises NotFoundError where the patient is not for the caller."""
        await self._patients.presence(patient_id, Information.DRUG_TESTS)
        return Page(items=await self._queries.of_patient(patient_id), next_page_token=None)

    async def evidence(self, programme_id: DrawProgrammeId, version: int) -> DrawEvidence:
        """Return what proves every draw that has been released; it makes no later day easier to guess.

        Raises:
            NotFoundError: There is no such version here, or not for the caller.
        """
        versions = await self._queries.versions(programme_id)
        if not versions:
            raise self._nothing(programme_id)
        seal = await self._patients.seal(versions[0].programme.patient_id, Information.DRUG_TESTS)
        found = next((one for one in versions if one.programme.version == version), None)
        if found is None:
            raise self._nothing(programme_id)
        programme = found.programme
        until = released_day(programme.terms, programme.ended_on, self._gate.clock.now())
        drawn, key = _released(programme, found.open(seal), until)
        return DrawEvidence(
            programme_id=programme_id,
            version=version,
            document=programme.document,
            commitment=programme.commitment,
            revealed_day=until,
            revealed_key=key,
            draws=drawn,
        )

    async def drawn(self, site_id: SiteId, day: date) -> list[Drawn]:
        """Return who of those whom the caller may see was drawn on a day; nobody before the day's release.

        Nobody is tested after their discharge, though their programme still draws and its evidence proves it.
        """
        seals = await self._patients.seals_at(site_id, Information.DRUG_TESTS)
        self._patients.shown(seals, Information.DRUG_TESTS)
        left_on = (await self._stays.of(sorted(seals))).left_on
        here = [one for one in seals if left_on.get(one, day) >= day]
        now = self._gate.clock.now()
        found = [
            (one.programme, _drawn_on(one, seals[one.programme.patient_id], day, now))
            for one in await self._queries.on(day, here)
        ]
        return [
            Drawn(
                patient_id=programme.patient_id,
                programme_id=programme.id,
                version=programme.version,
                day=day,
                is_forced=draw.is_forced,
                specimen=programme.terms.specimen,
            )
            for programme, draw in found
            if draw is not None
        ]

    async def today(self, patient_id: PatientId) -> list[OwnDraw]:
        """Return whether a patient is to be tested today, by each programme that has today's day.

        Before the release nothing is opened that the draw could be read from. Nobody is tested after their discharge.

        Raises:
            NotFoundError: The patient is not for the caller.
        """
        seal = await self._patients.seal(patient_id, Information.DRUG_TESTS)
        left_on, now = (await self._stays.of([patient_id])).left_on, self._gate.clock.now()
        days = {today_of(one.terms, now) for one in await self._queries.of_patient(patient_id)}
        return [
            _own_draw(found, seal, day, now)
            for day in sorted(days)
            if left_on.get(patient_id, day) >= day
            for found in await self._queries.on(day, [patient_id])
            if today_of(found.programme.terms, now) == day
        ]

    def _nothing(self, sought: UUID) -> NotFoundError:
        self._gate.refuse(sought)
        return NotFoundError()


def preview(terms: DrawTerms) -> DrawPreview:
    """Tell how predictable a programme would be, and what it would keep; nobody's record is looked at."""
    return DrawPreview(predictability=predictability(terms), standards=held_against(terms, terms.starts_on))


def _last_day(programme: DrawProgramme) -> date:
    return programme.ended_on or programme.terms.ends_on


def _own_draw(found: Sealed, seal: PersonSeal, day: date, now: datetime) -> OwnDraw:
    terms = found.programme.terms
    released = released_at(terms, day)
    return OwnDraw(
        programme_id=found.programme.id,
        day=day,
        released_at=released,
        is_drawn=None if now < released else _drawn_on(found, seal, day, now) is not None,
        specimen=terms.specimen,
    )


def _drawn_on(found: Sealed, seal: PersonSeal, day: date, now: datetime) -> DrawnDay | None:
    programme = found.programme
    until = released_day(programme.terms, programme.ended_on, now)
    if until is None or not programme.terms.starts_on <= day <= until:
        return None
    draw = _released(programme, found.open(seal), day)[0][-1:]
    return next((one for one in draw if one.day == day and one.is_drawn), None)


def _released(programme: DrawProgramme, seed: bytes, until: date | None) -> tuple[list[DrawnDay], str | None]:
    if until is None:
        return [], None
    schedule = Schedule(programme.id, programme.version, programme.terms)
    keys = key_chain(schedule, seed)
    return list(draws(schedule, keys, until)), keys[schedule.number(until)].hex()
