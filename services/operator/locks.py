"""A lock that is free only when its owner and every process that inherited it are gone."""

import fcntl
import os
import time
from pathlib import Path

from services.operator.errors import OperatorError
from services.operator.processes import process_exists

_POLL_SECONDS = 0.01


class LockHeldError(OperatorError):
    """The owner of the lock is alive and means to keep it."""

    def __init__(self, path: Path, owner: int) -> None:
        self.owner = owner
        super().__init__(f"{path.parent} is in use by process {owner}.")


class LockStuckError(OperatorError):
    """The owner is gone, but a process it started does not end."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(f"Processes of an ended run still hold {path} after {seconds:.0f} s.")


class InheritedLock:
    """An advisory lock whose descriptor is handed to child processes.

    When a supervisor is killed its children take a moment to end. The next one waits for exactly
    that, instead of meeting a half-stopped server on its port or in its folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.descriptor = -1

    def acquire(self, patience: float) -> None:
        """Take the lock, waiting at most `patience` seconds for the children of a dead owner.

        Raises:
            LockHeldError: The owner is another process, and alive.
            LockStuckError: Patience ran out.
        """
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._wait(descriptor, patience)
        except BaseException:
            os.close(descriptor)
            raise
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        self.descriptor = descriptor

    def release(self) -> None:
        """Give up this process's share of the lock."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def owner(self) -> int:
        """Return the id of the live process that holds the lock; 0 if there is none."""
        try:
            descriptor = os.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return 0
        try:
            return 0 if _try_lock(descriptor) else _live_owner(descriptor)
        finally:
            os.close(descriptor)

    def wait_until_free(self, patience: float) -> None:
        """Wait until the owner and all it started are gone.

        Raises:
            LockStuckError: That took longer than `patience` seconds.
        """
        if not self._path.exists():
            return
        descriptor = os.open(self._path, os.O_RDONLY)
        deadline = time.monotonic() + patience
        try:
            while not _try_lock(descriptor):
                if time.monotonic() > deadline:
                    raise LockStuckError(self._path, patience)
                time.sleep(_POLL_SECONDS)
        finally:
            os.close(descriptor)

    def _wait(self, descriptor: int, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not _try_lock(descriptor):
            if (owner := _live_owner(descriptor)) not in {0, os.getpid()}:
                raise LockHeldError(self._path, owner)
            if time.monotonic() > deadline:
                raise LockStuckError(self._path, patience)
            time.sleep(_POLL_SECONDS)


def _live_owner(descriptor: int) -> int:
    owner = int(os.pread(descriptor, 16, 0) or b"0")
    return owner if owner and process_exists(owner) else 0


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
