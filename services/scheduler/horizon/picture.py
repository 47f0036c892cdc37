"""The weeks ahead as an SVG picture: people, seats and groups a week, all counted and nobody named. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

from services.contracts.scheduler.horizon import Horizon, HorizonAhead, HorizonBasis

_LEFT: Final = 72
_STEP: Final = 48
_BAR: Final = 30
_ROW: Final = 110
_TALLEST: Final = 72
_TOP: Final = 44
_FOOT: Final = 44
_PUBLISHED: Final = "#1b6ca8"
_PROJECTED: Final = "#8fb8d6"
_SHORT: Final = "#b03a2e"
_NARROWEST: Final = 420
"""Room for the title, however few the weeks."""

Bar = tuple[int, int]
"""What there is, and of what is asked for beyond that, what is missing."""


def picture(horizon: Horizon) -> str:
    """Draw the weeks from left to right; a row each for people, seats and groups, and red for seats that are missing.

    A published week is dark, one that is carried forward light. Its figures are those of the horizon, in words for
    who cannot see it: in the description, and above each bar.
    """
    rows = (
        ("people", [(week.people, 0) for week in horizon.weeks]),
        ("seats", [_seats(week) for week in horizon.weeks]),
        ("groups", [(sum(not group.is_closed for group in week.groups), 0) for week in horizon.weeks]),
    )
    width = max(_NARROWEST, _LEFT + _STEP * len(horizon.weeks) + 16)
    height = _TOP + _ROW * len(rows) + _FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" role="img">',
        f"<title>{_title(horizon)}</title>",
        f"<desc>{' '.join(_sentence(week) for week in horizon.weeks)}</desc>",
        f'<rect width="{width}" height="{height}" fill="white"/>',
        _text(_LEFT, 20, _title(horizon), anchor="start", size=13),
    ]
    for number, (name, bars) in enumerate(rows):
        parts += _row(name, bars, horizon.weeks, _TOP + _ROW * (number + 1))
    parts += [_text(_middle(number), height - 24, f"{week.week:%d %b}") for number, week in enumerate(horizon.weeks)]
    parts += [
        _text(_LEFT, height - 6, "dark: published; light: carried forward; red: seats missing", anchor="start"),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _title(horizon: Horizon) -> str:
    first, last = horizon.weeks[0].week, horizon.weeks[-1].week
    return f"Weeks of {first:%d %B %Y} to {last:%d %B %Y}"


def _sentence(week: HorizonAhead) -> str:
    seats, short = _seats(week)
    groups = sum(not group.is_closed for group in week.groups)
    return f"{week.week:%d %B}: {week.people} people, {seats} seats, {short} seats missing, {groups} groups."


def _seats(week: HorizonAhead) -> Bar:
    return sum(one.seats_available for one in week.services), sum(one.seats_short for one in week.services)


def _row(name: str, bars: Sequence[Bar], weeks: Sequence[HorizonAhead], floor: int) -> Iterator[str]:
    tallest = max(1, *(there + missing for there, missing in bars))
    end = _LEFT + _STEP * len(weeks)
    yield _text(_LEFT - 8, floor - 4, name, anchor="end")
    yield f'<path d="M{_LEFT} {floor}H{end}" stroke="#777777"/>'
    for number, ((there, missing), week) in enumerate(zip(bars, weeks, strict=True)):
        colour = _PUBLISHED if week.basis is HorizonBasis.PUBLISHED else _PROJECTED
        tops = [floor - round(_TALLEST * count / tallest, 1) for count in (there, there + missing)]
        yield _bar(number, tops[0], floor, colour)
        yield _bar(number, tops[1], tops[0], _SHORT)
        figure = f"{there} (-{missing})" if missing else str(there)
        yield _text(_middle(number), tops[1] - 4, figure)


def _middle(number: int) -> float:
    return _LEFT + _STEP * (number + 0.5)


def _bar(number: int, top: float, bottom: float, colour: str) -> str:
    if top == bottom:
        return ""
    left, tall = _middle(number) - _BAR / 2, round(bottom - top, 1)
    return f'<rect x="{left}" y="{top}" width="{_BAR}" height="{tall}" fill="{colour}"/>'


def _text(x: float, y: float, words: str, *, anchor: str = "middle", size: int = 10) -> str:
    return f'<text x="{x}" y="{round(y, 1)}" font-size="{size}" text-anchor="{anchor}">{words}</text>'
