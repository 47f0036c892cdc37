"""Runs one PostgreSQL cluster as a child of this process."""

import hashlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from services.chassis.private_files import write_private
from services.operator.folders import PASSABLE, PRIVATE, make_folder
from services.operator.locks import InheritedLock
from services.operator.postgres.account import SERVER_ENVIRONMENT, Account, server_account
from services.operator.postgres.binaries import Binaries, executable_by, find_binaries
from services.operator.postgres.errors import ClusterFailedError, FolderClosedError
from services.operator.processes import die_with_parent

SUPERUSER = "postgres"
_HOST = "127.0.0.1"
_ORPHAN_SECONDS = 60.0
_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_POLL_SECONDS = 0.005
_PORT_ATTEMPTS = 3
_LONGEST_SOCKET_FOLDER = 90  # sun_path holds 107 bytes, and PostgreSQL adds /.s.PGSQL.NNNNN
_LOG_TAIL_BYTES = 2000

_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "512MB",
    "max_connections": "100",
    "listen_addresses": _HOST,
    "unix_socket_permissions": "0700",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # DETAIL and parameters carry the refused row, and a row is a patient's.
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "cluster_name": "eventide",
}


class EmbeddedPostgres:
    """A cluster in a folder of its own, running while this object is started.

    Listens on a unix socket in a folder only its account may enter (trusted) and on 127.0.0.1
    (scram-sha-256). The kernel stops it when this process dies, however that happens.
    """

    def __init__(self, folder: Path, *, binaries: Path | None = None, log: Path | None = None) -> None:
        """Describe a cluster below an absolute folder; `binaries` replaces the programs found."""
        self.folder = folder
        self.data = folder / "data"
        self.log = log or folder / "postgres.log"
        self.host = _HOST
        self.port = 0
        self._explicit = binaries
        self._lock = InheritedLock(folder / "lock")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the postmaster; 0 when it is not running."""
        return self._process.pid if self._process else 0

    @property
    def address(self) -> str:
        """Host and port of the TCP listener."""
        return f"{self.host}:{self.port}"

    @property
    def socket_folder(self) -> Path:
        """Where the unix socket is: in the cluster's folder, or in /tmp where that is too long."""
        near = self.folder / "socket"
        if len(os.fsencode(near)) <= _LONGEST_SOCKET_FOLDER:
            return near
        return Path("/tmp") / f"eventide-{hashlib.sha256(os.fsencode(near)).hexdigest()[:16]}"  # noqa: S108 - _claim refuses a folder that somebody else made

    @property
    def admin_dsn(self) -> str:
        """The superuser's URL over the unix socket, which needs no password."""
        socket_folder = quote(str(self.socket_folder), safe="")
        return f"postgresql://{SUPERUSER}@/postgres?host={socket_folder}&port={self.port}"

    @property
    def admin_url(self) -> str:
        """The superuser's URL over TCP, with its generated password."""
        password = self._password_file.read_text(encoding="ascii").strip()
        return f"postgresql://{SUPERUSER}:{password}@{self.address}/postgres"

    @property
    def _password_file(self) -> Path:
        return self.folder / "superuser.password"

    def start(self) -> Self:
        """Start the server, initialising the cluster first if there is none.

        Raises:
            LockHeldError: Another process runs it.
            LockStuckError: The server of a killed process does not end.
            ClusterFailedError: PostgreSQL did not come up; the message ends with its log.
            FolderClosedError: We are root and the server's account cannot reach the folder.
            NotMainThreadError: Called from another thread than the main one.
        """
        preexec = die_with_parent(signal.SIGINT)
        make_folder(self.folder, PASSABLE)
        self._lock.acquire(_ORPHAN_SECONDS)
        try:
            account = server_account(self.data)
            if not account.can_enter(self.folder):
                raise FolderClosedError(self.folder)  # noqa: TRY301 - the lock is released below
            binaries = executable_by(account, find_binaries(self._explicit, self.data))
            if not self.data.is_dir():
                self._initialise(binaries, account)
            self._claim(account)
            self._launch(binaries, account, preexec)
        except BaseException:
            self._abandon()
            raise
        return self

    def stop(self) -> None:
        """Stop the server in order: sessions are ended, a checkpoint is written."""
        if self._process is None:
            return
        for number in (signal.SIGINT, signal.SIGQUIT):
            self._process.send_signal(number)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            break
        self._process = None
        self._lock.release()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _abandon(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self._lock.release()

    def _initialise(self, binaries: Binaries, account: Account) -> None:
        """Make the cluster beside its place and rename it, so that half a cluster is never used."""
        new = self.folder / "data.new"
        shutil.rmtree(new, ignore_errors=True)
        account.owns(make_folder(new, PRIVATE))
        write_private(self._password_file, secrets.token_urlsafe(32).encode())
        account.owns(self._password_file)
        command: list[str | Path] = [
            binaries.folder / "initdb",
            f"--pgdata={new}",
            f"--username={SUPERUSER}",
            f"--pwfile={self._password_file}",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
        ]
        answer = account.run(command)
        if answer.returncode:
            raise ClusterFailedError("initdb failed:", answer.stdout + answer.stderr)
        new.rename(self.data)

    def _claim(self, account: Account) -> None:
        """Make the socket's folder, or make sure that the one found is private to the account."""
        folder = self.socket_folder
        if not folder.exists():
            account.owns(make_folder(folder, PRIVATE))
        found = folder.lstat()
        owner = os.geteuid() if account.uid is None else account.uid
        if found.st_uid != owner or found.st_mode & 0o7077:
            raise ClusterFailedError(f"{folder} is not private to user id {owner}; remove it.", "")

    def _launch(self, binaries: Binaries, account: Account, preexec: Callable[[], None]) -> None:
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self.port = self.port if attempt == 1 and self.port else _free_port()
            settings = _SETTINGS | {
                "port": str(self.port),
                "unix_socket_directories": str(self.socket_folder),
            }
            options = [part for k, v in settings.items() for part in ("-c", f"{k}={v}")]
            with self.log.open("ab") as log:
                begin = log.tell()
                self._process = subprocess.Popen(
                    [binaries.folder / "postgres", "-D", self.data, *options],
                    cwd="/",
                    env=SERVER_ENVIRONMENT,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    pass_fds=(self._lock.descriptor,),
                    # Ctrl-C is for us alone: we stop the services before their database.
                    start_new_session=True,
                    user=account.uid,
                    group=account.gid,
                    extra_groups=account.extra_groups,
                    preexec_fn=preexec,  # noqa: PLW1509 - the kernel's request must be made in the child
                )
            if self._becomes_ready():
                return
            self._process = None
            output = self._log_since(begin)
            if "could not create any TCP/IP sockets" not in output or attempt == _PORT_ATTEMPTS:
                raise ClusterFailedError("PostgreSQL did not start:", output)

    def _becomes_ready(self) -> bool:
        """Wait for the last line of postmaster.pid, as pg_ctl does; false if the server ended."""
        process = self._process
        deadline = time.monotonic() + _START_SECONDS
        while process is not None and process.poll() is None:
            try:
                lines = (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            except FileNotFoundError:
                lines = []
            if lines and lines[0] == str(process.pid) and lines[-1].strip() == "ready":
                return True
            if time.monotonic() > deadline:
                process.kill()
                process.wait()
            time.sleep(_POLL_SECONDS)
        return False

    def _log_since(self, begin: int) -> str:
        with self.log.open("rb") as log:
            log.seek(begin)
            return log.read()[-_LOG_TAIL_BYTES:].decode(errors="replace")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
