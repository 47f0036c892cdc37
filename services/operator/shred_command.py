"""`eventide keys shred`: one patient becomes unreadable, for good."""

import argparse
import asyncio
import json
from collections.abc import Mapping

from services.chassis.audit.chain import audit_key
from services.chassis.audit.checkpoints import load_signing_key
from services.chassis.clock import Clock
from services.chassis.root_keys import read_root_key
from services.operator.audit.command import state_with_keys
from services.operator.errors import OperatorError
from services.operator.postgres.provision import DatabaseUrls
from services.operator.reaching import reached_databases
from services.operator.shredding.keys import destroy, keys_of, tell
from services.operator.shredding.ledger import Shredding, append
from services.operator.state import StateFolder


class NothingToShredError(OperatorError):
    """The patient has no key here: there is none, or it was destroyed before."""

    def __init__(self) -> None:
        super().__init__("There is no key of such a patient in this organization. Nothing was done.")


def run(arguments: argparse.Namespace) -> int:
    """Destroy a patient's keys and say how many those were.

    Raises:
        NothingToShredError: There are none.
    """
    state = state_with_keys(arguments)
    with reached_databases(state, arguments) as reached:
        done = asyncio.run(shred(state, reached.urls, arguments))
    print(json.dumps({"keys": len(done.keys), "at": done.at}) if arguments.json else f"{len(done.keys)} keys destroyed")
    return 0


async def shred(state: StateFolder, urls: Mapping[str, DatabaseUrls], asked: argparse.Namespace) -> Shredding:
    """List the keys outside of the databases, then destroy them, then tell the trail.

    Whatever ends it early, the next start goes on from the list.
    """
    clock = Clock()
    keys = await keys_of(urls, asked.organization, asked.patient)
    if not keys:
        raise NothingToShredError
    done = Shredding(asked.organization, asked.patient, keys, asked.by, asked.reason, clock.now().isoformat())
    append(state.shreddings, load_signing_key(state.checkpoint_key), done)
    await tell(urls, audit_key(read_root_key(state.root_key)), done, clock)
    await destroy(urls, [done])
    return done
