"""The digest of a version of a plan of care: what a patient signs is exactly this."""

import hashlib

import orjson

from services.contracts.identifiers import EpisodeId
from services.contracts.records.plans_of_care import PlanOfCareRequest


def digest_of(episode_id: EpisodeId, version: int, contents: PlanOfCareRequest) -> str:
    """Return the SHA-256 of what a version says, of which episode, and which version it is, in hexadecimal."""
    said = {"episode_id": str(episode_id), "version": version, "contents": contents.model_dump(mode="json")}
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()
