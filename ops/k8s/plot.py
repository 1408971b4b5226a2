"""The simulated day as a picture, SVG: what arrives, what waits, how many pods. Three lines need no library."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from ops.k8s.simulate import DAY_S, Day

_WIDTH: Final = 960
_PANEL: Final = 150
_LEFT, _RIGHT, _TOP, _GAP = 70, 20, 40, 44
_FONT: Final = 'font-family="sans-serif" font-size="12"'
_COLOURS: Final = ("#4c6ef5", "#e8590c", "#2b8a3e")


def picture(day: Day, title: str) -> str:
    """The text of the SVG.

    Args:
        day: as simulated.
        title: above it.
    """
    hour = [index for index in range(len(day.at_s)) if index % 20 == 0]  # each five minutes
    come = [(day.arrived[after] - day.arrived[before]) * 12 for before, after in pairwise(hour)]
    panels: list[tuple[str, Sequence[float], Sequence[float], Callable[[float], float]]] = [
        ("items an hour that arrive", [day.at_s[index] for index in hour[1:]], come, float),
        ("records that wait (logarithmic)", day.at_s[::4], day.lag[::4], lambda value: math.log10(value + 1)),
        ("pods", day.at_s[::4], day.replicas[::4], float),
    ]
    height = _TOP + len(panels) * (_PANEL + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" {_FONT}>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="20" font-size="15">{title}</text>',
    ]
    for number, (name, at_s, values, scale) in enumerate(panels):
        top = _TOP + number * (_PANEL + _GAP)
        parts += _panel(name, at_s, values, scale, top, _COLOURS[number])
    return "\n".join([*parts, "</svg>", ""])


def _panel(
    name: str, at_s: Sequence[float], values: Sequence[float], scale: Callable[[float], float], top: int, colour: str
) -> list[str]:
    most = max(values) or 1
    across = _WIDTH - _LEFT - _RIGHT

    def point(at: float, value: float) -> str:
        return f"{_LEFT + at / DAY_S * across:.1f},{top + _PANEL - scale(value) / scale(most) * (_PANEL - 16):.1f}"

    steps = []
    for before, after, value in zip(at_s, at_s[1:], values, strict=False):
        steps += [point(before, value), point(after, value)]
    thin = [one for index, one in enumerate(steps) if index < 2 or one != steps[index - 2]]
    hours = [
        f'<text x="{_LEFT + hour / 24 * across:.0f}" y="{top + _PANEL + 16}" text-anchor="middle">{hour}:00</text>'
        for hour in range(0, 25, 4)
    ]
    return [
        f'<rect x="{_LEFT}" y="{top}" width="{across}" height="{_PANEL}" fill="none" stroke="#ced4da"/>',
        f'<text x="{_LEFT + 6}" y="{top + 14}">{name}</text>',
        f'<text x="{_LEFT - 6}" y="{top + 20}" text-anchor="end">{most:,.0f}</text>',
        f'<text x="{_LEFT - 6}" y="{top + _PANEL}" text-anchor="end">0</text>',
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{" ".join(thin)}"/>',
        *hours,
    ]


__all__ = ["picture"]
