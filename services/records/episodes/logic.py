"""What may be done with episodes of care."""

import secrets
from datetime import date
from typing import Final
from uuid import UUID

from services.chassis.database import new_id
from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import EpisodeId, PatientId, SiteId
from services.contracts.records.episodes import (
    DischargeRequest,
    Episode,
    EpisodeLevel,
    EpisodeRequest,
    FirstSessionRequest,
    LevelChange,
    LevelChangeRequest,
    LevelDecision,
    TaperWeeksRequest,
)
from services.policy.routes import BY_OPERATION
from services.records.episodes.beginnings import Beginnings
from services.records.episodes.rules import change_of, current_of, earliest_discharge, latest_day, taper_faults
from services.records.episodes.stays import Stays
from services.records.episodes.storage import EpisodeQueries, EpisodeRows
from services.records.errors import EpisodeOpenError, EpisodeOverError, TaperWeeksError
from services.records.gate import Gate
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.placement_reviews.criteria import Edition, edition_of
from services.records.placement_reviews.in_force import EditionsInForce

_KEPT = Information.TREATMENT_PLAN
_DECIDING: Final = BY_OPERATION["change_episode_level"].roles
"""Whose confirmation a level of care needs, before it is one."""


class EpisodeCommands:
    """Changes to episodes, within one unit of work."""

    def __init__(self, rows: EpisodeRows, patients: PatientCommands, editions: EditionsInForce, gate: Gate) -> None:
        self._rows = rows
        self._editions = editions
        self._patients = patients
        self._gate = gate

    async def admit(self, patient_id: PatientId, request: EpisodeRequest) -> Episode:
        """Begin an episode of care.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
            InvalidRequestError: The day lies in the future, or the level is none of the edition's or not the caller's.
            EpisodeOpenError: The patient is in this programme at that time.
        """
        patient = await self._patients.lock(patient_id, _KEPT)
        return await self.open(patient_id, patient.site_id, request)

    async def open(self, patient_id: PatientId, site_id: SiteId, request: EpisodeRequest) -> Episode:
        """Begin an episode of a patient whom the caller has locked or made; otherwise as `admit`."""
        self._refuse_future("/admitted_on", request.admitted_on)
        now = self._gate.clock.now()
        episode = Episode(
            id=EpisodeId(self._new_id()),
            patient_id=patient_id,
            site_id=site_id,
            programme=request.programme,
            admitted_on=request.admitted_on,
            first_session_on=None,
            levels=await self._initial(site_id, request),
            taper_weeks=[],
            discharged_on=None,
            discharge_reason=None,
            version=1,
            created_at=now,
        )
        if not await self._rows.add(episode):
            raise EpisodeOpenError
        return episode

    async def change_level(self, episode_id: EpisodeId, request: LevelChangeRequest, version: int) -> Episode:
        """Decide on the level of care that a patient is admitted to, or step them up or down.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            StaleVersionError: The episode has changed meanwhile.
            EpisodeOverError: The patient has been discharged.
            InvalidRequestError: No level of the edition, none other than before, or a day before the last change.
        """
        episode = await self._lock_open(episode_id, version)
        self._refuse_future("/from_on", request.from_on)
        if request.from_on < episode.admitted_on:
            raise InvalidRequestError("/from_on", "must not lie before admitted_on")
        last = episode.levels[-1] if episode.levels else None
        if last is not None and request.from_on <= last.from_on:
            raise InvalidRequestError("/from_on", "must lie after the day of the last change of level")
        edition = await self._edition(request.decision, episode.site_id, request.from_on, "/decision")
        change = change_of(last, request.decision, edition)
        if change is None:
            raise InvalidRequestError("/decision/level", "must be another level than the one that holds")
        level = self._decided(request.decision, len(episode.levels) + 1, request.from_on, change)
        await self._rows.add_level(episode.model_copy(update={"created_at": self._gate.clock.now()}), level)
        return await self._changed(episode, levels=[*episode.levels, level])

    async def set_taper_weeks(self, episode_id: EpisodeId, request: TaperWeeksRequest, version: int) -> Episode:
        """Say in which weeks fewer hours still continue the level of care: the plan's rules raise no alarm in them.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            StaleVersionError: The episode has changed meanwhile.
            EpisodeOverError: The patient has been discharged.
            TaperWeeksError: Weeks outside of the episode, of no level, or more than the edition in force allows.
        """
        episode = await self._lock_open(episode_id, version)
        edition = edition_of(episode.levels[-1].criteria_edition) if episode.levels else None
        faults = taper_faults(episode, request.weeks, edition)
        if faults:
            raise TaperWeeksError(faults)
        return await self._changed(episode, taper_weeks=request.weeks)

    async def record_first_session(
        self, episode_id: EpisodeId, request: FirstSessionRequest, version: int, beginnings: Beginnings
    ) -> Episode:
        """Say on which day the patient first came, where no session that the scheduler knows of tells it already.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            StaleVersionError: The episode has changed meanwhile.
            EpisodeOverError: The patient has been discharged.
            InvalidRequestError: The day lies before admission, in the future, or after a session that was attended.
        """
        episode = await self._lock_open(episode_id, version)
        self._refuse_future("/attended_on", request.attended_on)
        if request.attended_on < episode.admitted_on:
            raise InvalidRequestError("/attended_on", "must not lie before admitted_on")
        attended_on = (await beginnings.of(episode, self._gate.clock.now())).attended_on
        if attended_on is not None and request.attended_on > attended_on:
            raise InvalidRequestError("/attended_on", f"must not lie after {attended_on}, when a session was attended")
        return await self._changed(episode, first_session_on=request.attended_on)

    async def discharge(self, episode_id: EpisodeId, request: DischargeRequest, version: int) -> Episode:
        """End an episode.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            StaleVersionError: The episode has changed meanwhile.
            EpisodeOverError: The patient has been discharged already.
            InvalidRequestError: The day lies in the future, or before what has happened in the episode.
        """
        episode = await self._lock_open(episode_id, version)
        self._refuse_future("/discharged_on", request.discharged_on)
        if request.discharged_on < earliest_discharge(episode):
            raise InvalidRequestError("/discharged_on", "must not lie before what has happened in the episode")
        return await self._changed(episode, discharged_on=request.discharged_on, discharge_reason=request.reason)

    async def lock_by_id(self, episode_id: EpisodeId) -> Episode:
        """Return an episode that may be changed; other writers of its patient wait from now on.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
        """
        found = await self._rows.one(episode_id)
        if found is None:
            self._gate.refuse(episode_id)
            raise NotFoundError
        await self._patients.lock(found.patient_id, _KEPT)
        # Read again: it may have changed before the patient was locked.
        return await self._rows.one(episode_id) or found

    async def stays(self, patient_id: PatientId) -> Stays:
        """Return the taper weeks and the discharge of a patient whom the caller has locked."""
        return await self._rows.stays(patient_id)

    async def _initial(self, site_id: SiteId, request: EpisodeRequest) -> list[EpisodeLevel]:
        if request.initial is None:
            return []
        if not self._gate.caller.roles & _DECIDING:
            raise InvalidRequestError("/initial", "must be left out: a clinician decides on it by change_episode_level")
        await self._edition(request.initial, site_id, request.admitted_on, "/initial")
        return [self._decided(request.initial, 1, request.admitted_on, LevelChange.ADMISSION)]

    async def _edition(self, decision: LevelDecision, site_id: SiteId, on: date, pointer: str) -> Edition:
        edition = await self._editions.edition(decision.criteria_edition, site_id, on, f"{pointer}/criteria_edition")
        if decision.level not in edition.levels:
            raise InvalidRequestError(f"{pointer}/level", f"must be one of {', '.join(edition.levels)}")
        return edition

    def _decided(self, decision: LevelDecision, number: int, from_on: date, change: LevelChange) -> EpisodeLevel:
        return EpisodeLevel(
            number=number,
            criteria_edition=decision.criteria_edition,
            level=decision.level,
            from_on=from_on,
            change=change,
            decided_by=self._gate.caller.account_id,
        )

    async def _lock_open(self, episode_id: EpisodeId, version: int) -> Episode:
        episode = await self.lock_by_id(episode_id)
        if episode.version != version:
            raise StaleVersionError("The episode has changed since you read it; read it again and send its ETag.")
        if episode.discharged_on is not None:
            raise EpisodeOverError
        return episode

    async def _changed(self, episode: Episode, **changes: object) -> Episode:
        changed = episode.model_copy(update={**changes, "version": episode.version + 1})
        await self._rows.change(changed)
        return changed

    def _refuse_future(self, pointer: str, day: date) -> None:
        if day > latest_day(self._gate.clock.now()):
            raise InvalidRequestError(pointer, "must not lie in the future")

    def _new_id(self) -> UUID:
        return new_id(self._gate.clock.now(), secrets.token_bytes(10))


class EpisodeReads:
    """What can be read of episodes."""

    def __init__(self, queries: EpisodeQueries, patients: PatientReads, gate: Gate) -> None:
        self._queries = queries
        self._patients = patients
        self._gate = gate

    async def one(self, episode_id: EpisodeId) -> Episode:
        """Return an episode.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
        """
        episode = await self._queries.one(episode_id)
        if episode is None:
            self._gate.refuse(episode_id)
            raise NotFoundError
        await self._patients.presence(episode.patient_id, _KEPT)
        return episode

    async def of_patient(self, patient_id: PatientId) -> Page[Episode]:
        """Return a patient's episodes, oldest first.

        Raises:
            NotFoundError: There is no such patient here, or not for the caller.
        """
        await self._patients.presence(patient_id, _KEPT)
        return Page(items=await self._queries.of_patient(patient_id), next_page_token=None)

    async def open_on(self, patient_ids: list[PatientId], day: date) -> list[Episode]:
        """Return the open episodes, by their ids, of those of whom the caller has asked the gate; not yet discharged.

        Whoever shows one tells the trail.
        """
        return await self._queries.open_on(patient_ids, day)

    async def current(self, patient_id: PatientId) -> list[Episode]:
        """Return the open episodes, or the last one where none is; the caller has let the patient through."""
        return current_of(await self._queries.of_patient(patient_id))

    async def open_days(self, patient_id: PatientId, information: Information) -> list[tuple[date, date | None]]:
        """Return from which day to which the patient is admitted, and nothing of the treatment.

        Raises:
            NotFoundError: There is no such patient here, or this is not for the caller.
        """
        await self._patients.presence(patient_id, information)
        return [(one.admitted_on, one.discharged_on) for one in await self._queries.of_patient(patient_id)]


class StaysToDisclose:
    """From which day to which a patient is admitted, for a disclosure, which decides on what rests on it itself."""

    def __init__(self, queries: EpisodeQueries) -> None:
        self._queries = queries

    async def open_days(self, patient_id: PatientId) -> list[tuple[date, date | None]]:
        """Return the first and the last day of each episode; None for a last day that is not known yet."""
        return [(one.admitted_on, one.discharged_on) for one in await self._queries.of_patient(patient_id)]


class StaysToPlan:
    """What planning is told of episodes; whoever asks has said to the trail whose weeks are read."""

    def __init__(self, queries: EpisodeQueries) -> None:
        self._queries = queries

    async def of(self, patient_ids: list[PatientId]) -> Stays:
        """Return the taper weeks and the discharges of those of these patients who have some."""
        return await self._queries.stays(patient_ids)
