"""What is true of discharge summaries: what a signature is of."""

import hashlib

import orjson

from services.contracts.identifiers import AccountId, EpisodeId
from services.contracts.records.discharge_summaries import DischargeSummaryText


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
