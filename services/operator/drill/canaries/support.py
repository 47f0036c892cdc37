"""Entering planted words where family, payment and the time after treatment are written down."""

from datetime import datetime, timedelta
from typing import Any, Final

from services.operator.drill.canaries.sending import Sender
from services.operator.drill.canaries.words import Canaries, in_records

_DAYS_OF_EPISODE: Final = 40
_DAYS_AUTHORIZED: Final = 90


class SupportPlanter:
    """Plants for one patient who is there already."""

    def __init__(self, send: Sender, canaries: Canaries, patient_id: str) -> None:
        self._send = send
        self._word = canaries.word
        self._of_patient = f"/v1/patients/{patient_id}"

    async def plant(self, now: datetime) -> None:
        """Plant in every sealed column of these subjects; at the end the patient has been discharged."""
        await self._family(now)
        await self._authorization(now)
        await self._relapse_prevention()
        await self._aftercare(now)

    async def _family(self, now: datetime) -> None:
        named = {"name": self._word(in_records("recipients", "name")), "kind": "family_or_friend"}
        person = {
            "recipient_id": (await self._send.post("/v1/recipients", named))["id"],
            "relationship": "sibling",
            "note": self._word(in_records("related_persons", "details")),
        }
        await self._send.post(f"{self._of_patient}/related_persons", person)
        await self._send.get(f"{self._of_patient}/related_persons")
        parent = {
            "kind": "parent",
            "name": self._word(in_records("representatives", "name")),
            "authority_from": now.isoformat(),
            "document_sha256": "0f" * 32,
        }
        await self._send.post(f"{self._of_patient}/representatives", parent)
        await self._send.get(f"{self._of_patient}/representatives")
        exemption = {
            "month": str(now.date()),
            "reason": "refused",
            "explanation": self._word(in_records("family_exemptions", "details")),
        }
        await self._send.post(f"{self._of_patient}/family_exemptions", exemption)

    async def _authorization(self, now: datetime) -> None:
        authorized = {
            "payer": "drill-payer",
            "number": self._word(in_records("payer_authorizations", "details")),
            "code": "H0015",
            "units": 20,
            "from_on": str(now.date()),
            "until_on": str(now.date() + timedelta(days=_DAYS_AUTHORIZED)),
        }
        await self._send.post(f"{self._of_patient}/payer_authorizations", authorized)
        await self._send.get(f"{self._of_patient}/payer_authorizations")

    async def _relapse_prevention(self) -> None:
        column, path = in_records("relapse_plans", "details"), f"{self._of_patient}/relapse_prevention_plan"
        parts = ("triggers", "warning_signs", "coping_skills", "supports")
        plan: dict[str, Any] = {part: [self._word(column)] for part in parts}
        await self._send.put(path, {**plan, "in_the_patients_words": True})
        await self._send.get(path)

    async def _aftercare(self, now: datetime) -> None:
        plans, attempts = in_records("aftercare_plans", "details"), in_records("aftercare_attempts", "details")
        agreed = {
            "channels": ["phone"],
            "may_leave_message": False,
            "reach_at": self._word(plans),
            "goals": [self._word(plans)],
            "community_supports": [self._word(plans)],
        }
        episode_id = await self._discharged(now)
        summaries = in_records("discharge_summaries", "details")
        passages = ("presenting", "course", "progress", "condition_at_discharge", "recommendations")
        summary: dict[str, Any] = {one: self._word(summaries) for one in passages}
        await self._send.post(
            f"/v1/episodes/{episode_id}/discharge_summary", {**summary, "referrals": [self._word(summaries)]}
        )
        await self._send.get(f"/v1/episodes/{episode_id}/discharge_summary")
        made = await self._send.post(f"/v1/episodes/{episode_id}/aftercare_plan?zone=UTC", agreed)
        contact = f"/v1/aftercare_contacts/{made['contacts'][0]['id']}"
        attempt = {"channel": "phone", "outcome": "reached", "note": self._word(attempts)}
        await self._send.post(f"{contact}/attempts?zone=UTC", attempt)
        amended = {"reach_at": self._word(in_records("aftercare_amendments", "details"))}
        await self._send.post(f"/v1/aftercare_plans/{made['id']}:amend?zone=UTC", amended)
        found = {"outcome": "declined", "note": self._word(in_records("aftercare_contacts", "outcome"))}
        await self._send.post(f"{contact}:close?zone=UTC", found)
        await self._send.get(f"{self._of_patient}/aftercare_plans?zone=UTC")

    async def _discharged(self, now: datetime) -> str:
        admission = {
            "programme": "drill-iop",
            "admitted_on": str(now.date() - timedelta(days=_DAYS_OF_EPISODE)),
            "initial": {"criteria_edition": "asam-3", "level": "2.1"},
        }
        made = await self._send.post(f"{self._of_patient}/episodes", admission)
        end = {"discharged_on": str(now.date()), "reason": "completed"}
        await self._send.post(f"/v1/episodes/{made['id']}:discharge", end, version=made["version"])
        episode_id: str = made["id"]
        return episode_id
