"""Entering planted words through the routes, one subject after another, until every sealed column holds one."""

import base64
from datetime import datetime, timedelta
from typing import Any, Final

from services.operator.drill.canaries.sending import Sender
from services.operator.drill.canaries.support import SupportPlanter
from services.operator.drill.canaries.words import Canaries, Column, in_records

Json = dict[str, Any]

_DOCUMENT: Final = "0f" * 32
_PARTS: Final = ["demographics"]
_DIMENSIONS: Final = range(1, 7)
_BORN: Final = ("1907-07-29", "1908-01-31")
_PROGRAMME: Final = {
    "call_days": ["MO", "TU", "WE", "TH", "FR", "SA", "SU"],
    # The odds at which no walk through a drill ever meets a day that was not drawn for weeks.
    "hazard": {"tests": 999, "opportunities": 1000},
    "zone": "UTC",
    "release_at": "05:00",
}


def _scheduler(table: str, name: str) -> Column:
    return Column("scheduler", table, name)


class Planter:
    """Plants in one organization."""

    def __init__(self, send: Sender, canaries: Canaries) -> None:
        self._send = send
        self._canaries = canaries
        self._patient = ""
        self._site = ""
        self._programme: Json = {}

    async def before_the_draw(self, now: datetime) -> None:
        """Plant everything but what follows from a draw."""
        # A site's name is no secret, so the control is found; or the search looks at nothing.
        site = {
            "name": self._canaries.control,
            "zone": "UTC",
            "open": [{"weekday": "MO", "start": "08:00", "end": "20:00"}],
            "offices": 1,
            "family_rooms": 0,
        }
        self._site = (await self._send.post("/v1/sites", site))["id"]
        await self._person()
        await self._referral()
        await self._assessment(now)
        await self._medication(now)
        await self._notes(now)
        await self._review(now)
        await self._plan_of_care(now)
        await self._disclosures()
        await self._emergency()
        await self._correspondence()
        await self._incident(now)
        await self._request(now)
        await SupportPlanter(self._send, self._canaries, self._patient).plant(now)
        starts = now.date() + timedelta(days=3)
        terms = {**_PROGRAMME, "starts_on": str(starts), "ends_on": str(starts + timedelta(days=60))}
        self._programme = await self._send.post(f"{self._of_patient}/draw_programmes", terms)

    async def after_the_draw(self, now: datetime) -> None:
        """Walk a drug test from a drawn day to the laboratory."""
        evidence = await self._send.get(f"/v1/draw_programmes/{self._programme['id']}/versions/1/evidence")
        day = [one["day"] for one in evidence["draws"] if one["is_drawn"]][-1]
        taken = {"programme_id": self._programme["id"], "version": 1, "day": day}
        test = await self._send.post(f"{self._of_patient}/drug_tests", taken)
        column = in_records("drug_test_steps", "details")
        at = now.isoformat()
        collected = {
            "kind": "collected",
            "specimen": "urine",
            "identifiers": ["full_name", "birth_date"],
            "collector_id": str(self._send.account_id),
            "seal_number": self._canaries.word(column),
            "collected_at": at,
            "sealed_at": at,
            "hand_offs": [{"handed_to": self._canaries.word(column), "at": at}],
        }
        for step in ({"kind": "notified", "channel": "telephone"}, {"kind": "reported"}, collected):
            test = await self._send.post(f"/v1/drug_tests/{test['id']}/steps", step, version=test["version"])
        await self._send.get(f"/v1/drug_tests/{test['id']}")

    @property
    def _of_patient(self) -> str:
        return f"/v1/patients/{self._patient}"

    async def _person(self) -> None:
        word = self._canaries.word
        self._canaries.told(_BORN[0], in_records("patients", "birth_date"))
        person = {
            "given_name": word(in_records("patients", "given_name"), in_records("patient_versions", "identity")),
            "family_name": word(in_records("patients", "family_name")),
            "birth_date": _BORN[0],
            "site_id": self._site,
        }
        self._patient = (await self._send.post("/v1/patients", person))["id"]
        corrected = {"given_name": word(in_records("patients", "given_name")), "reason": "name_changed"}
        await self._send.post(f"{self._of_patient}:correct", corrected, version=1)
        await self._send.get(f"{self._of_patient}/versions")
        await self._send.get(self._of_patient)

    async def _referral(self) -> None:
        column = in_records("referrals", "told")
        word = self._canaries.word
        self._canaries.told(_BORN[1], column)
        email = f"{word(column)}@{word(column)}.invalid"
        person = {
            "given_name": word(column),
            "family_name": word(column),
            "birth_date": _BORN[1],
            "email": email,
            "permissions": {"channels": ["email"]},
        }
        referral = {"site_id": self._site, "person": person, "source": "hospital", "source_name": word(column)}
        made = await self._send.post("/v1/referrals", referral)
        await self._send.get(f"/v1/referrals/{made['id']}")

    async def _assessment(self, now: datetime) -> None:
        instruments = (await self._send.get("/v1/instruments"))["items"]
        items = next(one["items"] for one in instruments if one["id"] == "phq-9")
        answers = [{"item_id": one["id"], "value": 1} for one in items]
        self._canaries.mark(in_records("assessments", "content"), '"item_id"')
        self._canaries.mark(in_records("safety_tasks", "findings"), '"subject"')
        body = {"instrument_id": "phq-9", "administered_at": now.isoformat(), "answers": answers}
        made = await self._send.post(f"{self._of_patient}/assessments", body)
        answer = {
            "told_account_id": str(self._send.account_id),
            "told_at": now.isoformat(),
            "steps": ["safety_plan"],
            "note": self._canaries.word(in_records("safety_answers", "note")),
        }
        await self._send.post(f"/v1/safety_tasks/{made['safety_tasks'][0]['id']}:answer", answer)

    async def _medication(self, now: datetime) -> None:
        column, word = in_records("medications", "details"), self._canaries.word
        medicine = {
            "regimen": "other",
            "name": word(column),
            "instructions": word(column),
            "prescriber": word(column),
            "started_on": str(now.date() - timedelta(days=9)),
        }
        made = await self._send.post(f"{self._of_patient}/medications", medicine)
        self._canaries.mark(in_records("medication_doses", "details"), "declined")
        self._canaries.mark(in_records("medications", "ending"), "adverse_effect")
        day = str(now.date() - timedelta(days=1))
        await self._send.post(f"/v1/medications/{made['id']}/doses", {"day": day, "outcome": "declined"})
        await self._send.post(f"/v1/medications/{made['id']}:end", {"last_day": day, "reason": "adverse_effect"})

    async def _notes(self, now: datetime) -> None:
        word = self._canaries.word
        for table in ("note_drafts", "note_versions"):
            column = in_records(table, "details")
            encounter_id = await self._send.attended(self._patient, self._site, now)
            text = {name: word(column) for name in ("topic", "interventions", "response", "plan")}
            note = await self._send.post(f"/v1/encounters/{encounter_id}/notes", text)
            if table == "note_versions":
                await self._send.post(f"/v1/notes/{note['id']}:sign", None, version=note["version"])
        await self._send.get(f"{self._of_patient}/notes")
        apart = {"text": word(in_records("counselling_note_versions", "details"))}
        await self._send.post(f"{self._of_patient}/counselling_notes", apart)

    async def _review(self, now: datetime) -> None:
        column, word = in_records("placement_reviews", "found"), self._canaries.word
        review = {
            "criteria_edition": "asam-3",
            "reviewed_on": str(now.date()),
            "ratings": [
                {"dimension": number, "rating": word(column), "comment": word(column)} for number in _DIMENSIONS
            ],
            "recommended_level": "2.1",
            "differs_because": word(column),
        }
        await self._send.post(f"{self._of_patient}/placement_reviews", review)

    async def _plan_of_care(self, now: datetime) -> None:
        column, word = in_records("plans_of_care", "details"), self._canaries.word
        today = str(now.date())
        admission = {
            "programme": "evening-iop",
            # Before the discharge that aftercare follows: who comes back after it is not called.
            "admitted_on": str(now.date() - timedelta(days=1)),
            "initial": {"criteria_edition": "asam-3", "level": "2.1"},
        }
        episode = await self._send.post(f"{self._of_patient}/episodes", admission)
        step = {
            "key": "step",
            "description": word(column),
            "frequency": word(column),
            "responsible_id": str(self._send.account_id),
            "status": "scheduled",
        }
        objective = {
            "key": "objective",
            "statement": word(column),
            "measure": word(column),
            "target_on": today,
            "status": "in-progress",
            "interventions": [step],
        }
        goal = {
            "key": "goal",
            "statement": word(column),
            "in_the_patients_words": True,
            "status": "active",
            "objectives": [objective],
        }
        problem = {
            "key": "problem",
            "area": "alcohol",
            "description": word(column),
            "status": "active",
            "goals": [goal],
        }
        contents = {"problems": [problem], "strengths": [word(column)], "discharge_criteria": word(column)}
        path = f"/v1/episodes/{episode['id']}/plan_of_care"
        plan = await self._send.put(path, contents)
        amendment = {"contents": contents, "reason": word(column)}
        review = {
            "finding": "amend",
            "progress": word(in_records("plan_of_care_acts", "details")),
            "patient_took_part": True,
        }
        for act, body in (("sign", None), ("review", review), ("amend", amendment)):
            plan = await self._send.post(f"{path}:{act}", body, version=plan["version"])
        await self._send.get(path)

    async def _disclosures(self) -> None:
        word = self._canaries.word
        recipients = {}
        for kind in ("treating_provider", "court"):
            named = {
                "name": word(in_records("recipients", "name")),
                "kind": kind,
                "address": word(in_records("recipients", "address")),
            }
            recipients[kind] = (await self._send.post("/v1/recipients", named))["id"]
        emergency = {
            "recipient_name": word(in_records("disclosures", "recipient_person")),
            "facility": word(in_records("disclosures", "facility")),
            "discloser": word(in_records("disclosures", "discloser")),
            "nature": "overdose",
        }
        order = {
            "order": word(in_records("disclosures", "reference")),
            "subpoena": word(in_records("disclosures", "subpoena")),
            "information": _PARTS,
            "issued_at": "2026-01-01T00:00:00Z",
        }
        for recipient, purpose, reason in (
            ("treating_provider", "medical_emergency", {"emergency": emergency}),
            ("court", "legal_proceedings", {"court_order": order}),
        ):
            asked = {"recipient_id": recipients[recipient], "purpose": purpose, "information": _PARTS, **reason}
            await self._send.post(f"{self._of_patient}/disclosures", asked)
        await self._send.get(f"{self._of_patient}/disclosures")

    async def _emergency(self) -> None:
        glass = {
            "nature": "overdose",
            "reason": self._canaries.word(in_records("emergency_accesses", "reason"), prefix="Found with "),
        }
        opened = await self._send.post(f"{self._of_patient}/emergency_accesses", glass)
        await self._send.get(f"/v1/emergency_accesses/{opened['id']}/reason")

    async def _incident(self, now: datetime) -> None:
        word = self._canaries.word
        told = {
            "kind": "loss",
            "discovered_on": str(now.date()),
            "information": _PARTS,
            "description": word(in_records("privacy_incidents", "details")),
        }
        incident = await self._send.post("/v1/privacy_incidents", told)
        column, factors = in_records("privacy_incident_acts", "details"), {}
        for factor in ("nature_and_extent", "recipient", "acquired_or_viewed", "mitigation"):
            factors[factor] = {"level": "low", "finding": word(column)}
        decision = {"outcome": "low_probability", "reason": word(column)}
        path = f"/v1/privacy_incidents/{incident['id']}"
        for act, body in (("assess", factors), ("decide", decision)):
            incident = await self._send.post(f"{path}:{act}", body, version=incident["version"])
        await self._send.get(path)

    async def _request(self, now: datetime) -> None:
        word = self._canaries.word
        asked = {
            "kind": "investigation",
            "received_on": str(now.date()),
            "told": word(in_records("legal_requests", "details")),
        }
        made = await self._send.post("/v1/legal_requests", asked)
        answer = {"outcome": "order_awaited", "told": word(in_records("legal_requests", "answer"))}
        await self._send.post(f"/v1/legal_requests/{made['id']}:settle", answer)
        await self._send.get("/v1/legal_requests")

    async def _correspondence(self) -> None:
        word = self._canaries.word
        address = word(_scheduler("notice_preferences", "address"))
        preference = {"channel": "email", "address": f"{address}@example.invalid", "opted_in": True}
        await self._send.put(f"{self._of_patient}/notice_preference", preference)
        own = {**preference, "address": f"{word(_scheduler('own_notice_preferences', 'address'))}@example.invalid"}
        await self._send.put("/v1/me/notice_preference", own)
        secret = base64.b64encode(word(prefix="0123456789").encode()).decode()
        self._canaries.told(secret.rstrip("="), _scheduler("notice_providers", "secret"))
        await self._send.put("/v1/notice_provider", {"url": "https://provider.invalid/in", "secret": f"whsec_{secret}"})
        access = _scheduler("commitment_polls", "access")
        calendar = {
            "url": f"https://calendar.invalid/{word(access)}.ics",
            "user_name": word(access),
            "password": word(access),
        }
        await self._send.post(f"{self._of_patient}/commitment_sources:subscribe", calendar)
