"""Results as JSON and as a Markdown page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from Testing.benchmarks.results import Check, Measurement, Part

_VERDICT = {True: "reached", False: "**missed**", None: ""}


def write_json(path: Path, machine: Mapping[str, str], parts: Mapping[str, Part]) -> None:
    """Everything that was measured, every round of it."""
    content = {"machine": machine, "parts": {name: _part_json(part) for name, part in parts.items()}}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def write_markdown(path: Path, machine: Mapping[str, str], parts: Mapping[str, Part], warning: str = "") -> None:
    """Medians, ratios and targets."""
    lines = ["# Benchmark", "", *([warning, ""] if warning else [])]
    lines += [f"- {key}: {value}" for key, value in machine.items()]
    for part in parts.values():
        lines += ["", f"## {part.title}", "", *_measurement_table(part.measurements)]
        lines += ["", *_check_table(part.checks)] if part.checks else []
        lines += ["", *(f"- No result for {name}: {why}" for name, why in part.failures.items())]
        lines += ["", *part.notes]
    lines += ["", "Ratios are medians over the rounds of each round's own ratio, with the smallest and largest."]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def check_lines(parts: Mapping[str, Part]) -> list[str]:
    """One line for each number that has a target."""
    checks = [check for part in parts.values() for check in part.checks if check.target is not None]
    words = {True: "reached", False: "MISSED ", None: ""}
    return [f"  {words[check.met]}  {check.what}: {_number(check)} (target {_target(check)})" for check in checks]


def _part_json(part: Part) -> dict[str, Any]:
    return {**asdict(part), "checks": [check.to_json() for check in part.checks]}


def _measurement_table(measurements: Sequence[Measurement]) -> list[str]:
    if not measurements:
        return []
    stages = list(dict.fromkeys(stage for m in measurements for stage in m.stages))
    facts = ["windows"] if any("windows" in m.facts for m in measurements) else []
    process = ["whole process"] if any("process_seconds" in m.facts for m in measurements) else []
    rows = [
        [
            m.name,
            _seconds(m.seconds),
            *(_seconds(m.stages.get(stage, [])) for stage in stages),
            f"{median(m.peak_bytes) / 1e9:.2f}" if m.peak_bytes else "",
            *(str(m.facts.get(fact, "")) for fact in facts),
            *(_seconds(m.facts.get("process_seconds", [])) for _ in process),
        ]
        for m in measurements
    ]
    header = ["", "seconds", *stages, "peak GB", *facts, *process]
    return _table(header, rows)


def _check_table(checks: Sequence[Check]) -> list[str]:
    rows = [
        [check.what, _number(check), f"{min(check.values):.3g} to {max(check.values):.3g}", _target(check),
         _VERDICT[check.met]]
        for check in checks
    ]  # fmt: skip
    return _table(["", "median", "range", "target", ""], rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _number(check: Check) -> str:
    if check.unit == "":
        return f"{check.median:.5f}"
    return f"{check.median:.2f}{'' if check.unit == 'x' else ' '}{check.unit}"


def _target(check: Check) -> str:
    if check.target is None:
        return ""
    space = "" if check.unit in ("x", "") else " "
    return f"{'≥' if check.at_least else '≤'} {check.target:g}{space}{check.unit}"


def _seconds(values: Sequence[float]) -> str:
    if not values:
        return ""
    middle = median(values)
    return f"{middle:.2f}" if middle >= 0.1 else f"{middle:.4f}"
