"""`eventide bench NAME`: figures about Eventide beside those of what else one could use; never a verdict.

A bench is a module here with two functions: `measure(arguments)` returns the figures, as a dictionary that JSON
can hold, and `table(figures)` words them for a person. The registry below names it and its arguments; nothing of it
is imported before it is called.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

_Parser = argparse.ArgumentParser


class Bench(NamedTuple):
    """One entry of the registry.

    Attributes:
        module: Where it is, below this package.
        text: What it measures.
        add_arguments: Adds those that only this bench takes; every bench takes `--json`.
    """

    module: str
    text: str
    add_arguments: Callable[[_Parser], object]


def _seed(parser: _Parser) -> None:
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of what is generated (default: 0)")


def _placement(parser: _Parser) -> None:
    _seed(parser)
    parser.add_argument("--calendars", type=Path, required=True, metavar="DIR", help="one iCalendar file a person")
    parser.add_argument("--time-limit", type=_positive, default=15.0, metavar="SECONDS", help="for each site's week")


def _solver(parser: _Parser) -> None:
    _seed(parser)
    parser.add_argument(
        "--instances", type=Path, metavar="DIR", help="default: ../shared/solver/instances, or generated"
    )
    parser.add_argument("--only", default="*", metavar="GLOB", help="names of instances, such as 'M-*'")
    parser.add_argument("--time-limit", type=_positive, default=60.0, metavar="SECONDS", help="of wall time for each")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--save", type=Path, metavar="DIR", help="write the table and a plot an instance there")
    parser.add_argument("--peers", nargs="*", metavar="NAME", help="who solves the same weeks (default: everybody)")
    parser.add_argument(
        "--known", nargs="*", type=Path, default=[], metavar="FILE", help="what --json printed before: not solved again"
    )


def _second_week(parser: _Parser) -> None:
    _seed(parser)
    parser.add_argument(
        "--instances", type=Path, metavar="DIR", help="default: ../shared/solver/instances, or generated"
    )
    parser.add_argument("--only", default="[SM]-1", metavar="GLOB", help="names of instances (default: '[SM]-1')")
    parser.add_argument("--time-limit", type=_positive, default=60.0, metavar="SECONDS", help="of wall time for each")
    parser.add_argument("--work-limit", type=_positive, metavar="SECONDS", help="of deterministic time for each")
    parser.add_argument("--workers", type=int, default=2, metavar="N")


def _interactive(parser: _Parser) -> None:
    _seed(parser)
    parser.add_argument("--instances", type=Path, metavar="DIR", help="default: ../shared/solver/instances")
    parser.add_argument("--only", default="XL-1", metavar="NAME", help="which instance (default: XL-1)")
    parser.add_argument("--time-limit", type=_positive, default=20.0, metavar="SECONDS", help="to solve the week in")
    parser.add_argument("--workers", type=int, default=2, metavar="N")
    parser.add_argument("--people", type=int, default=100, metavar="N", help="to place and to explain (default: 100)")
    parser.add_argument(
        "--clinic", type=int, default=300, metavar="N", help="patients of whom the routes know (default: 300; 0: none)"
    )


def _gateway(parser: _Parser) -> None:
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="of each way in, in turns (default: 5)")
    parser.add_argument("--seconds", type=int, default=2, metavar="S", help="of each round (default: 2)")


def _sign_in(parser: _Parser) -> None:
    parser.add_argument("--rounds", type=int, default=100, metavar="N", help="waves of each size (default: 100)")


def _positive(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError("must be positive")
    return seconds


def _api(parser: _Parser) -> None:
    parser.add_argument("--patients", type=int, default=60, metavar="N", help="of the clinic (default: 60)")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="of each read, in turns (default: 20)")
    parser.add_argument("--requests", type=int, default=50, metavar="N", help="of each round (default: 50)")


BENCHES = {
    "api": Bench("api", "what the hot reads cost the services, beside raw asyncpg", _api),
    "gateway": Bench("front_door", "a request through nginx, the gateway, and nginx asking it", _gateway),
    "import": Bench("calendar_import", "read a calendar of 500 weekly series", _seed),
    "interactive": Bench("interactive", "how long the front desk waits to place and to explain", _interactive),
    "placement": Bench("placement", "share of real people who get nine hours a week", _placement),
    "refill": Bench("refill", "how often a freed seat finds somebody, asking one by one and in batches", _seed),
    "second-week": Bench("second_week", "what stays as people know it when a tenth of them is new", _second_week),
    "sign-in": Bench("sign_in", "how long a sign-in takes beside the one hash in it", _sign_in),
    "solver": Bench("solver", "cost, bound and peers on benchmark weeks, at equal CPU seconds", _solver),
}


def add_benches(parser: _Parser) -> None:
    """Add the names of the benches, each with its arguments, to the parser of `eventide bench`."""
    names = parser.add_subparsers(required=True, metavar="NAME")
    for name, bench in BENCHES.items():
        chosen = names.add_parser(name, help=bench.text, description=bench.text)
        chosen.set_defaults(answered_by=f"{__name__}.command:run", bench=f"{__name__}.{bench.module}")
        chosen.add_argument("--json", action="store_true", help="print one JSON object")
        bench.add_arguments(chosen)
