"""The solver benchmark in words and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.operator.bench.plot import anytime

_HEAD: Final = (
    "| instance | s | cost | bound | gap | unmet min (bound) | first s | CPU s | MB | {peers} |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |{rules}",
)
_PAGE: Final = """# The solver beside its peers

Written by `./eventide bench solver --only '{only}' --time-limit SECONDS --save docs/benchmarks`: do not edit.
Cost is the one number of `eventide-instance/1` (60 for each unmet slot); lower is better. Peers had the CPU seconds
that ours used; each peer's column is cost (unmet minutes). Every timetable was judged by the checkers, and "broken"
marks one that failed. `s` is the limit of wall time. Ours can be solved first, on a quiet machine (`--peers --json`),
and peers be asked later (`--known FILE`): what they have is counted in CPU seconds.
{workers} workers, seed {seed}; {machines}.

{table}

{plots}
"""


def markdown(figures: Mapping[str, Any]) -> str:
    """Lay the figures out as a table."""
    return "\n".join(_rows(figures["instances"], figures["peers"]))


def _rows(instances: Mapping[str, Mapping[str, Any]], peers: Sequence[str]) -> Iterator[str]:
    head, rule = _HEAD
    yield head.format(peers=" | ".join(peers))
    yield rule.format(rules=" ---: |" * len(peers))
    for name, one in instances.items():
        cells = [
            name,
            f"{one['time_limit']:g}",
            _marked(one["cost"], one),
            f"{one['bound']:,.0f}",
            f"{one['gap']:.1%}",
            f"{one['unmet_minutes']:,} ({one['unmet_minutes_bound']:,})",
            f"{one['first_seconds']:.2f}",
            f"{one['cpu_seconds']:.0f}",
            f"{one['peak_megabytes']:.0f}",
            *(_peer_cell(one["peers"].get(peer)) for peer in peers),
        ]
        yield f"| {' | '.join(cells)} |"


def _peer_cell(peer: Mapping[str, Any] | None) -> str:
    if peer is None:
        return "not reached"
    if "skipped" in peer:
        return "skipped"
    return f"{_marked(peer['cost'], peer)} ({peer['unmet_minutes']:,})"


def _marked(cost: float, judged: Mapping[str, Any]) -> str:
    return f"{cost:,.0f}" if judged["valid"] else f"{cost:,.0f} broken"


def save_plot(
    folder: Path, name: str, trace: Sequence[Mapping[str, Any]], peers: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write one instance's picture."""
    folder.mkdir(parents=True, exist_ok=True)
    costs = {title: peer["cost"] for title, peer in peers.items() if "cost" in peer}
    _picture(folder, name).write_text(anytime(name, trace, costs), encoding="utf-8")


def save_table(folder: Path, figures: Mapping[str, Any]) -> None:
    """Write the page with the table and its pictures."""
    plots = "\n".join(f"![{name}]({_picture(folder, name).name})" for name in figures["instances"])
    page = _PAGE.format(
        only=figures["only"],
        workers=figures["workers"],
        seed=figures["seed"],
        machines=_machines([one["machine"] for one in figures["instances"].values()]),
        table=markdown(figures),
        plots=plots,
    )
    folder.joinpath("solver.md").write_text(page, encoding="utf-8")


def _machines(told: Sequence[str]) -> str:
    """Say where the solves ran, and beside how much else."""
    parts = [one.rpartition(", load ") for one in told]
    loads = sorted((load for *_, load in parts), key=float)
    where = "; ".join(dict.fromkeys(where for where, *_ in parts))
    return f"{where}, load before each {loads[0]} to {loads[-1]}" if loads else "nothing was solved"


def _picture(folder: Path, name: str) -> Path:
    return folder / f"solver-{name}.svg"
