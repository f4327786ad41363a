"""Ratios as bars."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from Testing.benchmarks.results import Check, Part

_COLOURS = {True: "#2a7f62", False: "#b03a2e", None: "#8a8f98"}
_ROW = 0.28
_EMPTY = 1.1


def draw(path: Path, machine: Mapping[str, str], parts: Mapping[str, Part]) -> None:
    """One panel per part: the median of each ratio, its range, and a mark where the target lies."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = {part.title: [check for check in part.checks if check.unit == "x"] for part in parts.values()}
    shown = {title: checks for title, checks in shown.items() if checks}
    if not shown:
        return
    heights = [_EMPTY + _ROW * len(checks) for checks in shown.values()]
    figure, axes = pyplot.subplots(
        len(shown), figsize=(11, sum(heights) + 0.4), height_ratios=heights, squeeze=False, layout="constrained"
    )
    for axis, (title, checks) in zip(axes[:, 0], shown.items(), strict=True):
        _panel(axis, title, checks)
    figure.suptitle(f"{machine['processor']}, {machine['memory']}, {machine['date']}", fontsize=9)
    figure.savefig(path, dpi=130)
    pyplot.close(figure)


def _panel(axis: Any, title: str, checks: list[Check]) -> None:
    medians = [check.median for check in checks]
    spread = [
        [middle - min(check.values) for check, middle in zip(checks, medians, strict=True)],
        [max(check.values) - middle for check, middle in zip(checks, medians, strict=True)],
    ]
    rows = range(len(checks))
    axis.barh(rows, medians, xerr=spread, color=[_COLOURS[check.met] for check in checks], height=0.66, ecolor="#444")
    for row, check in enumerate(checks):
        if check.target is not None:
            axis.plot([check.target] * 2, [row - 0.45, row + 0.45], color="black", linewidth=1.6)
        axis.text(max(check.values), row, f"  {check.median:.2f}x", va="center", fontsize=7)
    axis.set_yticks(rows, [check.what for check in checks], fontsize=7)
    axis.invert_yaxis()
    axis.set_xscale("log")
    axis.axvline(1, color="#444", linewidth=0.6)
    axis.margins(x=0.12)
    axis.set_title(f"{title} (black: target; green: reached; red: missed)", fontsize=9, loc="left")
    axis.spines[["top", "right"]].set_visible(False)
