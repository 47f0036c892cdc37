"""Verify the draws of a programme from its evidence alone, without believing who drew; the format is in docs/draws.md.

It shares no code with what draws: the two are held against each other.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from itertools import zip_longest
from typing import Final

from services.contracts.records.draw_programmes import DrawEvidence, DrawnDay

_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FIELDS: Final = ("programme", "version", "starts_on", "ends_on", "call_days", "hazard", "cap_days", "anchor")


def verify(evidence: DrawEvidence, commitment: str) -> list[str]:
    """Return what is wrong with the evidence, given the commitment that was handed out at the start; nothing if true.

    Never raises, whatever the evidence holds: what cannot be read is a fault.
    """
    if hashlib.sha256(evidence.document.encode()).hexdigest() != commitment:
        return ["the document is not the one that was committed to"]
    if evidence.revealed_day is None or evidence.revealed_key is None:
        return [] if not evidence.draws else ["there are draws without a key"]
    try:
        fields = _read(evidence.document)
        return _verify_days(fields, evidence.revealed_day, bytes.fromhex(evidence.revealed_key), evidence.draws)
    except (ArithmeticError, LookupError, ValueError):
        return ["the document or the key cannot be read"]


def _read(document: str) -> Mapping[str, str]:
    head, *lines = document.split("\n")
    fields = dict(line.split("=", 1) for line in lines)
    if head != "eventide-draws/1" or tuple(fields) != _FIELDS or len(lines) != len(_FIELDS):
        raise ValueError("not this format")
    return fields


def _verify_days(fields: Mapping[str, str], revealed: date, key: bytes, claimed: Iterable[DrawnDay]) -> list[str]:
    first = date.fromisoformat(fields["starts_on"])
    if not first <= revealed <= date.fromisoformat(fields["ends_on"]):
        return ["the revealed day does not lie within the programme"]
    keys = {revealed: key}
    for back in range(1, (revealed - first).days + 2):
        keys[revealed - timedelta(back)] = hashlib.sha256(keys[revealed - timedelta(back - 1)]).digest()
    if keys[first - timedelta(1)].hex() != fields["anchor"]:
        return ["the revealed key does not belong to the document"]
    expected = _drawn(fields, first, keys)
    return [
        f"the draw of {(wrong or right).day} is not what follows from the key"
        for wrong, right in zip_longest(claimed, expected)
        if wrong != right
    ]


def _drawn(fields: Mapping[str, str], first: date, keys: Mapping[date, bytes]) -> list[DrawnDay]:
    tests, opportunities = (int(number) for number in fields["hazard"].split("/"))
    named = fields["call_days"].split(",")
    days = [day for day in sorted(keys) if day >= first and _WEEKDAYS[day.weekday()] in named]
    drawn: list[DrawnDay] = []
    last = first - timedelta(1)
    for day in days:
        message = f"eventide-draws/1|{fields['programme']}|{fields['version']}|{day}".encode()
        number = int.from_bytes(hmac.digest(keys[day], message, "sha256")[:8], "big")
        is_forced = fields["cap_days"] != "none" and (_next(day, named) - last).days > int(fields["cap_days"])
        is_drawn = is_forced or number * opportunities < tests * 2**64
        last = day if is_drawn else last
        drawn.append(DrawnDay(day=day, is_drawn=is_drawn, is_forced=is_forced))
    return drawn


def _next(day: date, named: list[str]) -> date:
    return next(
        later for later in (day + timedelta(ahead) for ahead in range(1, 8)) if _WEEKDAYS[later.weekday()] in named
    )
