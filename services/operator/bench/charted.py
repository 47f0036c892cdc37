"""A chart with something in every part that most patients' charts have: what `bench api` reads."""

import json
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from services.chassis.http import HttpClient
from services.operator.errors import OperatorError

_MADE: Final = frozenset({200, 201})
_DOSES: Final = 28
_WEEKS: Final = 4
_GAD_7_ITEMS: Final = 7
_INTERVENTION: Final = {
    "key": "group",
    "description": "Relapse prevention in a group.",
    "service": "process_group",
    "frequency": "three times a week",
    "responsible_id": str(uuid4()),
    "status": "scheduled",
}


class ChartError(OperatorError):
    """The chart could not be written, so nothing can be said of what it costs to read."""


async def chart(http: HttpClient, gateway: str, token: str, patient_id: UUID, since: date) -> None:
    """Write an episode since a day with its plan of care, a daily medicine with doses, and weekly assessments.

    Raises:
        ChartError: A step was refused.
    """

    async def send(method: str, path: str, body: Any = None, version: int | None = None) -> Any:
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        written = None if body is None else json.dumps(body).encode()
        answer = await http.request("gateway", method, gateway + path, headers=headers, body=written)
        if answer.status not in _MADE:
            raise ChartError(f"{method} {path}: {answer.body.decode(errors='replace')}")
        return json.loads(answer.body)

    patient = f"/v1/patients/{patient_id}"
    level = {"criteria_edition": "asam-3", "level": "2.1"}
    admission = {"programme": "evening-iop", "admitted_on": since.isoformat(), "initial": level}
    episode = await send("POST", f"{patient}/episodes", admission)
    plan = f"/v1/episodes/{episode['id']}/plan_of_care"
    await send("PUT", plan, _plan_of_care(since + timedelta(days=90)))
    await send("POST", f"{plan}:sign", version=1)
    medicine = {
        "regimen": "buprenorphine_daily",
        "name": "Buprenorphine",
        "prescriber": "Bench Prescriber",
        "started_on": since.isoformat(),
    }
    medication = await send("POST", f"{patient}/medications", medicine)
    for number in range(_DOSES - 2):
        day = since + timedelta(days=number)
        dose = {"day": day.isoformat(), "outcome": "given"}
        await send("POST", f"/v1/medications/{medication['id']}/doses", dose)
    for week in range(_WEEKS):
        answers = [{"item_id": str(item + 1), "value": (item + week) % 4} for item in range(_GAD_7_ITEMS)]
        at = f"{since + timedelta(weeks=week)}T15:00:00Z"
        body = {"instrument_id": "gad-7", "administered_at": at, "answers": answers}
        one = await send("POST", f"{patient}/assessments", body)
        await send("POST", f"/v1/assessments/{one['id']}:complete", version=1)


def _plan_of_care(target: date) -> dict[str, Any]:
    objective = {
        "key": "thirty-days",
        "statement": "Thirty days without a drink.",
        "measure": "Drug tests and the patient's own word",
        "target_on": target.isoformat(),
        "status": "in-progress",
        "interventions": [_INTERVENTION],
    }
    goal = {
        "key": "sober",
        "statement": "I want to be there for my children.",
        "in_the_patients_words": True,
        "status": "active",
        "objectives": [objective],
    }
    problem = {
        "key": "alcohol",
        "area": "alcohol",
        "diagnosis": "F10.20",
        "description": "Drinks daily.",
        "status": "active",
        "goals": [goal],
    }
    return {"problems": [problem], "strengths": ["A sober brother."], "discharge_criteria": "Thirty days sober."}
