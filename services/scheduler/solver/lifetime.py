"""Processes beside the solver's own: they end with their parent, and may give way to it."""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies; elsewhere do nothing.

    The kernel looks at the thread that started the process, so start it from one that lasts. A
    parent that dies before the request is not noticed, so the process then ends itself.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def give_way() -> None:
    """Run from now on only where a core has nothing else to do, or where that cannot be had, after others.

    A core that runs nothing but idle work counts as free where a thread that wakes is placed (sched(7), SCHED_IDLE);
    one that runs work of a lower priority does not.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except (AttributeError, OSError):
        # Not on Linux, or in a container that forbids it.
        os.nice(19)
