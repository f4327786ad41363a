"""What a run wrote down while it ran: log.jsonl and validation.jsonl."""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from markupsafe import Markup

from partialseg_training.report.chart import line_chart, moving_mean

# Values of a step that are no loss.
_OTHER = {"step", "time", "samples_per_s", "learning_rate", "lr"}
# A break this many times as long as a usual step is a run that was stopped and resumed.
_BREAK = 20
_MOST_SMOOTHED = 50

Events = Sequence[Mapping[str, Any]]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file of JSON lines; none without it. A line cut short by a kill is left out."""
    events = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []:
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and isinstance(event.get("step"), int):
            events.append(event)
    return events


def run_charts(log: Events, validation: Events) -> list[tuple[str, Markup]]:
    """Title and SVG of each chart that there are numbers for: losses, learning rate, validation, throughput."""
    steps = [event["step"] for event in log]
    width = smoothing(len(log))
    terms = list(dict.fromkeys(name for event in log for name in event if name not in _OTHER))
    smooth = {name: (steps, moving_mean(_values(log, name), width)) for name in terms if name != "loss"}
    rate = {"learning rate": (steps, _values(log, "learning_rate"))}
    speed = {"samples per second": (steps, moving_mean(_values(log, "samples_per_s"), width))}
    x = [event["step"] for event in validation]
    dsc = {"mean DSC": (x, _values(validation, "mean_dsc"))}
    best = best_validation(validation)
    marks = [best["step"]] if best else []
    mean_of = f", mean of {width} steps" if width > 1 else ""
    charts = [
        (f"Loss{mean_of}", line_chart({"loss": (steps, moving_mean(_values(log, "loss"), width))}, "step", "loss")),
        (f"Parts of the loss{mean_of}", line_chart(smooth, "step", "loss")),
        ("Validation, dashed at the best", line_chart(dsc, "step", "mean DSC", marks=marks)),
        ("Learning rate", line_chart(rate, "step", "learning rate")),
        (f"Throughput{mean_of}", line_chart(speed, "step", "samples per second")),
    ]
    # The numbers and names in these charts are escaped where the SVG is made.
    return [(title, Markup(chart)) for title, chart in charts if chart]


def smoothing(steps: int) -> int:
    """How many steps a curve is averaged over."""
    return max(1, min(_MOST_SMOOTHED, steps // 10))


def best_validation(validation: Events) -> Mapping[str, Any] | None:
    """The last event that was the best so far."""
    return next((event for event in reversed(validation) if event.get("best")), None)


def hours(log: Events) -> float | None:
    """Time spent on the steps; time between a stop and a resume does not count."""
    times = [event["time"] for event in log if isinstance(event.get("time"), (int, float))]
    if len(times) < 2:
        return None
    gaps = [max(0.0, after - before) for before, after in pairwise(times)]
    usual = sorted(gaps)[len(gaps) // 2]
    return sum(min(gap, _BREAK * usual) if usual else gap for gap in gaps) / 3600


def _values(events: Events, name: str) -> list[float]:
    found = (event.get(name) for event in events)
    return [value if isinstance(value, (int, float)) else math.nan for value in found]
