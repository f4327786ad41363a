"""The loss curve of a run as a picture."""

import json
from pathlib import Path

import numpy as np

from PartialSegLib.files import atomic_path

_WINDOW = 50
_TERMS = {"loss": "total", "focal_ce": "focal cross entropy", "dice": "Dice", "entropy": "entropy"}


def draw_loss_curve(log: Path, picture: Path) -> None:
    """Draw the moving mean over 50 steps of every loss term in `log` (JSON lines) as a PNG."""
    from matplotlib.figure import Figure

    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    if not lines:
        return
    width = min(_WINDOW, len(lines))
    steps = [line["step"] for line in lines][width - 1 :]
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for term, name in _TERMS.items():
        axes.plot(steps, np.convolve([line[term] for line in lines], np.ones(width) / width, "valid"), label=name)
    axes.set(xlabel="step", ylabel=f"loss, mean over {width} steps", ylim=(0, None))
    axes.legend(frameon=False)
    with atomic_path(picture) as path:
        figure.savefig(path, dpi=120)
