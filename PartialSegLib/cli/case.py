"""One volume from file to results."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.cli.console import NOTICE

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle
    from PartialSegLib.image import Volume
    from PartialSegLib.inference.engine import Engine
    from PartialSegLib.inference.progress import ProgressCallback
    from PartialSegLib.inference.result import Segmentation
    from PartialSegLib.statistics import Row

# Shares of the whole that the bar gives to reading and to writing; the engine has what lies between.
_READ, _WRITE = 0.08, 0.92


@dataclass(frozen=True)
class Options:
    """How to segment. None means the shipped model, the modality it looks like, all structures, the only series."""

    model: Path | None
    device: str
    preset: str
    modality: str | None
    structures: tuple[str, ...] | None
    series: str | None
    overwrite: bool


def open_engine(options: Options) -> "Engine":
    """Load the bundle; raises UserError for a damaged model, an unknown structure or a device that is not there."""
    from PartialSegLib.bundle import Bundle
    from PartialSegLib.inference.engine import Engine

    bundle = Bundle.load(options.model)
    for name in options.structures or ():
        bundle.label_set.find(name)
    return Engine(bundle, device=options.device, preset=options.preset)


@dataclass(frozen=True, eq=False)
class Result:
    """A segmented volume, not yet written. `seconds` are per stage."""

    volume: "Volume"
    segmentation: "Segmentation"
    rows: "list[Row]"
    bundle: "Bundle"
    options: Options
    seconds: dict[str, float]

    def save(self, paths: Mapping[str, Path]) -> None:
        """Write what `paths` names: segmentation, statistics, preview, confidence."""
        start = time.perf_counter()
        for what, path in paths.items():
            _WRITERS[what](self, path)
        self.seconds["write"] = time.perf_counter() - start

    def report(self, source: Path, outputs: Mapping[str, Path]) -> dict[str, Any]:
        """Everything there is to say about the run, ready for JSON."""
        run = self.segmentation
        return {
            "input": str(source),
            "outputs": {what: str(path) for what, path in outputs.items()},
            "modality": run.modality,
            "modality_reason": run.modality_reason,
            "model": {"name": self.bundle.metadata["name"], "version": self.bundle.metadata["version"]},
            "run": {
                "device": run.device,
                "backend": run.backend,
                "precision": run.precision,
                "preset": self.options.preset,
                "windows": run.windows,
            },
            "seconds": {**self.seconds, "total": sum(self.seconds.values())},
            "structures": [asdict(row) for row in self.rows],
            "notice": NOTICE,
        }


def segment_case(engine: "Engine", source: Path, options: Options, progress: "ProgressCallback") -> Result:
    """Read, segment and measure `source`. Raises UserError."""
    from PartialSegLib.image import read_volume
    from PartialSegLib.statistics import measure

    start = time.perf_counter()
    progress("read", 0.0)
    volume = read_volume(source, options.series)
    read = time.perf_counter() - start
    segmentation = engine.segment(
        volume,
        modality=options.modality,
        structures=options.structures,
        progress=lambda stage, fraction: progress(stage, _READ + (_WRITE - _READ) * fraction),
    )
    progress("write", _WRITE)
    start = time.perf_counter()
    rows = measure(volume, segmentation, engine.bundle.label_set)
    seconds = {"read": read, **segmentation.timings, "measure": time.perf_counter() - start}
    return Result(volume, segmentation, rows, engine.bundle, options, seconds)


def _save_segmentation(result: Result, path: Path) -> None:
    from PartialSegLib.image import write_segmentation

    kept = [row.label for row in result.rows]
    write_segmentation(path, result.segmentation.labels, result.bundle.label_set, structures=kept)


def _save_statistics(result: Result, path: Path) -> None:
    from PartialSegLib.statistics import write_csv

    write_csv(path, {"": result.rows})


def _save_preview(result: Result, path: Path) -> None:
    from PartialSegLib.preview import draw_preview

    run, model = result.segmentation, result.bundle.metadata
    title = ("PartialSeg", f"{run.modality.upper()}, model {model['name']} {model['version']}")
    draw_preview(result.volume, run.labels, result.bundle.label_set, path, title_lines=title, modality=run.modality)


def _save_confidence(result: Result, path: Path) -> None:
    confidence = {row.structure: row.confidence for row in result.rows}
    path.write_text(json.dumps(confidence, indent=1) + "\n", encoding="utf-8")


_WRITERS = {
    "segmentation": _save_segmentation,
    "statistics": _save_statistics,
    "preview": _save_preview,
    "confidence": _save_confidence,
}
