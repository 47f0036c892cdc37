"""Applying the list of destroyed keys to databases that may be older than it."""

import asyncio
from collections.abc import Mapping

from services.chassis.audit.checkpoints import load_verifying_keys
from services.operator.postgres.provision import DatabaseUrls
from services.operator.shredding.keys import destroy
from services.operator.shredding.ledger import read_all
from services.operator.state import StateFolder


def apply_shreddings(state: StateFolder, urls: Mapping[str, DatabaseUrls]) -> int:
    """Destroy again whatever a restore has brought back; return how many patients that were.

    Raises:
        UnsignedShreddingError: The list was changed by somebody else; nothing is destroyed.
    """
    if not state.shreddings.exists():
        return 0
    return asyncio.run(destroy(urls, read_all(state.shreddings, load_verifying_keys(state.checkpoint_key))))
