"""What is written of every patient of the drill: something in each part of the record, found by a word of its own."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from services.contracts.identifiers import AccountId, AppointmentId, AttendanceId, PatientId, SiteId
from services.contracts.records.encounters import AttendanceEvent
from services.contracts.scheduler.attendance import AttendanceStatus
from services.contracts.vocabulary import Modality, ServiceKind

Json = dict[str, Any]
Made = Callable[..., Awaitable[Any]]
"""Sends a request as the programme's director: method, path, body, version."""

Tell = Callable[[AttendanceEvent], Awaitable[None]]
"""Tells records of a session, as the scheduler does."""

MARKS: Final[Mapping[str, bytes]] = {
    "demographics": b"Drillperson",
    "treatment_plan": b"drill-evenings",
    "diagnoses": b"Drill problem",
    "attendance": b'"minutes_late":7',
    "assessments": b"dast-10",
    "medication": b"Drill medicine",
    "drug_tests": b'"status":"reported"',
    "progress_notes": b"Drill response",
    "counselling_notes": b"Drill confidence",
    "discharge_summary": b"Drill course",
    "claims": b"DRILL-AUTHORIZED",
    "consents": b"Drill discloser",
}
"""By part, what is found wherever it is told, and nowhere else."""

PAYER: Final = "drill-payer"
_ZONE: Final = "UTC"
_LATE: Final = 7
_LONG: Final = 200


def _said(part: str) -> str:
    return MARKS[part].decode()


class Writer:
    """Writes one patient after another, as of one instant."""

    def __init__(self, send: Made, tell: Tell, site_id: str, now: datetime) -> None:
        self._send = send
        self._tell = tell
        self._site_id = site_id
        self._now = now

    async def terms(self) -> None:
        """Write down what a payer agreed to, without which there are no lines to claim."""
        agreed = {
            "payer": PAYER,
            "method": "service_level",
            "requires_authorization": True,
            "effective_from": self._day(_LONG),
            "source": "Drill contract",
        }
        await self._send("POST", "/v1/payer_contracts", agreed)
        rate = {
            "payer": PAYER,
            "code": "H0005",
            "amount_cents": 3000,
            "effective_from": self._day(_LONG),
            "source": "Drill schedule",
        }
        await self._send("POST", "/v1/charge_rates", rate)

    async def programme(self, patient_id: str, starts_on: date) -> str:
        """Commit to a programme of draws that has every day tested; returns its id."""
        days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
        terms = {
            "call_days": days,
            "hazard": {"tests": 1, "opportunities": 2},
            "cap_days": 1,
            "starts_on": str(starts_on),
            "ends_on": str(starts_on + timedelta(days=30)),
            "zone": _ZONE,
            "release_at": "00:00",
        }
        programme: str = (await self._send("POST", f"/v1/patients/{patient_id}/draw_programmes", terms))["id"]
        return programme

    async def write(self, patient_id: str, programme_id: str, drawn_on: date) -> dict[str, str]:
        """Write every part; returns the ids of the open and of the ended episode, and of the counselling note."""
        patient = f"/v1/patients/{patient_id}"
        episode_id = await self._admit(patient, "drill", 10)
        await self._plan(patient, episode_id)
        await self._medication(patient)
        await self._assessment(patient)
        await self._session(patient_id)
        await self._authorization(patient)
        await self._drug_test(patient, programme_id, drawn_on)
        note = await self._send("POST", f"{patient}/counselling_notes", {"text": _said("counselling_notes")})
        ended_id = await self._discharge(patient)
        return {"episode_id": episode_id, "ended_episode_id": ended_id, "note_id": note["id"]}

    async def listed(self, patient_id: str) -> None:
        """Write what has a patient on lists of the site: an injection that is due, and a wish to be in a group."""
        injection = {
            "regimen": "naltrexone_injection",
            "name": "Drill injection",
            "prescriber": "Drill prescriber",
            "started_on": self._day(1),
        }
        await self._send("POST", f"/v1/patients/{patient_id}/medications", injection)
        choice = {"group": "peer", "joins": True}
        await self._send("POST", f"/v1/patients/{patient_id}/recovery_group_choices", choice)

    def _day(self, before: int) -> str:
        return str((self._now - timedelta(days=before)).date())

    async def _admit(self, patient: str, programme: str, before: int) -> str:
        admission = {
            "programme": programme,
            "admitted_on": self._day(before),
            "initial": {"criteria_edition": "asam-3", "level": "2.1"},
        }
        episode: str = (await self._send("POST", f"{patient}/episodes", admission))["id"]
        return episode

    async def _plan(self, patient: str, episode_id: str) -> None:
        method, path, body = plan_of(patient)
        await self._send(method, path, body)
        problem = {
            "key": "problem",
            "area": "alcohol",
            "description": _said("diagnoses"),
            "status": "active",
            "deferred_because": "The first week comes first.",
            "goals": [],
        }
        contents = {"problems": [problem], "strengths": ["Asks for help."], "discharge_criteria": "Thirty days."}
        path = f"/v1/episodes/{episode_id}/plan_of_care"
        plan = await self._send("PUT", path, contents)
        await self._send("POST", f"{path}:sign", None, plan["version"])

    async def _medication(self, patient: str) -> None:
        medicine = {
            "regimen": "other",
            "name": _said("medication"),
            "prescriber": "Drill prescriber",
            "started_on": self._day(9),
        }
        await self._send("POST", f"{patient}/medications", medicine)

    async def _assessment(self, patient: str) -> None:
        form = {
            "instrument_id": _said("assessments"),
            "administered_at": (self._now - timedelta(days=2)).isoformat(),
            "scores": [{"score_id": "total", "value": 7}],
        }
        assessment = await self._send("POST", f"{patient}/assessments", form)
        await self._send("POST", f"/v1/assessments/{assessment['id']}:complete", None, 1)

    async def _session(self, patient_id: str) -> None:
        end = self._now - timedelta(days=1)
        start = end - timedelta(hours=3)
        event = AttendanceEvent(
            id=AttendanceId(uuid4()),
            appointment_id=AppointmentId(uuid4()),
            patient_id=PatientId(UUID(patient_id)),
            site_id=SiteId(UUID(self._site_id)),
            zone=_ZONE,
            week=start.date() - timedelta(days=start.weekday()),
            service=ServiceKind.PROCESS_GROUP,
            modality=Modality.ON_SITE,
            start=start,
            end=end,
            revision=1,
            status=AttendanceStatus.FULFILLED,
            excused=None,
            minutes_late=_LATE,
            minutes_left_early=0,
            recorded_by=AccountId(uuid4()),
            recorded_at=end,
        )
        await self._tell(event)
        (encounter,) = (await self._send("GET", f"/v1/patients/{patient_id}/encounters"))["items"]
        text = {"interventions": "Listened.", "response": _said("progress_notes"), "plan": None}
        note = await self._send("POST", f"/v1/encounters/{encounter['id']}/notes", text)
        await self._send("POST", f"/v1/notes/{note['id']}:sign", None, note["version"])

    async def _authorization(self, patient: str) -> None:
        authorized = {
            "payer": PAYER,
            "number": _said("claims"),
            "code": "H0005",
            "units": 20,
            "from_on": self._day(9),
            "until_on": self._day(-_LONG),
        }
        await self._send("POST", f"{patient}/payer_authorizations", authorized)

    async def _drug_test(self, patient: str, programme_id: str, day: date) -> None:
        drawn = {"programme_id": programme_id, "version": 1, "day": str(day)}
        test = await self._send("POST", f"{patient}/drug_tests", drawn)
        for step in ({"kind": "notified", "channel": "in_person"}, {"kind": "reported"}):
            test = await self._send("POST", f"/v1/drug_tests/{test['id']}/steps", step, test["version"])

    async def _discharge(self, patient: str) -> str:
        episode_id = await self._admit(patient, "drill-before", 60)
        end = {"discharged_on": self._day(40), "reason": "completed"}
        await self._send("POST", f"/v1/episodes/{episode_id}:discharge", end, 1)
        passages = ("presenting", "course", "progress", "condition_at_discharge", "recommendations")
        summary: Json = dict.fromkeys(passages, _said("discharge_summary"))
        await self._send("POST", f"/v1/episodes/{episode_id}/discharge_summary", {**summary, "referrals": []})
        return episode_id


def plan_of(patient: str) -> tuple[str, str, Json]:
    """Return the request that enters a patient's first plan; with a plan there it is told to say which it read."""
    week = {
        "effective_from": "2026-10-05",
        "required_services": [{"service": "process_group", "minutes_per_week": 540}],
        "languages": ["en"],
        "modalities": ["on_site"],
        "track": _said("treatment_plan"),
    }
    return "PUT", f"{patient}/treatment_plan", week
