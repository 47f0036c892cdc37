"""Trying cells: the request that asks for what a cell says, and whether what came is what the table answers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import uuid4

from services.operator.drill.authorization.cells import Cell
from services.operator.drill.authorization.oracle import (
    SCREENS,
    is_disclosed,
    is_shown,
    may_know,
    parts_seen,
    parts_sent,
)
from services.operator.drill.authorization.world import Answer, Caller, Request, World
from services.operator.drill.authorization.writing import MARKS, PAYER, plan_of

_INSTANCE: Final = re.compile(rb"urn:uuid:[0-9a-f-]{36}")
_BESIDE: Final = frozenset({"disclosure", "labels", "notice", "consent"})
_HELD: Final = MARKS.keys() - {"consents"}
"""The parts of which every record here has something to disclose."""
_MADE, _DONE, _FORBIDDEN, _NOTHING, _REFUSED = 201, 200, 403, 404, 422
_ELSEWHERE: Final = {
    "list_plan_of_care_versions": "/v1/episodes/{episode_id}",
    "list_discharge_summary_versions": "/v1/episodes/{ended_episode_id}",
    "read_counselling_note": "/v1/counselling_notes/{note_id}",
    "read_own_record": "/v1/me",
}
_TOLD: Final = {
    "recipient_name": "Drill Doctor",
    "facility": "Drill Hospital",
    "discloser": "Drill Nurse",
    "nature": "overdose",
}
_ORDER: Final = {
    "order": "No. 1",
    "information": [
        "demographics", "treatment_plan", "diagnoses", "assessments", "medication", "attendance", "drug_tests",
        "progress_notes", "counselling_notes", "discharge_summary", "claims", "consents", "scheduling",
    ],
    "issued_at": "2026-01-01T00:00:00Z",
}  # fmt: skip


class Verdict(NamedTuple):
    """What is wrong with an answer, or None where nothing is; and whether it let the caller through."""

    fault: str | None
    operation: str
    permitted: bool


@dataclass(slots=True)
class Trial:
    """Tries cells in one world; the answers of nobody are remembered, to compare with."""

    world: World
    _of_nobody: dict[tuple[Any, ...], bytes] = field(default_factory=dict)

    async def try_cell(self, cell: Cell) -> Verdict | None:
        """Try one cell; None where there is nothing in it that could be asked for."""
        if cell.recipient == "nobody":
            return await self._use(cell.operation, cell)
        knows = may_know(cell)
        if not knows and cell.purpose == "medical_emergency" and cell.information not in _HELD:
            # Of what no record of this clinic holds there is nothing to disclose, and a stranger is not told so.
            return None
        return await self._disclose(cell, knows=knows)

    async def _use(self, screen: str, cell: Cell) -> Verdict:
        expected = is_shown(screen, cell)
        broke_glass = cell.relation == "none" and cell.emergency not in {"none", "without_nature"}
        caller = Caller(cell.role, cell.organization, "glass" if broke_glass else cell.relation)
        answer = await self.world.call(caller, _screen(screen, self.world.known))
        if SCREENS[screen].of_site:
            return await self._listed(screen, caller, answer, expected=expected)
        shown = answer.status in {_DONE, 428, 409}
        if _found(answer) - (parts_seen(cell) if shown else frozenset()):
            return Verdict("leak", screen, shown)
        if answer.status == _DONE and not _found(answer).issuperset(SCREENS[screen].holds):
            return Verdict("empty", screen, shown)
        if shown is expected and (shown or answer.status in {_FORBIDDEN, _NOTHING}):
            # Who opened a record knows of it, and is told why it is not to be written in.
            knows = shown or (broke_glass and SCREENS[screen].changes)
            return Verdict(None if knows else await self._told_apart(caller, screen, answer), screen, shown)
        return Verdict(_fault(shown=shown, expected=expected, answer=answer), screen, shown)

    async def _listed(self, screen: str, caller: Caller, answer: Answer, *, expected: bool) -> Verdict:
        shown = answer.status == _DONE and self.world.known["patient_id"].encode() in answer.body
        if shown and not expected:
            return Verdict("leak", screen, shown)
        if expected:
            is_left_out = not shown and (SCREENS[screen].lists or answer.status != _DONE)
            return Verdict("wrong_denial" if is_left_out else None, screen, shown)
        if answer.status not in {_DONE, _FORBIDDEN}:
            return Verdict(f"status_{answer.status}", screen, shown)
        # Who may see none of them is told the same of this site as of nobody's.
        return Verdict(await self._told_apart(caller, screen, answer), screen, shown)

    async def _disclose(self, cell: Cell, *, knows: bool) -> Verdict:
        operation, caller = "create_disclosure", Caller(cell.role, cell.organization, cell.relation)
        patient_id = await self.world.patient(cell)
        body = _disclosure(cell, self.world.recipient(cell.recipient, patient_id), self.world.now)
        key = str(uuid4()) if cell.operation == "disclose_again" else None
        request = Request("POST", f"/v1/patients/{patient_id}/disclosures", body, key=key)
        answer = await self.world.call(caller, request)
        given = answer.status == _MADE
        is_empty = answer.status == _REFUSED and answer.json().get("code") == "nothing-to-disclose"
        permitted = given or (is_empty and cell.information not in _HELD)
        expected = is_disclosed(cell)
        if _found(answer) - parts_sent(cell):
            return Verdict("leak", operation, permitted)
        if permitted is not expected or answer.status not in {_MADE, _FORBIDDEN, _NOTHING, _REFUSED}:
            return Verdict(_fault(shown=permitted, expected=expected, answer=answer), operation, permitted)
        if key and without_instance(await self.world.call(caller, request)) != without_instance(answer):
            return Verdict("repeated_otherwise", operation, permitted)
        if given:
            return Verdict(_neglected(answer.json(), _found(answer), cell), operation, permitted)
        told_apart = None if permitted or knows else await self._told_apart_from(caller, body, answer)
        return Verdict(told_apart, operation, permitted)

    async def _told_apart(self, caller: Caller, screen: str, answer: Answer) -> str | None:
        nobody = dict.fromkeys(self.world.known, str(uuid4()))
        return await self._compared((caller, screen), caller, _screen(screen, nobody), answer)

    async def _told_apart_from(self, caller: Caller, body: Mapping[str, Any], answer: Answer) -> str | None:
        request = Request("POST", f"/v1/patients/{uuid4()}/disclosures", body)
        return await self._compared((caller, body["purpose"]), caller, request, answer)

    async def _compared(self, key: tuple[Any, ...], caller: Caller, request: Request, answer: Answer) -> str | None:
        if key not in self._of_nobody:
            self._of_nobody[key] = without_instance(await self.world.call(caller, request))
        return None if without_instance(answer) == self._of_nobody[key] else "told_apart"


def without_instance(answer: Answer) -> bytes:
    """Return status and body as bytes, without the one thing that differs: the id of the request."""
    return str(answer.status).encode() + b" " + _INSTANCE.sub(b"", answer.body)


def _fault(*, shown: bool, expected: bool, answer: Answer) -> str:
    if shown and not expected:
        return "leak"
    return "wrong_denial" if answer.status in {_FORBIDDEN, _NOTHING} else f"status_{answer.status}"


def _found(answer: Answer) -> frozenset[str]:
    """Return the parts of which something is found in an answer, whatever it calls itself."""
    return frozenset(part for part, mark in MARKS.items() if mark in answer.body)


def _neglected(sent: Mapping[str, Any], found: frozenset[str], cell: Cell) -> str | None:
    """Say whether a disclosure gave more than was asked for, or went without what goes along (42 CFR 2.13, 2.32)."""
    members = {"plan_of_care" if part == "diagnoses" else part for part in parts_sent(cell)}
    more = [part for part, told in sent.items() if told is not None and part not in {*_BESIDE, *members}]
    if found != parts_sent(cell):
        return "empty"
    needs_notice = cell.purpose != "patient_access"
    is_on_consent = sent["disclosure"]["basis"] == "consent"
    has_notice, has_scope = sent["notice"] is not None, sent["consent"] is not None
    return "leak" if more or has_notice is not needs_notice or has_scope is not is_on_consent else None


def _disclosure(cell: Cell, recipient_id: str, now: datetime) -> dict[str, Any]:
    body: dict[str, Any] = {
        "recipient_id": recipient_id,
        "purpose": cell.purpose,
        "information": [cell.information],
    }
    if cell.information == "diagnoses":
        body["information"].append("treatment_plan")
    if cell.information == "claims":
        first = now - timedelta(days=30)
        body |= {"payer": PAYER, "records_from": str(first.date()), "records_until": str(now.date())}
    if cell.emergency != "none":
        missing = cell.emergency.removeprefix("without_")
        body["emergency"] = {name: text for name, text in _TOLD.items() if name != missing}
    if cell.emergency == "covering_colleague":
        body["emergency"]["nature"] = cell.emergency
    if cell.order != "none":
        body["court_order"] = _ORDER | ({"subpoena": "No. 2"} if cell.order == "with_subpoena" else {})
    return body


def _screen(screen: str, known: Mapping[str, str]) -> Request:
    patient = f"/v1/patients/{known['patient_id']}"
    if screen == "put_treatment_plan":
        return Request(*plan_of(patient))
    if screen == "revoke_consent":
        # It is a draft, so whoever gets this far is told that there is nothing to revoke.
        return Request("POST", f"/v1/consents/{known['consent_id']}:revoke", {"document_sha256": "0f" * 32})
    where = "/v1/sites/{site_id}" if SCREENS[screen].of_site else _ELSEWHERE.get(screen, "/v1/patients/{patient_id}")
    return Request("GET", where.format(**known) + SCREENS[screen].path)
