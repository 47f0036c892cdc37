"""Folders with a stated mode, and the promise to leave everyone else's folders alone."""

from pathlib import Path

PRIVATE = 0o700
PASSABLE = 0o711
"""Others may pass through to what they own below, but not list the folder."""


def make_folder(folder: Path, mode: int) -> Path:
    """Make a folder and its missing parents; one that exists keeps its mode and owner.

    Missing parents become `PASSABLE` whatever the umask, because PostgreSQL may have to run
    below them under another account.
    """
    if folder.is_dir():
        return folder
    if not folder.parent.is_dir():
        make_folder(folder.parent, PASSABLE)
    folder.mkdir(exist_ok=True)
    folder.chmod(mode)
    return folder
