"""The passwords of the database roles, generated once for a state folder."""

import json
import secrets
from pathlib import Path
from typing import NamedTuple, Self

from services.chassis.private_files import write_private
from services.operator.folders import PRIVATE, make_folder

SERVICES = ("gateway", "records", "scheduler")


class RolePasswords(NamedTuple):
    """The passwords of one service's owner and application roles."""

    owner: str
    app: str

    @classmethod
    def generate(cls) -> Self:
        """Draw two new passwords of 256 bits each."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32))


def load_credentials(folder: Path) -> dict[str, RolePasswords]:
    """Read each service's passwords from a private folder, generating those that are missing."""
    make_folder(folder, PRIVATE)
    return {service: _load(folder / f"{service}.json") for service in SERVICES}


def generate_credentials() -> dict[str, RolePasswords]:
    """Draw passwords for databases that will not be seen again."""
    return {service: RolePasswords.generate() for service in SERVICES}


def _load(path: Path) -> RolePasswords:
    if not path.exists():
        write_private(path, json.dumps(RolePasswords.generate()._asdict()).encode())
    return RolePasswords(**json.loads(path.read_bytes()))
