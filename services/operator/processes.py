"""Child processes that cannot outlive the process that started them."""

import ctypes
import os
import select
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from services.operator.errors import OperatorError

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1


class NotMainThreadError(OperatorError):
    """The parent-death signal follows the forking thread, which must live as long as we do."""

    def __init__(self) -> None:
        super().__init__("Start child processes from the main thread: they die with the thread.")


def die_with_parent(number: signal.Signals) -> Callable[[], None]:
    """Return a `preexec_fn` that asks the kernel to signal the child when this process ends.

    Changing the user id clears the request, so it is made after `subprocess` has dropped
    privileges and before the program is executed (prctl(2), PR_SET_PDEATHSIG).

    Raises:
        NotMainThreadError: The caller is not the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise NotMainThreadError
    parent = os.getpid()

    def arm() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(number), 0, 0, 0)
        if os.getppid() != parent:
            # The parent died between the fork and the request: no signal will come.
            os.kill(os.getpid(), signal.SIGKILL)

    return arm


def process_exists(pid: int) -> bool:
    """Tell whether a process, zombies excluded, has this id."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def terminate(pid: int, patience: float) -> None:
    """Ask any process to end and wait at most `patience` seconds until it has."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        ended = select.poll()
        ended.register(descriptor, select.POLLIN)
        ended.poll(patience * 1000)
    finally:
        os.close(descriptor)
