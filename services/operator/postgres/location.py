"""Where the cluster of a state folder lives."""

import secrets
from pathlib import Path

from services.operator.folders import PASSABLE, make_folder
from services.operator.postgres.account import server_account

SHARED_CLUSTERS = Path("/var/lib/eventide/clusters")


def cluster_folder(preferred: Path, elsewhere: Path = SHARED_CLUSTERS) -> Path:
    """Return the preferred folder, or a new one elsewhere if PostgreSQL's account cannot enter it.

    That happens to root below a folder like /root, whose permissions are not ours to change. The
    choice is made once and written down, so that the data stay with the state folder they
    belong to even when permissions change.
    """
    make_folder(preferred, PASSABLE)
    pointer = preferred / "location"
    if pointer.exists():
        return Path(pointer.read_text(encoding="utf-8"))
    if server_account(preferred / "data").can_enter(preferred):
        return preferred
    folder = make_folder(elsewhere / secrets.token_hex(8), PASSABLE)
    pointer.write_text(str(folder), encoding="utf-8")
    return folder
