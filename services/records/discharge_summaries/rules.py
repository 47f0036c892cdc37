"""What is true of discharge summaries: what a signature is of, and by when there is one."""

import hashlib
from collections.abc import Iterable
from datetime import date, timedelta

import orjson

from services.contracts.identifiers import AccountId, EpisodeId
from services.contracts.records.discharge_summaries import AwaitedSignature, DischargeSummaryText, DueDischargeSummary
from services.records.discharge_summaries.lacking import Lacking


def digest(
    episode_id: EpisodeId, version: int, text: DischargeSummaryText, *, reason: str | None, by: AccountId
) -> bytes:
    """Return the SHA-256 of what is signed: the text, why, whose it is, of which episode, and which version."""
    signed = {
        "episode_id": str(episode_id),
        "version": version,
        "text": text.model_dump(mode="json"),
        "reason": reason,
        "signed_by": str(by),
    }
    return hashlib.sha256(orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)).digest()


def due(lacking: Iterable[Lacking], days: int, today: date) -> list[DueDischargeSummary]:
    """Return what each episode lacks and by when, the longest overdue first; the due day still counts."""
    found = [
        DueDischargeSummary(
            **one._asdict(),
            awaits=AwaitedSignature.SUMMARY if one.version is None else AwaitedSignature.COSIGNATURE,
            due_on=one.discharged_on + timedelta(days=days),
            is_overdue=one.discharged_on + timedelta(days=days) < today,
        )
        for one in lacking
    ]
    return sorted(found, key=lambda one: (one.due_on, one.episode_id))
