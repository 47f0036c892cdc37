"""The digest of a version of a plan of care: what a patient signs is exactly this."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from services.contracts.identifiers import EpisodeId


def digest_of(episode_id: EpisodeId, version: int, contents: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a version says as it was written, of which episode, and which it is, in hexadecimal.

    Not of what is read back by the contract of today: a member that plans are given later changes no digest.
    """
    said = {"episode_id": str(episode_id), "version": version, "contents": contents}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
