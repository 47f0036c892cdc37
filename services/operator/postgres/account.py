"""The account PostgreSQL runs under: our own, or an unprivileged one when we are root."""

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

SERVER_ENVIRONMENT = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""All that PostgreSQL's programs see: PGDATA and the like of the caller would mislead them."""


class Account(NamedTuple):
    """A user and group to change to; `None` means to stay who we are."""

    uid: int | None = None
    gid: int | None = None

    @property
    def extra_groups(self) -> list[int] | None:
        """No supplementary groups after a change, so that none of root's are kept."""
        return None if self.uid is None else []

    def owns(self, path: Path) -> None:
        """Hand a path that we made over to the account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end under the account, without our environment."""
        return subprocess.run(
            command,
            check=False,
            cwd="/",
            env=SERVER_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            user=self.uid,
            group=self.gid,
            extra_groups=self.extra_groups,
        )

    def can_enter(self, folder: Path) -> bool:
        """Tell by trying whether the account can use what it owns in this folder."""
        return self.run(["/usr/bin/test", "-x", folder]).returncode == 0

    def can_execute(self, program: Path) -> bool:
        """Tell by trying whether the account can run this program."""
        try:
            self.run([program, "--version"])
        except PermissionError:
            return False
        return True


def server_account(data: Path) -> Account:
    """Choose the account: the owner of existing data, else `postgres`, else `nobody`.

    PostgreSQL refuses to run as root. No account is ever created.
    """
    if os.geteuid() != 0:
        return Account()
    if data.is_dir() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    return Account(65534, 65534)
