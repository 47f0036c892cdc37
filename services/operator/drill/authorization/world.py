"""The clinic that the cells are tried in, made over HTTP: one patient for each condition that a consent can be in."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

from services.operator.drill.authorization.cells import RECIPIENTS, Cell
from services.operator.errors import OperatorError

TREATMENT_PAYMENT_OPERATIONS: Final = ("treatment", "payment", "operations")
RECIPIENT_KINDS: Final = tuple(dict.fromkeys(one for one in RECIPIENTS if one not in {"nobody", "other_patient"}))

_PARTS: Final = (
    "demographics", "scheduling", "treatment_plan", "attendance", "assessments", "diagnoses", "medication",
    "drug_tests", "progress_notes", "discharge_summary", "claims", "consents",
)  # fmt: skip
_NOTES: Final = ("counselling_notes",)
_PURPOSES: Final[Mapping[str, tuple[str, ...]]] = {
    "general": TREATMENT_PAYMENT_OPERATIONS,
    "specific": (*TREATMENT_PAYMENT_OPERATIONS, "research", "oversight", "family_involvement", "employment",
                 "education"),
    "criminal_justice": ("criminal_justice_monitoring",),
    "counselling_notes": (*TREATMENT_PAYMENT_OPERATIONS, "criminal_justice_monitoring", "research", "oversight",
                          "family_involvement", "employment", "education"),
    "proceedings": ("legal_proceedings",),
}  # fmt: skip
SAID: Final = {
    "demographics": "Patient",
    "treatment_plan": "process_group",
    "medication": "Drill medicine",
    "assessments": "dast-10",
    "counselling_notes": "Drill confidence",
}
"""What every patient's record holds of the parts that the drill has disclosed, and by what each is found."""
_DOCUMENT: Final = "0f" * 32
_HIPAA: Final = frozenset({"treating_provider", "health_plan", "business_associate"})


class WorldError(OperatorError):
    """The clinic could not be made, so nothing can be said of who sees it."""


class Caller(NamedTuple):
    """Who asks; a relation is one account, whatever its role."""

    role: str
    organization: str = "own"
    relation: str = "none"


class Request(NamedTuple):
    """One request to the API."""

    method: str
    path: str
    body: Any = None
    version: int | None = None


class Answer(NamedTuple):
    """One answer of the API."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON, or an empty object where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


Call = Callable[[Caller | None, Request], Awaitable[Answer]]
"""Sends a request as somebody, or as nobody."""

DIRECTOR: Final = Caller("programme_director")


class World:
    """An organization with recipients of every kind, and its patients as they are needed."""

    def __init__(self, call: Call, accounts: Mapping[str, str], now: datetime) -> None:
        self._call = call
        self._accounts = accounts
        self._now = now
        self._patients: dict[tuple[str, ...], asyncio.Task[str]] = {}
        self._as_recipients: dict[str, str] = {}
        self.site_id = str(uuid4())
        self.recipients: dict[str, str] = {}
        self.used_id = ""
        self.draft_id = ""
        self.episode_id = ""

    @property
    def known(self) -> dict[str, str]:
        """What is here, by the name that the API's paths have for it."""
        return {
            "patient_id": self.used_id,
            "consent_id": self.draft_id,
            "episode_id": self.episode_id,
            "site_id": self.site_id,
        }

    async def found(self) -> None:
        """Enter the recipients, and one patient whose record is used within the programme.

        Raises:
            WorldError: A step was refused.
        """
        for kind in (*(one for one in RECIPIENT_KINDS if one != "patient"), "other"):
            body = {
                "name": f"Drill {kind}",
                "kind": "treating_provider" if kind == "other" else kind,
                "hipaa_bound": kind in _HIPAA,
            }
            self.recipients[kind] = (await self.made("/v1/recipients", body))["id"]
        await self.made("/v1/site_members", {"site_id": self.site_id, "account_id": self._accounts["site"]})
        self.used_id = await self._admit()
        self.recipients["other_patient"] = self._as_recipients[self.used_id]
        consents = f"/v1/patients/{self.used_id}/consents"
        self.draft_id = (await self.made(consents, {"kind": "general"}))["id"]
        admission = {
            "programme": "drill",
            "admitted_on": self._now.date().isoformat(),
            "initial": {"criteria_edition": "asam-3", "level": "2.1"},
        }
        self.episode_id = (await self.made(f"/v1/patients/{self.used_id}/episodes", admission))["id"]
        preference = {"channel": "email", "address": "drill@example.org", "opted_in": False}
        written_to = Request("PUT", f"/v1/patients/{self.used_id}/notice_preference", preference)
        await self._expect(await self._call(DIRECTOR, written_to))
        glass = Request("POST", f"/v1/patients/{self.used_id}/emergency_accesses", {"nature": "overdose"})
        await self._expect(await self._call(Caller("nurse", relation="glass"), glass))

    async def patient(self, cell: Cell) -> str:
        """Return the patient whose consent is as the cell says; made when the first cell asks."""
        condition = "holds" if cell.form == "none" else cell.condition
        # A consent for another purpose than the cell's.
        purpose = "treatment" if cell.purpose == "payment" else "payment"
        key = (cell.form, condition, cell.restriction, purpose if condition == "other_purpose" else "")
        if key not in self._patients:
            self._patients[key] = asyncio.create_task(self._with_consent(*key))
        return await self._patients[key]

    def recipient(self, kind: str, patient_id: str) -> str:
        """Return the recipient of a kind; the kind patient is the patient's own entry in the directory."""
        return self._as_recipients[patient_id] if kind == "patient" else self.recipients[kind]

    async def made(self, path: str, body: Any) -> Any:
        """Create something as the programme's director.

        Raises:
            WorldError: It was refused.
        """
        return await self._expect(await self._call(DIRECTOR, Request("POST", path, body)))

    async def _expect(self, answer: Answer) -> Any:
        if answer.status not in {200, 201}:
            raise WorldError(f"The clinic of the drill could not be made: {answer.body.decode(errors='replace')}")
        return answer.json()

    async def _admit(self) -> str:
        person = {"given_name": "Test", "family_name": "Patient", "birth_date": "1990-02-28", "site_id": self.site_id}
        patient_id: str = (await self.made("/v1/patients", person))["id"]
        member = {"account_id": self._accounts["care_team"]}
        await self.made(f"/v1/patients/{patient_id}/care_team_members", member)
        await self._expect(await self._call(DIRECTOR, plan_of(patient_id)))
        await self._write(patient_id)
        own = {"name": "Drill patient", "kind": "patient", "patient_id": patient_id}
        self._as_recipients[patient_id] = (await self.made("/v1/recipients", own))["id"]
        return patient_id

    async def _write(self, patient_id: str) -> None:
        """Write what can be disclosed of a patient, each part by words of its own."""
        patient, taken_at = f"/v1/patients/{patient_id}", (self._now - timedelta(days=2)).isoformat()
        medicine = {
            "regimen": "other",
            "name": SAID["medication"],
            "prescriber": "Drill prescriber",
            "started_on": "2026-09-01",
        }
        await self.made(f"{patient}/medications", medicine)
        form = {
            "instrument_id": SAID["assessments"],
            "administered_at": taken_at,
            "scores": [{"score_id": "total", "value": 7}],
        }
        assessment = (await self.made(f"{patient}/assessments", form))["id"]
        done = Request("POST", f"/v1/assessments/{assessment}:complete", None, 1)
        await self._expect(await self._call(DIRECTOR, done))
        await self.made(f"{patient}/counselling_notes", {"text": SAID["counselling_notes"]})

    async def _with_consent(self, form: str, condition: str, restriction: str, purpose: str) -> str:
        patient_id = await self._admit()
        if restriction == "granted":
            asked = {
                "information": [*_PARTS, *_NOTES],
                "purposes": TREATMENT_PAYMENT_OPERATIONS,
                "recipient_kinds": RECIPIENT_KINDS,
                "decision": "granted",
            }
            await self.made(f"/v1/patients/{patient_id}/restrictions", asked)
        if form != "none":
            terms = self._terms(form, patient_id) | self._flaw(condition, purpose)
            await self._sign((await self.made(f"/v1/patients/{patient_id}/consents", terms))["id"], condition)
        return patient_id

    async def _sign(self, consent_id: str, condition: str) -> None:
        activated = await self._call(DIRECTOR, Request("POST", f"/v1/consents/{consent_id}:activate", None, 1))
        if condition in {"holds", "revoked", "false", "expired"}:
            await self._expect(activated)
        if condition == "revoked":
            await self.made(f"/v1/consents/{consent_id}:revoke", {"document_sha256": _DOCUMENT})
        if condition == "false":
            await self.made(f"/v1/consents/{consent_id}:end", {"reason": "found_false"})

    def _terms(self, form: str, patient_id: str) -> dict[str, Any]:
        others = [one for kind, one in self.recipients.items() if kind != "other"]
        return {
            "kind": form,
            "disclosing_party": "Drill programme",
            "information": _NOTES if form == "counselling_notes" else _PARTS,
            "recipient_ids": [*others, self._as_recipients[patient_id]],
            "treating_participants": True,
            "purposes": _PURPOSES[form],
            "statements": ["right_to_revoke", "consequences_of_refusing", "redisclosure"],
            "expires_on": (self._now + timedelta(days=300)).date().isoformat(),
            "signatures": [self._signature(self._now - timedelta(days=30))],
        }

    def _signature(self, at: datetime) -> dict[str, str]:
        return {
            "signer": "patient",
            "method": "on_paper",
            "signed_at": at.isoformat(),
            "document_sha256": _DOCUMENT,
        }

    def _flaw(self, condition: str, purpose: str) -> dict[str, Any]:
        flaws: dict[str, dict[str, Any]] = {
            "expired": {"expires_on": (self._now - timedelta(days=2)).date().isoformat()},
            "deficient": {"disclosing_party": None},
            "unsigned": {"signatures": []},
            "future": {"signatures": [self._signature(self._now + timedelta(days=30))]},
            "other_recipient": {"recipient_ids": [self.recipients["other"]]},
            "other_purpose": {"purposes": [purpose]},
            "other_information": {"information": ["discharge_summary"]},
        }
        return flaws.get(condition, {})


def plan_of(patient_id: str) -> Request:
    """Return the request that enters a patient's first plan; with a plan there it is told to say which it read."""
    week = {
        "effective_from": "2026-10-05",
        "required_services": [{"service": "process_group", "minutes_per_week": 540}],
        "languages": ["en"],
        "modalities": ["on_site"],
        "track": "drill",
    }
    return Request("PUT", f"/v1/patients/{patient_id}/treatment_plan", week)
