"""DSC against how much was annotated, for each method of an experiment."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from partialseg_training.report.table import ResultRow
from PartialSegLib.files import atomic_path

# Okabe and Ito's colours, which people with any colour vision can tell apart.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
_MARKERS = "osD^vPX*"
# Methods trained on the same voxels stand side by side: this factor apart.
_APART = 1.05
# Kinds of supervision with less than this times the voxels share one label.
_CLOSE = 1.3


def annotation_plot(rows: Sequence[ResultRow], path: Path) -> None:
    """Draw a PNG: mean DSC (%) with its standard deviation over seeds against annotated voxels (log scale)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = figure.subplots()
    methods = list(dict.fromkeys(row.method for row in rows))
    for number, method in enumerate(methods):
        points = _points([row for row in rows if row.method == method])
        shift = _APART ** (number - (len(methods) - 1) / 2)
        x, y, spread = (np.array(values) for values in zip(*points, strict=True))
        color, marker = _COLORS[number % len(_COLORS)], _MARKERS[number % len(_MARKERS)]
        axes.errorbar(x * shift, y, spread, label=method, capsize=3, markersize=6, color=color, marker=marker)
    axes.set(xscale="log", xlabel="annotated voxels in training", ylabel="mean DSC, % (bars: SD over seeds)")
    for voxels, kinds in _kinds(rows):
        axes.axvline(voxels, color="0.85", linewidth=1, zorder=0)
        name = "\n".join(kinds)
        axes.annotate(name, (voxels, 1.01), xycoords=("data", "axes fraction"), rotation=30, fontsize=9, ha="left")
    axes.grid(axis="y", color="0.92")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.01, 0.5))
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130)


def _points(rows: Sequence[ResultRow]) -> list[tuple[float, float, float]]:
    """(annotated voxels, mean DSC, SD) of each kind of supervision, by voxels; in %."""
    points = []
    for kind in dict.fromkeys(row.supervision for row in rows):
        mine = [row for row in rows if row.supervision == kind]
        numbers = 100 * np.array([row.mean_dsc for row in mine])
        spread = float(numbers.std(ddof=1)) if len(mine) > 1 else 0.0
        # A logarithm has no zero: unlabelled training stands at one voxel.
        points.append((max(1.0, float(np.mean([row.annotated_voxels for row in mine]))), float(numbers.mean()), spread))
    return sorted(points)


def _kinds(rows: Sequence[ResultRow]) -> list[tuple[float, list[str]]]:
    """Annotated voxels and the kinds of supervision that have about as many, ascending."""
    found: list[tuple[float, list[str]]] = []
    kinds = dict.fromkeys(row.supervision for row in rows)
    voxels = {kind: np.mean([row.annotated_voxels for row in rows if row.supervision == kind]) for kind in kinds}
    for kind in sorted(kinds, key=lambda kind: voxels[kind]):
        place = max(1.0, float(voxels[kind]))
        if found and place < _CLOSE * found[-1][0]:
            found[-1][1].append(kind)
        else:
            found.append((place, [kind]))
    return found
