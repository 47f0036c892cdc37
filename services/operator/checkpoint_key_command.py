"""`eventide keys renew-checkpoints`: another key signs checkpoints; what the ones before signed stays verified."""

import argparse
import json
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.chassis.audit.checkpoints import blocks_of, load_signing_key
from services.chassis.private_files import write_private
from services.operator import stack
from services.operator.audit.command import state_with_keys
from services.operator.errors import OperatorError
from services.operator.keys import checkpoint_key
from services.operator.lifecycle import say
from services.operator.locks import InheritedLock
from services.operator.state import StateFolder
from services.operator.supervisor.control import NotRunningError

_LOCK = "rotation"
_SIGNING = ("records", "gateway")


class DamagedKeyError(OperatorError):
    """The file of the key that signs checkpoints holds something else."""


def run(arguments: argparse.Namespace) -> int:
    """Renew the key of a state folder, and start the services that sign with it again, if they run.

    Until they have been, they sign with the key before, whose signatures count as well.

    Raises:
        NoKeysError: Nothing has run there yet.
        LockHeldError: Keys are being rotated.
        DamagedKeyError: The file holds something else than a key that signs, and public ones.
    """
    state = state_with_keys(arguments)
    lock = InheritedLock(state.run / _LOCK)
    lock.acquire(patience=0)
    try:
        report = renew(state)
    except ValueError as damaged:
        raise DamagedKeyError(f"{state.checkpoint_key}: {damaged}") from None
    finally:
        lock.release()
    report["is_used"] = _restarted(state)
    print(json.dumps(report) if arguments.json else "\n".join(f"{name:<12} {of}" for name, of in report.items()))
    return 0


def renew(state: StateFolder) -> dict[str, Any]:
    """Put a new key in the place of the one that signs, of which the public half is kept beside those before."""
    retired = load_signing_key(state.checkpoint_key).public_key()
    public = [block for block in blocks_of(state.checkpoint_key) if b"PUBLIC" in block]
    public.append(retired.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    write_private(state.checkpoint_key, b"".join([*public, checkpoint_key()]))
    return {"verified": len(public) + 1}


def _restarted(state: StateFolder) -> bool:
    try:
        for service in _SIGNING:
            stack.restart(state.root, service)
    except NotRunningError:
        return False
    say("records and the gateway sign with the new key")
    return True
