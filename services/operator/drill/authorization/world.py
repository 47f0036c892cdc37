"""The clinic that the cells are tried in, made over HTTP: one patient for each condition that a consent can be in."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

from services.operator.drill.authorization.cells import CONDITIONS, FORMS, RECIPIENTS, Cell
from services.operator.drill.authorization.writing import MARKS, Tell, Writer
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
_DOCUMENT: Final = "0f" * 32
_BIRTH_DATE: Final = "1990-02-28"
_HIPAA: Final = frozenset({"treating_provider", "health_plan", "business_associate"})
ENROLLED: Final = timedelta(days=2)
"""How long before the cells are tried patients are enrolled: a drug test is drawn only after it was committed to."""

# With and without a restriction: one of no consent, of each form one a condition, two where another thing is consented
# to; and one whose record is used.
_PATIENTS: Final = 2 * ((len(dict.fromkeys(FORMS)) - 1) * (len(dict.fromkeys(CONDITIONS)) + 2) + 1) + 1
_AT_ONCE: Final = 12


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
    key: str | None = None
    """The Idempotency-Key, where it is sent with one."""


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

DIRECTOR: Final = Caller("programme_director", relation="author")
"""Who makes the clinic and writes the records, counselling notes among them."""

_SELF: Final = Caller("patient", relation="self")
RELATIONS_WITH_ACCOUNTS: Final = ("care_team", "site", "glass", "author", "self")
"""By which accounts callers are told apart; whoever has another relation has an account of the role."""


class World:
    """An organization with recipients of every kind, and its patients as they are needed."""

    def __init__(self, call: Call, accounts: Mapping[str, str], now: datetime, tell: Tell) -> None:
        self._call = call
        self._accounts = accounts
        self.now = now
        self._patients: dict[tuple[str, ...], asyncio.Task[str]] = {}
        self._enrolled: list[tuple[str, str]] = []
        self._as_recipients: dict[str, str] = {}
        self.site_id = str(uuid4())
        self._writer = Writer(self._send, tell, self.site_id, now)
        self.recipients: dict[str, str] = {}
        self.used_id = ""
        self.draft_id = ""
        self.person_id = ""
        self.representative_id = ""
        self._of_used: dict[str, str] = {}

    @property
    def call(self) -> Call:
        """Send a request as somebody, or as nobody."""
        return self._call

    @property
    def known(self) -> dict[str, str]:
        """What is here, by the name that the API's paths have for it."""
        return {
            "patient_id": self.used_id,
            "consent_id": self.draft_id,
            "site_id": self.site_id,
            "person_id": self.person_id,
            "representative_id": self.representative_id,
            **self._of_used,
        }

    async def enrol(self) -> None:
        """Enter every patient, and commit to the draws that will have each of them tested; `ENROLLED` before all else.

        Raises:
            WorldError: A step was refused.
        """
        places = asyncio.Semaphore(_AT_ONCE)
        self._enrolled = await asyncio.gather(*(self._enrolled_one(places) for _ in range(_PATIENTS)))

    async def found(self) -> None:
        """Enter the recipients, and write the record of one patient which is used within the programme.

        Raises:
            WorldError: A step was refused.
        """
        await self._writer.terms()
        for kind in (*(one for one in RECIPIENT_KINDS if one != "patient"), "other"):
            body = {
                "name": f"Drill {kind}",
                "kind": "treating_provider" if kind == "other" else kind,
                "hipaa_bound": kind in _HIPAA,
            }
            self.recipients[kind] = (await self.made("/v1/recipients", body))["id"]
        await self.made("/v1/site_members", {"site_id": self.site_id, "account_id": self._accounts["site"]})
        self.used_id, self._of_used = await self._admit()
        self.recipients["other_patient"] = self._as_recipients[self.used_id]
        consents = f"/v1/patients/{self.used_id}/consents"
        draft = {"kind": "general", "disclosing_party": MARKS["consents"].decode()}
        self.draft_id = (await self.made(consents, draft))["id"]
        await self._writer.listed(self.used_id)
        sister = {"recipient_id": self.recipients["family_or_friend"], "relationship": "sibling"}
        self.person_id = (await self.made(f"/v1/patients/{self.used_id}/related_persons", sister))["id"]
        # A parent signs for no adult: whose signature the patient's consents take stays as it is.
        parent = {
            "kind": "parent",
            "name": "Drill parent",
            "authority_from": self.now.isoformat(),
            "document_sha256": "0f" * 32,
        }
        made = await self.made(f"/v1/patients/{self.used_id}/representatives", parent)
        self.representative_id = made["id"]
        preference = {"channel": "email", "address": "drill@example.org", "opted_in": False}
        await self._send("PUT", f"/v1/patients/{self.used_id}/notice_preference", preference)
        account = {"account_id": self._accounts["self"]}
        handed = await self.made(f"/v1/patients/{self.used_id}/patient_accounts", account)
        claim = Request("POST", "/v1/me/record:claim", {"code": handed["code"], "birth_date": _BIRTH_DATE})
        await self._expect(await self._call(_SELF, claim))
        glass = Request(
            "POST",
            f"/v1/patients/{self.used_id}/emergency_accesses",
            {"nature": "overdose", "reason": "Found unconscious."},
        )
        await self._expect(await self._call(Caller("nurse", relation="glass"), glass))

    async def patient(self, cell: Cell) -> str:
        """Return the patient whose consent is as the cell says; made when the first cell asks."""
        condition = "holds" if cell.form == "none" else cell.condition
        # A consent for another purpose than the cell's, or to another part.
        others = {
            "other_purpose": "treatment" if cell.purpose == "payment" else "payment",
            "other_information": "attendance" if cell.information == "demographics" else "demographics",
        }
        key = (cell.form, condition, cell.restriction, others.get(condition, ""))
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
        return await self._send("POST", path, body)

    async def _send(self, method: str, path: str, body: Any = None, version: int | None = None) -> Any:
        return await self._expect(await self._call(DIRECTOR, Request(method, path, body, version)))

    async def _expect(self, answer: Answer) -> Any:
        if answer.status not in {200, 201}:
            raise WorldError(f"The clinic of the drill could not be made: {answer.body.decode(errors='replace')}")
        return answer.json()

    async def _enrolled_one(self, places: asyncio.Semaphore) -> tuple[str, str]:
        name = MARKS["demographics"].decode()
        person = {"given_name": "Test", "family_name": name, "birth_date": _BIRTH_DATE, "site_id": self.site_id}
        async with places:
            patient_id: str = (await self.made("/v1/patients", person))["id"]
            return patient_id, await self._writer.programme(patient_id, self.now.date())

    async def _admit(self) -> tuple[str, dict[str, str]]:
        patient_id, programme_id = self._enrolled.pop()
        member = {"account_id": self._accounts["care_team"]}
        await self.made(f"/v1/patients/{patient_id}/care_team_members", member)
        episodes = await self._writer.write(patient_id, programme_id, self.now.date())
        own = {"name": "Drill patient", "kind": "patient", "patient_id": patient_id}
        self._as_recipients[patient_id] = (await self.made("/v1/recipients", own))["id"]
        return patient_id, episodes

    async def _with_consent(self, form: str, condition: str, restriction: str, other: str) -> str:
        patient_id, _ = await self._admit()
        if restriction == "granted":
            asked = {
                "information": [*_PARTS, *_NOTES],
                "purposes": sorted({one for purposes in _PURPOSES.values() for one in purposes}),
                "recipient_kinds": RECIPIENT_KINDS,
                "decision": "granted",
            }
            await self.made(f"/v1/patients/{patient_id}/restrictions", asked)
        if form != "none":
            terms = self._terms(form, patient_id) | self._flaw(condition, other)
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
            "disclosing_party": MARKS["consents"].decode(),
            "information": _NOTES if form == "counselling_notes" else _PARTS,
            "recipient_ids": [*others, self._as_recipients[patient_id]],
            "treating_participants": True,
            "purposes": _PURPOSES[form],
            "statements": ["right_to_revoke", "consequences_of_refusing", "redisclosure"],
            "expires_on": (self.now + timedelta(days=300)).date().isoformat(),
            "signatures": [self._signature(self.now - timedelta(days=30))],
        }

    def _signature(self, at: datetime) -> dict[str, str]:
        return {
            "signer": "patient",
            "method": "on_paper",
            "signed_at": at.isoformat(),
            "document_sha256": _DOCUMENT,
        }

    def _flaw(self, condition: str, other: str) -> dict[str, Any]:
        flaws: dict[str, dict[str, Any]] = {
            "expired": {"expires_on": (self.now - timedelta(days=2)).date().isoformat()},
            "deficient": {"disclosing_party": None},
            "unsigned": {"signatures": []},
            "future": {"signatures": [self._signature(self.now + timedelta(days=30))]},
            "other_recipient": {"recipient_ids": [self.recipients["other"]]},
            "other_purpose": {"purposes": [other]},
            "other_information": {"information": [other]},
        }
        return flaws.get(condition, {})
