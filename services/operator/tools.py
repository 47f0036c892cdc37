"""Programs that a measurement or a test compares with, from Debian's packages."""

import os
import shutil
import subprocess
import sys

from services.operator.errors import OperatorError

_APT_GET = "/usr/bin/apt-get"


class ToolMissingError(OperatorError):
    """A program is not here, and cannot be brought."""

    def __init__(self, program: str, package: str) -> None:
        super().__init__(f"{program} is missing: install Debian's {package} (apt-get install {package}).")


def debian_tool(program: str, package: str) -> str:
    """Return the path of a program; where it is missing on a Debian where we may, its package is installed first.

    Raises:
        ToolMissingError: It is missing and stays so.
    """
    found = _path_of(program)
    if found is None and os.geteuid() == 0 and shutil.which(_APT_GET):
        print(f"installing {package}", file=sys.stderr)
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", package)
        found = _path_of(program)
    if found is None:
        raise ToolMissingError(program, package)
    return found


def _path_of(program: str) -> str | None:
    # Servers are where only root's path leads.
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")


def _apt_get(*arguments: str) -> None:
    subprocess.run(
        [_APT_GET, "--quiet", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,
        check=False,
    )
