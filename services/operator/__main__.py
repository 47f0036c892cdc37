"""The command line of `eventide`: what may be asked, and which module answers."""

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from services.operator.bench import add_benches
from services.operator.errors import OperatorError

_INTERRUPTED = 130
# With fewer the statistics of the controls are noise.
_FEWEST_PROGRAMMES = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; argparse ends usage errors with 2."""
    parsed = _parser().parse_args(arguments)
    module, _, function = parsed.answered_by.partition(":")
    try:
        status: int = getattr(importlib.import_module(module), function)(parsed)
    except OperatorError as refusal:
        print(f"eventide: {refusal}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="eventide", description="Run and measure Eventide.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_stack_commands(commands)
    _add_tools(commands)
    return parser


def _add_stack_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    lifecycle = "services.operator.lifecycle"
    up = _add(commands, "up", f"{lifecycle}:up", "start everything; ready when it returns")
    _add_state(up)
    _add_database(up)
    up.add_argument("--port", type=_natural, help="the gateway's; 0 for any (default: 8600 or any)")
    up.add_argument("--workers", type=_natural, default=1, help="solver workers (default: 1)")
    up.add_argument("--clock", type=_instant, metavar="ISO8601", help="what the services take for now")
    up.add_argument("--measured", action="store_true", help="let one caller call as often as who measures it does")
    _add_json(up)
    for name, text in (
        ("down", "stop everything; nothing is left when it returns"),
        ("status", "tell what runs, where, and whether it is ready"),
    ):
        command = _add(commands, name, f"{lifecycle}:{name}", text)
        _add_state(command)
        _add_json(command)
    restart = _add(commands, "restart", f"{lifecycle}:restart", "restart one process")
    restart.add_argument("service", help="gateway, records, scheduler, worker-1, ...")
    _add_state(restart)
    _add_json(restart)
    migrate = _add(commands, "migrate", f"{lifecycle}:migrate", "bring the databases up to date")
    _add_state(migrate)
    _add_database(migrate)


def _add_token(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    token = _add(commands, "token", "services.operator.token_command:run", "print a bearer token")
    _add_state(token)
    token.add_argument("--role", required=True, action="append", help="may be repeated")
    token.add_argument("--user", type=UUID, metavar="U", help="account id (default: one of nobody)")
    token.add_argument("--organization", type=UUID, metavar="O", help="organization id")
    token.add_argument("--ttl", metavar="SECONDS", type=_natural, default=3600)
    token.add_argument("--proved", action="store_true", help="as if its bearer had just proved a second factor")


def _add_tools(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    demo = _add(commands, "demo", "services.operator.demo.command:run", "from calendars to a published week")
    demo.add_argument("--calendars", type=Path, metavar="DIR", help="iCalendar files (default: generated people)")
    demo.add_argument("--patients", type=_natural, default=24, metavar="N")
    demo.add_argument("--week", type=date.fromisoformat, metavar="YYYY-MM-DD", help="a Monday (default: the next)")
    demo.add_argument("--time-limit", type=float, default=20.0, metavar="SECONDS", help="for the solver")
    demo.add_argument("--no-serve", action="store_true", help="end when the week is published")
    _add_json(demo)
    seed = _add(commands, "seed", "services.operator.seed_command:run", "enter a synthetic clinic into what runs")
    _add_state(seed)
    seed.add_argument("--patients", type=_natural, default=24, metavar="N")
    seed.add_argument("--seed", type=_natural, default=0, metavar="S")
    seed.add_argument("--calendars", type=Path, metavar="DIR", help="iCalendar files (default: generated people)")
    serve = _add(commands, "serve", "services.operator.foreground:run", "one process, for a container to supervise")
    serve.add_argument("process", choices=["gateway", "records", "scheduler", "worker"])
    _add_state(serve)
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=_natural, default=8080)
    _add_token(commands)
    solve = _add(commands, "solve", "services.operator.solve_command:run", "solve one instance offline")
    solve.add_argument("instance", type=Path, metavar="INSTANCE.json")
    solve.add_argument("out", type=Path, metavar="OUT.json")
    solve.add_argument("--time-limit", type=float, default=60.0, metavar="SECONDS")
    solve.add_argument("--seed", type=_natural, default=0, metavar="N")
    solve.add_argument("--workers", type=_natural, default=2, metavar="N")
    work = "deterministic seconds; with one worker the same seed then gives the same timetable"
    solve.add_argument("--work-limit", type=float, metavar="SECONDS", help=work)
    _add_json(solve)
    add_benches(commands.add_parser("bench", help="measure one thing", description="Print figures, never a verdict."))
    openapi = _add(commands, "openapi", "services.operator.openapi:run", "write docs/api from the services")
    openapi.add_argument("--check", action="store_true", help="write nothing; fail where a document is outdated")
    _add_directory(commands)
    _add_passwords(commands)
    _add_drills(commands)
    _add_audit(commands)
    _add_keeping(commands)
    # Every argument is pytest's, also one that begins with a dash: no character begins ours.
    test = commands.add_parser("test", help="run every check, or pytest", prefix_chars="\0", add_help=False)
    test.set_defaults(answered_by="services.operator.checks:run")
    test.add_argument("pytest_arguments", nargs="*")


def _add_directory(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "the public directory of programmes"
    doings = commands.add_parser("directory", help=text, description=text).add_subparsers(required=True, metavar="WHAT")
    entering = _add(
        doings,
        "import",
        "services.operator.directory.command:run",
        "enter a public locator's export; a bad row is told by its line and left out",
    )
    entering.add_argument("file", type=Path, metavar="FILE", help="the locator's JSON, with rows[]")
    entering.add_argument("--source", default="FindTreatment.gov", metavar="NAME", help="who published the file")
    taken = "when the file was taken from the locator"
    entering.add_argument("--as-of", type=date.fromisoformat, metavar="YYYY-MM-DD", required=True, help=taken)
    _add_state(entering)
    _add_json(entering)


def _add_passwords(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "the list of leaked passwords that new ones are compared with"
    doings = commands.add_parser("passwords", help=text, description=text).add_subparsers(required=True, metavar="WHAT")
    importing = _add(
        doings,
        "import",
        "services.operator.passwords.command:run",
        "make the gateway's file of a public list; taken up when the gateway is started again",
    )
    source = "SHA-1 hashes in order, one a line with `:` and a count; or a folder of the same in ranges"
    importing.add_argument("source", type=Path, metavar="FILE", help=source)
    seen = "leave out those that were seen less often"
    importing.add_argument("--least", type=_natural, default=1, metavar="N", help=seen)
    _add_state(importing)
    _add_json(importing)


def _add_drills(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "try a guarantee hard, count, and judge; exit status 1 where it was violated"
    drills = commands.add_parser("drill", help=text, description=text).add_subparsers(required=True, metavar="NAME")
    races = _add(drills, "races", "services.operator.drill.races:run", "two or more want one thing, and one may win")
    races.add_argument("--n", type=_at_least_one, default=1000, metavar="N", help="how many races (default: 1000)")
    _add_json(races)
    draws = _add(drills, "draws", "services.operator.drill.draws:run", "test days are foretold, and altered afterwards")
    draws.add_argument(
        "--n", type=_at_least(_FEWEST_PROGRAMMES), default=200, metavar="N", help="how many programmes (default: 200)"
    )
    draws.add_argument("--seed", type=_natural, default=0, metavar="S")
    _add_json(draws)
    tamper = _add(
        drills, "tamper", "services.operator.drill.tamper:run", "the database's owner changes the audit trail"
    )
    tamper.add_argument(
        "--n", type=_at_least_one, default=1000, metavar="N", help="how many tamperings (default: 1000)"
    )
    tamper.add_argument("--seed", type=_natural, default=0, metavar="S")
    _add_json(tamper)
    accesses = _add(drills, "accesses", "services.operator.drill.accesses:run", "the trail tells of each request once")
    accesses.add_argument("--n", type=_at_least_one, default=10_000, metavar="N", help="how many (default: 10000)")
    accesses.add_argument("--seed", type=_natural, default=0, metavar="S")
    _add_json(accesses)
    tokens = _add(
        drills, "tokens", "services.operator.drill.tokens.command:run", "tokens that must be refused, at every door"
    )
    _add_json(tokens)
    checklist = _add(
        drills,
        "checklist",
        "services.operator.drill.checklist.command:run",
        "88 numbered checks of the front door, made as a stranger would",
    )
    only = "only this one; may be repeated"
    checklist.add_argument("--check", action="append", type=int, choices=range(1, 89), metavar="N", help=only)
    rounds = "how often each request is made whose time is compared (default: 16)"
    checklist.add_argument("--rounds", type=_at_least_one, default=16, metavar="N", help=rounds)
    _add_json(checklist)
    canaries = _add(
        drills,
        "canaries",
        "services.operator.drill.canaries.command:run",
        "what patients say is planted everywhere, and must be readable nowhere",
    )
    _add_json(canaries)
    authorization = _add(
        drills,
        "authorization",
        "services.operator.drill.authorization.command:run",
        "who may see what, against tables written from 42 CFR part 2",
    )
    authorization.add_argument(
        "--cells", type=_at_least_one, default=5000, metavar="N", help="how many (default: 5000)"
    )
    every = "each cell that differs in what its operation depends on, instead: days on one machine"
    authorization.add_argument("--all", action="store_true", help=every)
    authorization.add_argument(
        "--shard", type=_shard, default=(1, 1), metavar="I/N", help="of all cells only the I-th of each N"
    )
    _add_json(authorization)


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    text = "the audit trail, verified against checkpoints or handed out"
    audits = commands.add_parser("audit", help=text, description=text).add_subparsers(required=True, metavar="WHAT")
    verify = _add(audits, "verify", "services.operator.audit.command:verify", "exit status 1 where a fault is found")
    export = _add(
        audits, "export", "services.operator.audit.command:export", "one organization's events, as JSON lines"
    )
    export.add_argument("--organization", type=UUID, required=True, metavar="O", help="organization id")
    for command in (verify, export):
        _add_state(command)
        _add_database(command)
    _add_json(verify)


def _add_keeping(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = _add(commands, "backup", "services.operator.backup.command:backup", "dump everything but the keys")
    restore = _add(
        commands, "restore", "services.operator.backup.command:restore", "put a backup in place of what is there"
    )
    for command in (backup, restore):
        command.add_argument("folder", type=Path, metavar="DIR")
    text = "the keys that seal what is written about patients, and those that sign tokens"
    keys = commands.add_parser("keys", help=text, description=text).add_subparsers(required=True, metavar="WHAT")
    shred = _add(keys, "shred", "services.operator.shred_command:run", "make one patient unreadable, for good")
    shred.add_argument("--organization", type=UUID, required=True, metavar="O", help="organization id")
    shred.add_argument("--patient", type=UUID, required=True, metavar="P", help="patient id")
    shred.add_argument("--by", type=UUID, required=True, metavar="U", help="account id of who decided it")
    shred.add_argument("--reason", required=True, metavar="TEXT", help="why; it is written to the audit trail")
    rotate = _add(keys, "rotate", "services.operator.rotate_command:run", "a new root key, while everything runs on")
    renew = _add(keys, "renew", "services.operator.renew_command:run", "other keys to sign tokens with, from later on")
    checkpoints = _add(
        keys,
        "renew-checkpoints",
        "services.operator.checkpoint_key_command:run",
        "another key to sign checkpoints with",
    )
    _add_state(checkpoints)
    _add_json(checkpoints)
    ahead = "until the new keys sign: long enough for who verifies tokens to have read them"
    renew.add_argument("--after", type=_natural, default=60, metavar="MINUTES", help=ahead)
    _add_state(renew)
    _add_json(renew)
    for command in (backup, restore, shred, rotate):
        _add_state(command)
        _add_database(command)
        _add_json(command)


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    answered_by: str,
    text: str,
) -> argparse.ArgumentParser:
    """Add a command; its module is imported only when it is called."""
    parser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(answered_by=answered_by)
    return parser


def _add_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", type=Path, metavar="DIR", help="the state folder")


def _add_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database-url",
        metavar="DSN",
        help="a server and a role that may create databases and roles, or env:NAME of a variable (default: embedded)",
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def _at_least(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}")
        return number

    return read


_at_least_one: Final = _at_least(1)


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def _shard(text: str) -> tuple[int, int]:
    place, of = map(int, text.split("/"))
    if not 1 <= place <= of:
        raise argparse.ArgumentTypeError("must be I/N, with I from 1 to N")
    return place, of


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
