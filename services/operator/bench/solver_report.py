"""The solver benchmark in words and pictures."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from services.operator.bench.plot import anytime

_HEAD: Final = (
    "| instance | cost | bound | gap | unmet min (bound) | first s | CPU s | MB | {peers} |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |{rules}",
)
_PAGE: Final = """# The solver beside its peers

Written by `./eventide bench solver --only '{only}' --time-limit {limit:g} --save docs/benchmarks`: do not edit.
Cost is the one number of `eventide-instance/1` (60 for each unmet slot); lower is better. Peers had the CPU seconds
that ours used; each peer's column is cost (unmet minutes). Every timetable was judged by the checkers, and "broken"
marks one that failed.
{workers} workers, seed {seed}, {limit:g} s of wall time; {machine}.

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
        limit=figures["time_limit"],
        workers=figures["workers"],
        seed=figures["seed"],
        machine=figures["machine"],
        table=markdown(figures),
        plots=plots,
    )
    folder.joinpath("solver.md").write_text(page, encoding="utf-8")


def _picture(folder: Path, name: str) -> Path:
    return folder / f"solver-{name}.svg"
