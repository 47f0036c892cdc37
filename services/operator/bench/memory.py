"""What the processes of a solve hold of the machine's memory (proc(5), `statm` and `children`)."""

import os
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def tree_bytes(pid: int) -> int:
    """Return the resident memory of a process and all that descend from it; none of one that has ended."""
    try:
        own = int((_PROC / str(pid) / "statm").read_text(encoding="ascii").split()[1]) * _PAGE
        children = [
            int(child)
            for thread in (_PROC / str(pid) / "task").iterdir()
            for child in (thread / "children").read_text(encoding="ascii").split()
        ]
    except OSError:
        return 0  # it has ended meanwhile
    return own + sum(map(tree_bytes, children))
