"""The state folder: everything of one installation that is not in the project."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from services.operator.folders import PASSABLE, PRIVATE, make_folder

PROJECT = Path(__file__).resolve().parents[2]


class StateFolder(NamedTuple):
    """The places inside a state folder."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The embedded cluster, or the pointer to it."""
        return self.root / "postgres"

    @property
    def secrets(self) -> Path:
        """Passwords and keys; only its owner may enter."""
        return self.root / "secrets"

    @property
    def signing_keys(self) -> Path:
        """The gateway's private keys, one PEM file each."""
        return self.secrets / "signing"

    @property
    def id_token_keys(self) -> Path:
        """The gateway's private keys for ID tokens, one PEM file each."""
        return self.secrets / "id_tokens"

    @property
    def root_key(self) -> Path:
        """The key that wraps the tenants' keys of sealed columns."""
        return self.secrets / "root.key"

    @property
    def gateway_key(self) -> Path:
        """The key that seals second factors; the gateway's own, for no other service needs to open them."""
        return self.secrets / "gateway.key"

    @property
    def checkpoint_key(self) -> Path:
        """The key that signs audit checkpoints."""
        return self.secrets / "checkpoints.pem"

    @property
    def checkpoints(self) -> Path:
        """What the audit trail was, signed: one file an organization, out of the database's reach."""
        return self.root / "checkpoints"

    @property
    def gateway_checkpoints(self) -> Path:
        """The same of the gateway's own trail, which has other heads."""
        return self.checkpoints / "gateway"

    @property
    def breached_passwords(self) -> Path:
        """The list of leaked passwords, where one was imported."""
        return self.root / "breached-passwords"

    @property
    def shreddings(self) -> Path:
        """Which keys were destroyed, signed: out of the databases' reach, so that no restore brings one back."""
        return self.root / "shreddings.jsonl"

    @property
    def external_database(self) -> Path:
        """Marks that this installation's data are on a server named by --database-url."""
        return self.secrets / "external-database"

    @property
    def logs(self) -> Path:
        """One file a process."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """What exists for one run: lock, control socket, addresses."""
        return self.root / "run"

    @property
    def lock(self) -> Path:
        """Held by the supervisor and all that it starts."""
        return self.run / "lock"

    @property
    def addresses(self) -> Path:
        """Where the running services answer, as JSON."""
        return self.run / "addresses.json"

    def log(self, name: str) -> Path:
        """Name the log file of a process."""
        return self.logs / f"{name}.log"

    def make(self) -> None:
        """Make what is missing."""
        make_folder(self.root, PASSABLE)
        for folder in (self.secrets, self.checkpoints, self.gateway_checkpoints, self.logs, self.run):
            make_folder(folder, PRIVATE)


def default_state_folder(environment: Mapping[str, str], *, project: Path = PROJECT, uid: int | None = None) -> Path:
    """Choose the state folder of a checkout: below /var/lib for root, else the XDG state home.

    The name carries a digest of the checkout's path, so that two checkouts never share data.
    """
    digest = hashlib.sha256(os.fsencode(project)).hexdigest()[:8]
    name = f"{project.name}-{digest}"
    if (os.geteuid() if uid is None else uid) == 0:
        return Path("/var/lib/eventide") / name
    home = environment.get("XDG_STATE_HOME") or Path(environment["HOME"]) / ".local" / "state"
    return Path(home) / "eventide" / name
