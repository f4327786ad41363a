"""The report of a training run: one HTML file made from what its folder holds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from partialseg_training.report.coverage import coverage_part, css_color
from partialseg_training.report.evaluation import evaluation_part, picture_parts
from partialseg_training.report.logs import best_validation, hours, read_lines, run_charts, smoothing
from partialseg_training.report.page import write_page
from partialseg_training.report.sample_choice import sample_part
from PartialSegLib.errors import UserError
from PartialSegLib.structures import LabelSet, load_label_set

REPORT, EVALUATION = "report.html", "evaluation"


def write_run_report(folder: Path) -> Path:
    """Write report.html into a run's folder; returns its path.

    Made from config.json, log.jsonl, validation.jsonl, checks.json, the prepared cases, and the evaluation in
    `folder`/evaluation; what is not there (yet) is left out. Raises UserError where there is no run.
    """
    # An evaluation, which may end in a run's report, has no need of everything that trains.
    from partialseg_training.report.prepared import cases_of, open_samples

    config = _read(folder / "config.json")
    if config is None:
        raise UserError(f"{folder} holds no training run: give the folder that train wrote")
    checks = _read(folder / "checks.json") or {}
    label_set = load_label_set(config["label_set"])
    log, validation = read_lines(folder / "log.jsonl"), read_lines(folder / "validation.jsonl")
    evaluation = evaluation_part(folder / EVALUATION)
    best, samples = best_validation(validation), open_samples(folder, label_set)
    write_page(
        "run.html",
        folder / REPORT,
        title=f"Training of {config['name']}",
        summary=_summary(config),
        tiles=_tiles(config, log, best, evaluation),
        warnings=checks.get("warnings", []),
        charts=run_charts(log, validation),
        structures=_structures(label_set, best, validation[-1]) if best else [],
        best_step=best["step"] if best else None,
        last_step=validation[-1]["step"] if validation else None,
        coverage=coverage_part(checks.get("coverage", []), cases_of(samples) if samples else [], label_set),
        sample=sample_part(samples, label_set) if samples else None,
        evaluation=evaluation,
        chose_weights=bool(evaluation and set(evaluation["cases"]) & set(config.get("validation") or ())),
        pictures=picture_parts(folder / EVALUATION),
        settings=json.dumps(config, indent=1, ensure_ascii=False),
    )
    return folder / REPORT


def _summary(config: Mapping[str, Any]) -> str:
    method, network = (_name(config.get(key)) for key in ("method", "network"))
    cases = len(config.get("train") or ())
    patch = " x ".join(map(str, config["patch_size"]))
    return f"Method {method}, network {network}, {cases} training cases, patches of {patch} voxels (z, y, x)."


def _tiles(
    config: Mapping[str, Any], log: list[dict], best: Mapping[str, Any] | None, evaluation: Mapping[str, Any] | None
) -> list[tuple[str, str]]:
    """(what, number) of the few numbers one looks for first."""
    tiles = [(f"of {config['steps']:,} steps", f"{log[-1]['step']:,}" if log else "0")]
    losses = [event["loss"] for event in log[-smoothing(len(log)) :] if "loss" in event] if log else []
    if losses:
        tiles.append(("loss at the end", f"{sum(losses) / len(losses):.3f}"))
    if best:
        tiles.append((f"best validation DSC, step {best['step']:,}", f"{best['mean_dsc']:.3f}"))
    if evaluation and evaluation["mean_dsc"] is not None:
        tiles.append((f"DSC per subject, evaluated on {len(evaluation['cases'])}", f"{evaluation['mean_dsc']:.3f}"))
    time = hours(log)
    if time is not None:
        tiles.append(("hours", f"{time:.1f}") if time >= 1 else ("minutes", f"{60 * time:.1f}"))
    return tiles


def _structures(label_set: LabelSet, best: Mapping[str, Any], last: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Name, colour and DSC at the best and the last validation, in the label set's order."""
    return [
        {
            "name": structure.name,
            "color": css_color(structure),
            "best": best["structures"].get(structure.name),
            "last": last["structures"].get(structure.name),
        }
        for structure in label_set
        if structure.name in best["structures"] or structure.name in last["structures"]
    ]


def _name(settings: Any) -> str:
    return settings["name"] if isinstance(settings, Mapping) else str(settings)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except ValueError as error:
        raise UserError(f"{path} cannot be read ({error}): restore it from a copy") from error
