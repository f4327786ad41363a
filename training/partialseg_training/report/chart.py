"""Line charts as SVG that lives inside an HTML page: sharp at any size, and coloured by the page's own theme."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

_WIDTH, _HEIGHT = 560, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 14, 14, 42
_POINTS = 600
_TICKS = 5

Numbers = Sequence[float] | np.ndarray
Points = tuple[Numbers, Numbers]


@dataclass(frozen=True)
class Axis:
    """One axis of a chart: the values it spans, and where its ticks are."""

    low: float
    high: float
    ticks: list[float]

    def place(self, values: np.ndarray, start: float, end: float) -> np.ndarray:
        """Where values lie between the pixels `start` and `end`."""
        return start + (values - self.low) / (self.high - self.low) * (end - start)


def line_chart(
    series: Mapping[str, Points], x_label: str, y_label: str, from_zero: bool = True, marks: Sequence[float] = ()
) -> str:
    """SVG of lines by name, each (x, y). Colours are the page's CSS variables --line-1, --line-2, ...

    from_zero: the y axis starts at 0. marks: x values to point out with a vertical line. Points that are not finite are
    left out. A line of more than 600 points is thinned to means of equal stretches.
    """
    lines = {name: _thinned(*points) for name, points in series.items()}
    lines = {name: points for name, points in lines.items() if len(points)}
    if not lines:
        return ""
    every = np.concatenate(list(lines.values()))
    x_axis = _axis(every[:, 0], False)
    y_axis = _axis(every[:, 1], from_zero)
    parts = [
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(y_label)}">',
        *_frame(x_axis, y_axis, x_label, y_label),
    ]
    for mark in marks:
        x = x_axis.place(np.array([mark]), _LEFT, _WIDTH - _RIGHT)[0]
        parts.append(f'<line class="mark" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>')
    for number, (name, points) in enumerate(lines.items(), start=1):
        parts.append(_line(name, points, x_axis, y_axis, number))
    return "".join([*parts, "</svg>", _legend(list(lines)) if len(lines) > 1 else ""])


def moving_mean(values: Numbers, width: int) -> np.ndarray:
    """Mean over the last `width` values (fewer at the start), same length; values that are not finite do not count."""
    numbers = np.asarray(values, dtype=float)
    finite = np.isfinite(numbers)
    total = np.concatenate([[0.0], np.cumsum(np.where(finite, numbers, 0.0))])
    count = np.concatenate([[0], np.cumsum(finite)])
    end = np.arange(1, len(numbers) + 1)
    start = np.maximum(end - width, 0)
    n = count[end] - count[start]
    return np.divide(total[end] - total[start], n, out=np.full(len(numbers), np.nan), where=n > 0)


def _thinned(x: Numbers, y: Numbers) -> np.ndarray:
    points = np.column_stack([np.asarray(x, dtype=float), np.asarray(y, dtype=float)])
    points = points[np.isfinite(points).all(axis=1)]
    if len(points) <= _POINTS:
        return points
    return np.array([part.mean(axis=0) for part in np.array_split(points, _POINTS)])


def _axis(values: np.ndarray, from_zero: bool) -> Axis:
    low, high = float(values.min()), float(values.max())
    low = min(low, 0.0) if from_zero else low
    if high <= low:
        high = low + max(abs(low), 1.0) * 0.1
    step = _round_step((high - low) / _TICKS)
    first = math.ceil(low / step - 1e-9)
    ticks = [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]
    return Axis(low, high + 0.03 * (high - low), ticks)


def _round_step(step: float) -> float:
    """The next larger of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))


def _frame(x_axis: Axis, y_axis: Axis, x_label: str, y_label: str) -> list[str]:
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    parts = []
    for value, y in zip(y_axis.ticks, y_axis.place(np.array(y_axis.ticks), bottom, _TOP), strict=True):
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{_LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    for value, x in zip(x_axis.ticks, x_axis.place(np.array(x_axis.ticks), _LEFT, right), strict=True):
        parts.append(f'<text x="{x:.1f}" y="{bottom + 17}" text-anchor="middle">{value:,.10g}</text>')
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    middle = (_TOP + bottom) / 2
    parts.append(f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">{escape(x_label)}</text>')
    turned = f'transform="rotate(-90 14 {middle})"'
    parts.append(f'<text x="14" y="{middle}" text-anchor="middle" {turned}>{escape(y_label)}</text>')
    return parts


def _line(name: str, points: np.ndarray, x_axis: Axis, y_axis: Axis, number: int) -> str:
    x = x_axis.place(points[:, 0], _LEFT, _WIDTH - _RIGHT)
    y = y_axis.place(points[:, 1], _HEIGHT - _BOTTOM, _TOP)
    color = f"var(--line-{(number - 1) % 8 + 1})"
    title = f"<title>{escape(name)}: {points[-1, 1]:.4g} at {points[-1, 0]:,.10g}</title>"
    if len(points) == 1:
        return f'<circle cx="{x[0]:.1f}" cy="{y[0]:.1f}" r="3.5" fill="{color}">{title}</circle>'
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline class="line" stroke="{color}" points="{path}">{title}</polyline>'


def _legend(names: list[str]) -> str:
    entries = [
        f'<span class="key"><i style="background:var(--line-{i % 8 + 1})"></i>{escape(name)}</span>'
        for i, name in enumerate(names)
    ]
    return f'<div class="keys">{"".join(entries)}</div>'
