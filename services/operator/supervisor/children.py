"""One supervised child process."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from services.operator.processes import die_with_parent
from services.operator.state import PROJECT

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 60.0
"""A child that lived this long is no longer held to have been crashing."""


class ChildSpec(NamedTuple):
    """What to run, with which environment, and how it dies."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    descriptors: tuple[int, ...] = ()
    orphan_signal: signal.Signals = signal.SIGTERM
    """What the kernel sends if the supervisor is killed."""
    grace_seconds: float = 15.0
    """How long the child may take to end after SIGTERM."""
    stop_order: int = 0
    """Children with a lower number have ended before those with a higher are told to."""


class Child:
    """Runs a child and starts it again whenever it ends unasked."""

    def __init__(self, spec: ChildSpec, note: Callable[[str], None]) -> None:
        self.spec = spec
        self.crashes = 0
        self._note = note
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The process id; 0 while the child is between two lives."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the child now and keep it running from here on."""
        self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """End the child: SIGTERM, then SIGKILL when its grace is over."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
            self._keeper = None
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(ended(process.pid), self.spec.grace_seconds)
        except TimeoutError:
            self._note(f"{self.spec.name} did not end in {self.spec.grace_seconds} s, killed")
            process.kill()
            await ended(process.pid)
        process.wait()
        self._process = None

    def _spawn(self) -> None:
        with self.spec.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.spec.command,
                cwd=PROJECT,
                env=dict(self.spec.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=self.spec.descriptors,
                preexec_fn=die_with_parent(self.spec.orphan_signal),  # noqa: PLW1509 - no threads
            )

    async def _keep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while self._process is not None:
            born = time.monotonic()
            await ended(self._process.pid)
            status = self._process.wait()
            self._process = None
            self.crashes += 1
            if time.monotonic() - born > _STEADY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._note(f"{self.spec.name} ended with {status}, starts again in {pause} s")
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._spawn()


async def ended(pid: int) -> None:
    """Wait until a child process has ended, leaving it to its owner to reap.

    Uses a pidfd and no thread: threads would make it unsafe to fork with a parent-death request.
    """
    loop = asyncio.get_running_loop()
    descriptor = os.pidfd_open(pid)
    exited = asyncio.Event()
    loop.add_reader(descriptor, exited.set)
    try:
        await exited.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
