"""The environment: what we take from the caller's, and what each child process is told."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from services.operator.postgres.provision import DatabaseUrls
from services.operator.state import StateFolder

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")
_SIGNING_KEY_DAYS = "30"
USUAL_ALLOWANCE = 1.0
DRILLED_ALLOWANCE = 500.0
"""A stack that is measured or drilled is called by few accounts as no clinic calls; no other is told this."""
_OF_THE_GATEWAY = tuple(
    f"EVENTIDE_{name}"
    for name in ("ALLOWED_HOSTS", "CALLER_ALLOWANCE", "PUBLIC_URL", "TRUSTED_ENGINES", "TRUSTED_PROXIES")
)


class Endpoints(NamedTuple):
    """The base URLs of the three services."""

    gateway: str
    records: str
    scheduler: str


def caller_environment() -> Mapping[str, str]:
    """Return the environment of this process."""
    return os.environ


def plain_environment() -> dict[str, str]:
    """Return the few variables of ours that any child may see: no secret, no setting."""
    caller = caller_environment()
    return {name: caller[name] for name in _PASSED_ON if name in caller}


def gateway_settings(told: Mapping[str, str]) -> dict[str, str]:
    """Return what an environment says of a gateway behind an edge, and of how often its callers may call."""
    return {name: told[name] for name in _OF_THE_GATEWAY if name in told}


def service_environment(
    service: str,
    *,
    state: StateFolder,
    endpoints: Endpoints,
    databases: Mapping[str, DatabaseUrls],
    clock_offset: float,
    caller_allowance: float = USUAL_ALLOWANCE,
) -> dict[str, str]:
    """Return what one service is told: its own database and keys, never another's."""
    settings = {
        "EVENTIDE_DATABASE_URL": databases[service].app,
        "EVENTIDE_GATEWAY_URL": endpoints.gateway,
        "EVENTIDE_RECORDS_URL": endpoints.records,
        "EVENTIDE_SCHEDULER_URL": endpoints.scheduler,
        "EVENTIDE_CLOCK_OFFSET_SECONDS": str(clock_offset),
    }
    keys = {
        "gateway": {
            "EVENTIDE_SIGNING_KEYS_DIRECTORY": str(state.signing_keys),
            "EVENTIDE_ID_TOKEN_KEYS_DIRECTORY": str(state.id_token_keys),
            "EVENTIDE_SIGNING_KEY_DAYS": _SIGNING_KEY_DAYS,
            "EVENTIDE_CALLER_ALLOWANCE": str(caller_allowance),
            "EVENTIDE_SEALING_KEY_FILE": str(state.gateway_key),
            "EVENTIDE_CHECKPOINT_KEY_FILE": str(state.checkpoint_key),
            "EVENTIDE_CHECKPOINT_FOLDER": str(state.gateway_checkpoints),
        },
        "records": {
            "EVENTIDE_ROOT_KEY_FILE": str(state.root_key),
            "EVENTIDE_CHECKPOINT_KEY_FILE": str(state.checkpoint_key),
            "EVENTIDE_CHECKPOINT_FOLDER": str(state.checkpoints),
        },
        "scheduler": {"EVENTIDE_ROOT_KEY_FILE": str(state.root_key)},
    }
    if service == "gateway" and state.breached_passwords.exists():
        settings["EVENTIDE_BREACHED_PASSWORDS_FILE"] = str(state.breached_passwords)
    return plain_environment() | settings | keys.get(service, {})
