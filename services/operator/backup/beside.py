"""What a backup holds beside the databases: audit checkpoints, and the list of destroyed keys."""

import shutil
from pathlib import Path
from typing import Final

from services.operator.folders import PRIVATE, make_folder
from services.operator.shredding.ledger import join
from services.operator.state import StateFolder

_CHECKPOINTS: Final = "checkpoints"
_SHREDDINGS: Final = "shreddings.jsonl"


def keep(state: StateFolder, folder: Path) -> None:
    """Copy it to a backup."""
    shutil.copytree(state.checkpoints, folder / _CHECKPOINTS)
    if state.shreddings.exists():
        shutil.copyfile(state.shreddings, folder / _SHREDDINGS)


def take_back(state: StateFolder, folder: Path) -> None:
    """Put back what the state folder has lost; what it has is newer, and stays."""
    make_folder(state.checkpoints, PRIVATE)
    make_folder(state.gateway_checkpoints, PRIVATE)
    for ours in (state.checkpoints, state.gateway_checkpoints):
        for kept in (folder / _CHECKPOINTS / ours.relative_to(state.checkpoints)).glob("*.jsonl"):
            if not (ours / kept.name).exists():
                shutil.copyfile(kept, ours / kept.name)
    join(state.shreddings, folder / _SHREDDINGS)
