"""Routes of episodes of care and of the clocks that run for them."""

from fastapi import APIRouter, Response, status

from services.chassis.idempotency import IdempotentRoute
from services.chassis.wiring import RequiredVersion, documented, entity_tag
from services.contracts.base import Page
from services.contracts.identifiers import EpisodeClockId, EpisodeId, PatientId
from services.contracts.records.episodes import (
    Clock,
    ClockMetRequest,
    DischargeCorrection,
    DischargeCorrectionRequest,
    DischargeRequest,
    Episode,
    EpisodeClock,
    EpisodeClockRequest,
    EpisodeRequest,
    FirstSessionRequest,
    LevelChangeRequest,
    TaperWeeksRequest,
)
from services.records.dependencies.intake import (
    BeginningsNow,
    ClockChanges,
    ClockReading,
    DischargeCorrecting,
    DischargeCorrectionReading,
    EpisodeChanges,
    EpisodeReading,
    KnowsClocks,
)

router = APIRouter(prefix="/v1", tags=["episodes"], route_class=IdempotentRoute)
_CREATED = status.HTTP_201_CREATED


@router.post(
    "/patients/{patient_id}/episodes",
    operation_id="create_episode",
    status_code=_CREATED,
    responses=documented(404, 409, 422),
)
async def create_episode(
    patient_id: PatientId, request: EpisodeRequest, episodes: EpisodeChanges, response: Response
) -> Episode:
    """Admit a patient to a programme of their site; one open episode a programme, and its level is a clinician's."""
    episode = await episodes.admit(patient_id, request)
    response.headers["location"] = f"/v1/episodes/{episode.id}"
    return _tagged(episode, response)


@router.get("/patients/{patient_id}/episodes", operation_id="list_episodes", responses=documented(404, 422))
async def list_episodes(patient_id: PatientId, episodes: EpisodeReading) -> Page[Episode]:
    """List the patient's episodes, oldest first, all of them on one page."""
    return await episodes.of_patient(patient_id)


@router.get("/episodes/{episode_id}", operation_id="read_episode", responses=documented(404, 422))
async def read_episode(episode_id: EpisodeId, episodes: EpisodeReading, response: Response) -> Episode:
    """Read an episode with every level of care in it."""
    return _tagged(await episodes.one(episode_id), response)


@router.post(
    "/episodes/{episode_id}:change_level",
    operation_id="change_episode_level",
    responses=documented(404, 409, 412, 422, 428),
)
async def change_episode_level(
    episode_id: EpisodeId,
    request: LevelChangeRequest,
    version: RequiredVersion,
    episodes: EpisodeChanges,
    response: Response,
) -> Episode:
    """Decide on the level, or step the patient up or down: the edition says which is higher, and all are kept."""
    return _tagged(await episodes.change_level(episode_id, request, version), response)


@router.put(
    "/episodes/{episode_id}/taper_weeks",
    operation_id="put_taper_weeks",
    responses=documented(404, 409, 412, 422, 428),
)
async def put_taper_weeks(
    episode_id: EpisodeId,
    request: TaperWeeksRequest,
    version: RequiredVersion,
    episodes: EpisodeChanges,
    response: Response,
) -> Episode:
    """Say in which weeks fewer hours still continue the level of care: no alarm is raised in them."""
    return _tagged(await episodes.set_taper_weeks(episode_id, request, version), response)


@router.post(
    "/episodes/{episode_id}:record_first_session",
    operation_id="record_first_session",
    responses=documented(404, 409, 412, 422, 428),
)
async def record_first_session(
    *,
    episode_id: EpisodeId,
    request: FirstSessionRequest,
    version: RequiredVersion,
    episodes: EpisodeChanges,
    beginnings: BeginningsNow,
    response: Response,
) -> Episode:
    """Say on which day the patient first came, where no attended session tells it; clocks that ask for it are met."""
    return _tagged(await episodes.record_first_session(episode_id, request, version, beginnings), response)


@router.post(
    "/episodes/{episode_id}:discharge",
    operation_id="discharge_episode",
    responses=documented(404, 409, 412, 422, 428),
)
async def discharge_episode(
    episode_id: EpisodeId,
    request: DischargeRequest,
    version: RequiredVersion,
    episodes: EpisodeChanges,
    response: Response,
) -> Episode:
    """End an episode, with the reason as TEDS counts it.

    From the day after the last episode's end on, the patient is planned for no more, and is offered and booked no seat,
    unless an admission or the plan's `planned_admission` says that they come back. Seats of weeks that are published
    already stay theirs until they are given back by `release_appointment` or the week is published anew.
    """
    return _tagged(await episodes.discharge(episode_id, request, version), response)


@router.post(
    "/episodes/{episode_id}:correct_discharge",
    operation_id="correct_discharge",
    responses=documented(404, 409, 412, 422, 428),
)
async def correct_discharge(
    episode_id: EpisodeId,
    request: DischargeCorrectionRequest,
    version: RequiredVersion,
    corrections: DischargeCorrecting,
    response: Response,
) -> Episode:
    """Correct a discharge that was written down wrongly, or take it back; what was before is kept.

    The days of aftercare are reckoned from what is right, and where the patient was not discharged none is due.
    """
    return _tagged(await corrections.correct(episode_id, request, version), response)


@router.get(
    "/episodes/{episode_id}/discharge_corrections",
    operation_id="list_discharge_corrections",
    responses=documented(404, 422),
)
async def list_discharge_corrections(
    episode_id: EpisodeId, corrections: DischargeCorrectionReading
) -> Page[DischargeCorrection]:
    """List what was written down of the discharge before each correction, oldest first, all of it on one page."""
    return await corrections.of_episode(episode_id)


@router.get("/clocks", operation_id="list_clocks")
async def list_clocks(clocks: KnowsClocks) -> Page[Clock]:
    """List the clocks of quality measures: what starts each, and within how many days what must have happened."""
    return Page(items=list(clocks), next_page_token=None)


@router.post(
    "/episodes/{episode_id}/clocks",
    operation_id="create_episode_clock",
    status_code=_CREATED,
    responses=documented(404, 409, 422),
)
async def create_episode_clock(
    episode_id: EpisodeId, request: EpisodeClockRequest, clocks: ClockChanges
) -> EpisodeClock:
    """Let a clock run for an episode, from the day of what starts it."""
    return await clocks.start(episode_id, request)


@router.get("/episodes/{episode_id}/clocks", operation_id="list_episode_clocks", responses=documented(404, 422))
async def list_episode_clocks(episode_id: EpisodeId, clocks: ClockReading) -> Page[EpisodeClock]:
    """List the clocks of an episode with where each stands today, oldest first, all of them on one page."""
    return await clocks.of_episode(episode_id)


@router.post("/episode_clocks/{clock_id}:meet", operation_id="meet_episode_clock", responses=documented(404, 409, 422))
async def meet_episode_clock(clock_id: EpisodeClockId, request: ClockMetRequest, clocks: ClockChanges) -> EpisodeClock:
    """Say on which day what the clock asks for had happened."""
    return await clocks.meet(clock_id, request)


def _tagged(episode: Episode, response: Response) -> Episode:
    response.headers["etag"] = entity_tag(episode.version)
    return episode
