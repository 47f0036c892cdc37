"""What may be done with plans of care: drafted, signed by clinician and patient, amended, reviewed, certified."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from services.chassis.errors import InvalidRequestError, NotFoundError, StaleVersionError, VersionRequiredError
from services.contracts.base import Page
from services.contracts.disclosure import Information
from services.contracts.identifiers import EpisodeId, PatientId
from services.contracts.records.disclosed import DisclosedPlanOfCare
from services.contracts.records.episodes import Episode
from services.contracts.records.plans_of_care import (
    PatientSignatureRequest,
    PlanActKind,
    PlanOfCare,
    PlanOfCareAmendment,
    PlanOfCareContents,
    PlanOfCareRequest,
    PlanOfCareStatus,
    PlanReviewRequest,
    SignatureManner,
)
from services.contracts.records.treatment_plans import TreatmentPlan
from services.records.encounters.logic import Sessions
from services.records.episodes.logic import EpisodeCommands, EpisodeReads
from services.records.errors import EpisodeOverError
from services.records.gate import Gate
from services.records.notes.others import OthersInTexts
from services.records.patients.logic import PatientCommands, PatientReads
from services.records.person_seal import PersonSeal
from services.records.plans_of_care.digests import digest_of
from services.records.plans_of_care.errors import (
    PlanCosignatureNotYoursError,
    PlanLockedError,
    PlanUnsignedError,
    SignedAlreadyError,
)
from services.records.plans_of_care.storage import NewAct, NewVersion, PlanOfCareQueries, PlanOfCareRows, SealedPlan
from services.records.supervisions.logic import Supervisors

# Who plans weeks may see that there is an episode, and nothing of what it treats: what a plan says of problems is
# as much the diagnoses' as the plan's, so both gates are passed, that of the episode first.
_SAID: Final = Information.DIAGNOSES
_GOOD: Final = (PlanOfCareStatus.AWAITING_PATIENT, PlanOfCareStatus.SIGNED)


class _Held(NamedTuple):
    """An open episode whose patient is locked, the seal of what is written of them, and the newest version."""

    episode: Episode
    seal: PersonSeal
    newest: SealedPlan | None


class PlannedServices(Protocol):
    """Knows which services a patient's weeks are asked for."""

    async def newest(self, patient_id: PatientId) -> TreatmentPlan | None:
        """Return the newest treatment plan, or None where there is none; the patient is locked."""


class Beside(NamedTuple):
    """What a plan depends on beside its own rows, within one unit of work."""

    episodes: EpisodeCommands
    supervisors: Supervisors
    sessions: Sessions
    services: PlannedServices


class PlanOfCareCommands:
    """Changes to plans of care, within one unit of work."""

    def __init__(self, rows: PlanOfCareRows, beside: Beside, patients: PatientCommands, gate: Gate) -> None:
        self._rows = rows
        self._episodes, self._supervisors, sessions, self._services = beside
        self._patients = patients
        self._others = OthersInTexts(sessions, patients, gate)
        self._gate = gate

    async def put(self, episode_id: EpisodeId, request: PlanOfCareRequest, expected: int | None) -> PlanOfCare:
        """Add a version to an episode's plan, as long as nobody has signed; the first needs no expected version.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            EpisodeOverError: The patient has been discharged.
            VersionRequiredError: There is a plan already, and the caller does not say which version was read.
            StaleVersionError: Another version has been written meanwhile.
            PlanLockedError: The newest version is signed.
            OthersNamedError: A text names somebody who sat beside the patient.
        """
        held = await self._lock(episode_id)
        if held.newest is not None and expected is None:
            raise VersionRequiredError
        if expected is not None:
            _refuse_stale(held.newest, expected)
        if held.newest is not None and _is_signed(held.newest):
            raise PlanLockedError
        await self._others.refuse(held.episode.patient_id, episode_id, request)
        return await self._write(held, request, None)

    async def amend(self, episode_id: EpisodeId, request: PlanOfCareAmendment, expected: int) -> PlanOfCare:
        """Add a version after one that is signed, and say why; it is signed anew.

        Raises:
            NotFoundError: There is no such episode here, or not for the caller.
            EpisodeOverError: The patient has been discharged.
            StaleVersionError: Another version has been written meanwhile.
            PlanUnsignedError: Nobody has signed the newest version.
            OthersNamedError: A text names somebody who sat beside the patient.
        """
        held, _ = await self._lock_signed(episode_id, expected)
        await self._others.refuse(held.episode.patient_id, episode_id, request.contents, "/contents", request.reason)
        return await self._write(held, request.contents, request.reason)

    async def sign(self, episode_id: EpisodeId, expected: int) -> PlanOfCare:
        """Sign the version that was read, which locks it; others who treat the patient may sign it too.

        Who is supervised signs what needs the co-signature of somebody who supervises them.

        Raises:
            NotFoundError: There is no such episode or plan here, or not for the caller.
            EpisodeOverError: The patient has been discharged.
            StaleVersionError: Another version has been written meanwhile.
            SignedAlreadyError: The caller has signed it.
            OthersNamedError: A text names somebody who has sat beside the patient meanwhile.
        """
        held, newest = await self._lock_read(episode_id, expected)
        caller = self._gate.caller.account_id
        if caller in newest.signers(PlanActKind.CLINICIAN_SIGNED):
            raise SignedAlreadyError
        if not _is_signed(newest):
            # Signed, it could be withheld from the patient, who is to sign it too.
            patient_id = held.episode.patient_id
            await self._others.refuse(patient_id, episode_id, newest.open(patient_id, held.seal).contents)
        act = self._now(PlanActKind.CLINICIAN_SIGNED)
        is_supervised = bool(await self._supervisors.of(caller, act.recorded_at))
        return await self._act(held, newest, act._replace(needs_cosignature=is_supervised))

    async def cosign(self, episode_id: EpisodeId, expected: int) -> PlanOfCare:
        """Answer for a version beside the clinician who signed it under supervision.

        Raises:
            NotFoundError: There is no such episode or plan here, or not for the caller.
            EpisodeOverError: The patient has been discharged.
            StaleVersionError: Another version has been written meanwhile.
            PlanUnsignedError: No clinician has signed it.
            PlanCosignatureNotYoursError: The caller supervises nobody who signed it, or none is awaited.
        """
        held, newest = await self._lock_signed(episode_id, expected)
        act = self._now(PlanActKind.COSIGNED)
        # Who supervised when it was signed may give it, and who has taken over since.
        supervisors = {
            one
            for signer, signed_at in newest.supervised_signatures
            for one in await self._supervisors.of(signer, signed_at, act.recorded_at)
        }
        if act.recorded_by not in supervisors:
            raise PlanCosignatureNotYoursError
        return await self._act(held, newest, act)

    async def attest(self, episode_id: EpisodeId, request: PatientSignatureRequest, expected: int) -> PlanOfCare:
        """Attest that the patient signed a version, agreed to it, or declined; who declined may sign later.

        Raises:
            NotFoundError: There is no such episode or plan here, or not for the caller.
            EpisodeOverError: The patient has been discharged.
            StaleVersionError: Another version has been written meanwhile.
            PlanUnsignedError: No clinician has signed it.
            SignedAlreadyError: The patient has signed it.
            InvalidRequestError: The version was not written by then, the time lies in the future, or what was shown to
                the patient is not this version.
        """
        held, newest = await self._lock_signed(episode_id, expected)
        if newest.signers(PlanActKind.PATIENT_SIGNED):
            raise SignedAlreadyError
        now = self._gate.clock.now()
        if not newest.written_at <= request.signed_at <= now:
            raise InvalidRequestError("/signed_at", "must not lie before the version was written, nor in the future")
        declined = request.manner is SignatureManner.DECLINED
        kind = PlanActKind.PATIENT_DECLINED if declined else PlanActKind.PATIENT_SIGNED
        by, digest = self._gate.caller.account_id, self._digest(held, newest)
        if request.sha256 not in {None, digest}:
            raise InvalidRequestError("/sha256", "must be that of the version in If-Match: show the patient this one")
        answer = request.model_copy(update={"sha256": None if declined else digest})
        return await self._act(held, newest, NewAct(kind, request.signed_at, by, now, answer=answer))

    async def review(self, episode_id: EpisodeId, request: PlanReviewRequest, expected: int) -> PlanOfCare:
        """Record a review of the version that is in force.

        Raises:
            NotFoundError: There is no such episode or plan here, or not for the caller.
            EpisodeOverError: The patient has been discharged.
            StaleVersionError: Another version has been written meanwhile.
            PlanUnsignedError: No clinician has signed it.
        """
        held, newest = await self._lock_signed(episode_id, expected)
        return await self._act(held, newest, self._now(PlanActKind.REVIEWED)._replace(review=request))

    async def certify(self, episode_id: EpisodeId, expected: int) -> PlanOfCare:
        """Certify, or certify again, that the patient needs what the plan says.

        Raises:
            NotFoundError: There is no such episode or plan here, or not for the caller.
            EpisodeOverError: The patient has been discharged.
            StaleVersionError: Another version has been written meanwhile.
            PlanUnsignedError: No clinician has signed it.
        """
        held, newest = await self._lock_signed(episode_id, expected)
        return await self._act(held, newest, self._now(PlanActKind.CERTIFIED))

    async def _lock(self, episode_id: EpisodeId) -> _Held:
        episode = await self._episodes.lock_by_id(episode_id)
        seal = (await self._patients.lock_sealed(episode.patient_id, _SAID)).seal
        if episode.discharged_on is not None:
            raise EpisodeOverError
        return _Held(episode, seal, await self._rows.newest(episode_id))

    async def _lock_read(self, episode_id: EpisodeId, expected: int) -> tuple[_Held, SealedPlan]:
        held = await self._lock(episode_id)
        if held.newest is None:
            raise NotFoundError
        _refuse_stale(held.newest, expected)
        return held, held.newest

    async def _lock_signed(self, episode_id: EpisodeId, expected: int) -> tuple[_Held, SealedPlan]:
        held, newest = await self._lock_read(episode_id, expected)
        if not _is_signed(newest):
            raise PlanUnsignedError
        return held, newest

    async def _write(self, held: _Held, contents: PlanOfCareRequest, reason: str | None) -> PlanOfCare:
        version = 1 if held.newest is None else held.newest.version + 1
        planned = await self._services.newest(held.episode.patient_id)
        services = planned and {
            "required_services": planned.required_services,
            "services_from": planned.effective_from,
        }
        said = PlanOfCareContents.model_validate(contents.model_dump() | (services or {}))
        by, at = self._gate.caller.account_id, self._gate.clock.now()
        new = NewVersion(version, said, reason, by, at, None if planned is None else planned.version)
        written = await self._rows.add(held.episode.id, new, held.seal)
        return written.open(held.episode.patient_id, held.seal)

    async def _act(self, held: _Held, plan: SealedPlan, act: NewAct) -> PlanOfCare:
        return (await self._rows.act(plan, act, held.seal)).open(held.episode.patient_id, held.seal)

    def _digest(self, held: _Held, plan: SealedPlan) -> str:
        return digest_of(held.episode.id, plan.version, plan.written(held.seal)["contents"])

    def _now(self, kind: PlanActKind) -> NewAct:
        now = self._gate.clock.now()
        return NewAct(kind, now, self._gate.caller.account_id, now)


def _is_signed(plan: SealedPlan) -> bool:
    return bool(plan.signers(PlanActKind.CLINICIAN_SIGNED))


def _refuse_stale(newest: SealedPlan | None, expected: int) -> None:
    if newest is None or newest.version != expected:
        raise StaleVersionError("The plan has changed since you read it; read it again and send its ETag.")


class PlanOfCareReads:
    """What can be read of plans of care."""

    def __init__(self, queries: PlanOfCareQueries, episodes: EpisodeReads, patients: PatientReads) -> None:
        self._queries = queries
        self._episodes = episodes
        self._patients = patients

    async def newest(self, episode_id: EpisodeId) -> PlanOfCare:
        """Return the newest version; raises NotFoundError where there is none, or not for the caller."""
        versions = (await self.versions(episode_id)).items
        if not versions:
            raise NotFoundError
        return versions[0]

    async def of_episodes(
        self, patient_id: PatientId, episode_ids: Sequence[EpisodeId], seal: PersonSeal
    ) -> list[PlanOfCare]:
        """Return the newest version of each of these that has one; the caller has let the patient through."""
        found = await self._queries.newest_of_patient(patient_id)
        return [found[one].open(patient_id, seal) for one in episode_ids if one in found]

    async def versions(self, episode_id: EpisodeId) -> Page[PlanOfCare]:
        """Return every version, newest first; raises NotFoundError where the episode is not for the caller."""
        episode = await self._episodes.one(episode_id)
        seal = await self._patients.seal(episode.patient_id, _SAID)
        found = await self._queries.versions(episode_id)
        return Page(items=[sealed.open(episode.patient_id, seal) for sealed in found], next_page_token=None)


class PlansOfCareToDisclose:
    """The plan of care as a disclosure takes it, which decides on it itself."""

    def __init__(self, queries: PlanOfCareQueries) -> None:
        self._queries = queries

    async def in_force(self, patient_id: PatientId, seal: PersonSeal) -> list[DisclosedPlanOfCare]:
        """Return what is in force, that of each open episode, the one written last first; of none open, the last.

        That is what the newest version says that a clinician has signed, and whoever must answer for them: it holds
        until an amendment is signed. Nobody outside sees a draft, nor what staff wrote down of reviews and of the
        patient's answer.
        """
        versions = await self._queries.of_patient(patient_id)
        good = [one for one in versions if one.status in _GOOD]
        if not any(one.is_of_open_episode for one in versions):
            return [_disclosed(one, patient_id, seal) for one in good[:1]]
        newest: dict[EpisodeId, SealedPlan] = {}
        for one in good:
            if one.is_of_open_episode:
                newest.setdefault(one.row["episode_id"], one)
        return [_disclosed(one, patient_id, seal) for one in newest.values()]


def _disclosed(sealed: SealedPlan, patient_id: PatientId, seal: PersonSeal) -> DisclosedPlanOfCare:
    plan = sealed.open(patient_id, seal)
    return DisclosedPlanOfCare(
        episode_id=plan.episode_id,
        version=plan.version,
        contents=plan.contents,
        signed_at=min(act.took_place_at for act in plan.acts if act.kind is PlanActKind.CLINICIAN_SIGNED),
        sha256=digest_of(plan.episode_id, plan.version, sealed.written(seal)["contents"]),
    )
