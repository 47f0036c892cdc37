"""What is allowed with discharge summaries."""

from datetime import timedelta

from services.chassis.errors import NotFoundError, StaleVersionError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import AccountId, EpisodeId, PatientId, SiteId
from services.contracts.records.discharge_summaries import (
    DischargeSummary,
    DischargeSummaryAmendment,
    DischargeSummaryStatus,
    DischargeSummaryText,
    DueDischargeSummaries,
)
from services.contracts.records.episodes import Episode
from services.records.discharge_summaries.errors import (
    EpisodeOpenError,
    SummaryCosignatureNotYoursError,
    SummarySignedError,
)
from services.records.discharge_summaries.practice import practice_on
from services.records.discharge_summaries.rules import digest, due
from services.records.discharge_summaries.standing import status_of
from services.records.discharge_summaries.storage import DischargeSummaryQueries, DischargeSummaryRows, Sealed
from services.records.encounters.logic import Sessions
from services.records.episodes.logic import EpisodeCommands, EpisodeReads
from services.records.gate import Gate
from services.records.notes.others import OthersInTexts
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal
from services.records.refusals import Refusal
from services.records.site_zones.logic import SiteZoneReads
from services.records.supervisions.logic import Supervisors

_SAID = Information.DISCHARGE_SUMMARY
_LONGEST_AGO = timedelta(days=365)


class DischargeSummaryCommands:
    """Changes to discharge summaries, within one unit of work."""

    def __init__(
        self,
        rows: DischargeSummaryRows,
        beside: tuple[EpisodeCommands, Supervisors, Sessions],
        patients: PatientCommands,
        gate: Gate,
    ) -> None:
        self._rows = rows
        self._episodes, self._supervisors, sessions = beside
        self._patients = patients
        self._others = OthersInTexts(sessions, patients, gate)
        self._gate = gate

    async def sign(self, episode_id: EpisodeId, text: DischargeSummaryText) -> DischargeSummary:
        """Sign an episode's summary; who is supervised signs what awaits the co-signature of who supervises them.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            EpisodeOpenError: The patient has not been discharged.
            SummarySignedError: There is one.
            OthersNamedError: A text names somebody who sat beside the patient.
        """
        episode, seal = await self._lock(episode_id)
        if await self._rows.newest(episode_id) is not None:
            raise SummarySignedError
        await self._others.refuse(episode.patient_id, episode_id, text)
        return await self._write(episode, seal, 1, text, None)

    async def amend(self, episode_id: EpisodeId, request: DischargeSummaryAmendment, version: int) -> DischargeSummary:
        """Sign another version; what was signed before stays beside it.

        Its author does, and who supervised them when they signed or has taken over since.

        Raises:
            NotFoundError: There is no such summary here, or it is not the caller's to amend.
            StaleVersionError: Another version has been signed meanwhile.
            OthersNamedError: A text names somebody who sat beside the patient.
        """
        episode, seal, newest = await self._lock_signed(episode_id)
        caller = self._gate.caller.account_id
        if caller != newest.author and caller not in await self._supervisors_of(newest):
            self._gate.refuse(episode_id, Refusal.NOT_THE_AUTHOR)
            raise NotFoundError
        _refuse_stale(newest, version)
        await self._others.refuse(episode.patient_id, episode_id, request.text, "/text", request.reason)
        return await self._write(episode, seal, version + 1, request.text, request.reason)

    async def cosign(self, episode_id: EpisodeId, version: int) -> DischargeSummary:
        """Answer for the newest version beside its author.

        Raises:
            NotFoundError: There is no such summary here, or not for the caller.
            StaleVersionError: Another version has been signed meanwhile.
            SummaryCosignatureNotYoursError: The caller does not supervise the author, or none is awaited.
        """
        _, seal, newest = await self._lock_signed(episode_id)
        _refuse_stale(newest, version)
        caller = self._gate.caller.account_id
        is_awaited = newest.status is DischargeSummaryStatus.AWAITING_COSIGNATURE
        if not is_awaited or caller not in await self._supervisors_of(newest):
            raise SummaryCosignatureNotYoursError
        return (await self._rows.cosign(newest, caller, self._gate.clock.now())).open(seal)

    async def _supervisors_of(self, signed: Sealed) -> set[AccountId]:
        return await self._supervisors.of(signed.author, signed.signed_at, self._gate.clock.now())

    async def _lock_signed(self, episode_id: EpisodeId) -> tuple[Episode, PersonSeal, Sealed]:
        episode, seal = await self._lock(episode_id)
        newest = await self._rows.newest(episode_id)
        if newest is None:
            self._gate.refuse(episode_id)
            raise NotFoundError
        return episode, seal, newest

    async def _lock(self, episode_id: EpisodeId) -> tuple[Episode, PersonSeal]:
        episode = await self._episodes.lock_by_id(episode_id)
        seal = (await self._patients.lock_sealed(episode.patient_id, _SAID)).seal
        if episode.discharged_on is None:
            raise EpisodeOpenError
        return episode, seal

    async def _write(
        self, episode: Episode, seal: PersonSeal, version: int, text: DischargeSummaryText, reason: str | None
    ) -> DischargeSummary:
        caller, now = self._gate.caller.account_id, self._gate.clock.now()
        is_supervised = bool(await self._supervisors.of(caller, now))
        summary = DischargeSummary.model_validate(
            {
                **{name: getattr(episode, name) for name in ("admitted_on", "discharged_on", "discharge_reason")},
                "episode_id": episode.id,
                "patient_id": episode.patient_id,
                "version": version,
                "status": status_of(needs_cosignature=is_supervised, cosigned_at=None),
                "text": text,
                "reason": reason,
                "signed_by": caller,
                "signed_at": now,
                "cosigned_by": None,
                "cosigned_at": None,
                "sha256": digest(episode.id, version, text, reason=reason, by=caller).hex(),
            }
        )
        await self._rows.add(summary, seal)
        return summary


def _refuse_stale(newest: Sealed, version: int) -> None:
    if newest.version != version:
        raise StaleVersionError("The summary has changed since you read it; read it again and send its ETag.")


class DischargeSummaryReads:
    """What can be read of discharge summaries."""

    def __init__(
        self,
        queries: DischargeSummaryQueries,
        beside: tuple[EpisodeReads, SiteZoneReads],
        patients: PatientReads,
        gate: Gate,
    ) -> None:
        self._queries = queries
        self._episodes, self._zones = beside
        self._patients = patients
        self._gate = gate

    async def newest(self, episode_id: EpisodeId) -> DischargeSummary:
        """Return the newest version; raises NotFoundError where there is none, or not for the caller."""
        versions = (await self.versions(episode_id)).items
        if not versions:
            raise NotFoundError
        return versions[0]

    async def versions(self, episode_id: EpisodeId) -> Page[DischargeSummary]:
        """Return every version, newest first; raises NotFoundError where the episode is not for the caller."""
        episode = await self._episodes.one(episode_id)
        seal = await self._patients.seal(episode.patient_id, _SAID)
        found = await self._queries.versions(episode_id)
        return Page(items=[sealed.open(seal) for sealed in found], next_page_token=None)

    async def due(self, site_id: SiteId, zone: str) -> DueDischargeSummaries:
        """Return which summaries lack a signature, of the patients of a site whom the caller may see.

        Raises:
            InvalidRequestError: The site is in another zone.
        """
        today = (await self._zones.for_site(site_id, zone)).day(self._gate.clock.now(), site_id)
        reached = await self._patients.reached(site_id, _SAID, Information.TREATMENT_PLAN)
        practice = practice_on(today)
        items = due(await self._queries.lacking(reached, today - _LONGEST_AGO), practice.days, today)
        self._patients.shown({one.patient_id for one in items}, _SAID)
        return DueDischargeSummaries(today=today, practice=practice, items=items)


class DischargeSummariesToDisclose:
    """Discharge summaries as a disclosure takes them, which decides on them itself."""

    def __init__(self, queries: DischargeSummaryQueries) -> None:
        self._queries = queries

    async def of_patient(self, patient_id: PatientId, seal: PersonSeal) -> list[DischargeSummary]:
        """Return of each of a patient's summaries the newest version that all who must have signed, by admission."""
        return [sealed.open(seal) for sealed in await self._queries.newest_of_patient(patient_id)]
