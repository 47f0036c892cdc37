"""Incumbent and bound over time, as a small SVG picture."""

from collections.abc import Iterable, Mapping, Sequence
from math import log10
from typing import Any, Final, NamedTuple
from xml.sax.saxutils import escape

_WIDTH: Final = 640
_HEIGHT: Final = 320
_LEFT: Final = 64
_RIGHT: Final = 150
_TOP: Final = 32
_BOTTOM: Final = 40
_STEPS: Final = (1, 2, 5)
_INCUMBENT: Final = "#1b6ca8"
_BOUND: Final = "#b03a2e"
_PEER: Final = "#777777"
_SPACING: Final = 13.0


class _Scale(NamedTuple):
    """Seconds to the right, cost upward on a logarithmic axis."""

    seconds: float
    low: float
    high: float

    def x(self, seconds: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / self.seconds, 1)

    def y(self, cost: float) -> float:
        share = (log10(max(cost, self.low)) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return round(_HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share, 1)


def anytime(title: str, trace: Sequence[Mapping[str, Any]], peers: Mapping[str, float]) -> str:
    """Draw one solve: `trace` has `seconds`, `incumbent` and `bound`, `peers` their final costs."""
    costs = [line["incumbent"] for line in trace] + list(peers.values())
    bounds = [line["bound"] for line in trace if line["bound"] > 0]
    final = bounds[-1] if bounds else min(costs)
    scale = _Scale(max(trace[-1]["seconds"], 1e-3), max(1.0, 0.8 * min(final, *costs)), max(2.0, 1.1 * max(costs)))
    ends = {"ours": trace[-1]["incumbent"], "bound": trace[-1]["bound"], **peers}
    parts = [
        _text(_LEFT, 18, title, size=13),
        *_axes(scale),
        *(_dashed(scale, cost) for cost in peers.values()),
        _steps(scale, [(line["seconds"], line["bound"]) for line in trace], _BOUND),
        _steps(scale, [(line["seconds"], line["incumbent"]) for line in trace], _INCUMBENT),
        *_labels(scale, ends),
    ]
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">'
    return "\n".join((head, f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>', *parts, "</svg>", ""))


def _axes(scale: _Scale) -> Iterable[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="black"/>'
    yield _text((_LEFT + right) / 2, _HEIGHT - 8, "seconds of wall time", anchor="middle")
    for share in (0.0, 0.5, 1.0):
        seconds = scale.seconds * share
        yield _text(scale.x(seconds), bottom + 14, f"{seconds:.4g}", anchor="middle")
    for power in range(10):
        for step in _STEPS:
            cost = step * 10**power
            if scale.low <= cost <= scale.high:
                yield f'<path d="M{_LEFT - 4} {scale.y(cost)}H{right}" stroke="#dddddd"/>'
                yield _text(_LEFT - 6, scale.y(cost) + 4, f"{cost:,}", anchor="end")


def _steps(scale: _Scale, points: Sequence[tuple[float, float]], colour: str) -> str:
    """Draw a value that holds until the next one."""
    (seconds, value), *rest = points
    path = f"M{scale.x(seconds)} {scale.y(value)}" + "".join(f"H{scale.x(at)}V{scale.y(cost)}" for at, cost in rest)
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def _dashed(scale: _Scale, cost: float) -> str:
    return f'<path d="M{_LEFT} {scale.y(cost)}H{_WIDTH - _RIGHT}" stroke="{_PEER}" stroke-dasharray="4 3"/>'


def _labels(scale: _Scale, ends: Mapping[str, float]) -> Iterable[str]:
    """Name each line at its right end, from the top, pushed apart where they would overlap."""
    colours = {"ours": _INCUMBENT, "bound": _BOUND}
    lowest = float(_TOP)
    for name, cost in sorted(ends.items(), key=lambda end: -end[1]):
        y = max(scale.y(cost) + 4, lowest)
        lowest = y + _SPACING
        yield _text(_WIDTH - _RIGHT + 6, y, f"{name} {cost:,.0f}", colour=colours.get(name, _PEER))


def _text(x: float, y: float, text: str, *, size: int = 11, anchor: str = "start", colour: str = "black") -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">{escape(text)}</text>'
