"""A clinic with a site and a patient, entered over the API as its staff would."""

from asyncio import sleep
from typing import Any, Final, NamedTuple
from uuid import UUID

from services.contracts.identity import Role
from services.operator.drill.checklist.probes.calling import Answer, Caller
from services.operator.drill.checklist.world import World, made_of

TRIES: Final = 40
PAUSE_SECONDS: Final = 0.25
UNKNOWN_SITE: Final = 422


class Clinic(NamedTuple):
    """An organization, its programme director, and what is in it."""

    organization_id: UUID
    director: Caller
    site_id: str
    patient_id: str


async def new_clinic(world: World, organization: UUID) -> Clinic:
    """Enter a site and a patient; raises SetUpFailedError."""
    director = world.as_role(Role.PROGRAMME_DIRECTOR, organization=organization)
    site = {"name": "Harbour Street", "zone": "America/New_York", "offices": 4, "family_rooms": 1,
            "open": [{"weekday": "MO", "start": "08:00", "end": "21:00"}]}  # fmt: skip
    site_id: str = made_of(await director.post("/v1/sites", site))["id"]
    patient = made_of(await _admitted(director, site_id))
    return Clinic(organization, director, site_id, patient["id"])


async def _admitted(director: Caller, site_id: str) -> Answer:
    """Admit a patient; the records hear of a second site of an organization some moments after the first."""
    answer = await director.post("/v1/patients", new_patient(site_id))
    for _ in range(TRIES):
        if answer.status != UNKNOWN_SITE:
            break
        await sleep(PAUSE_SECONDS)
        answer = await director.post("/v1/patients", new_patient(site_id))
    return answer


def new_patient(site_id: str, **more: Any) -> dict[str, Any]:
    """Return the body that admits a patient who does not exist."""
    return {"given_name": "Test", "family_name": "Patient", "birth_date": "1990-01-01", "site_id": site_id, **more}
