"""Labels on the CT's grid from logits: the fused kernel, its torch counterpart, and all classes at full resolution."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path

from Testing.benchmarks.children import FailedError, Outcome
from Testing.benchmarks.parts.alternate import alternate
from Testing.benchmarks.results import Check, Measurement, Part, ratio
from Testing.benchmarks.settings import Settings

_KINDS = {"numba": "fused, numba", "torch": "slice by slice, torch", "interpolate": "F.interpolate and argmax"}
_NOTES = ["Random logits of 17 classes, so every voxel is contested. Memory is the peak on top of the logits."]


def run(settings: Settings) -> Part:
    """All three, alternating."""
    kinds = [kind for kind in _KINDS if kind != "numba" or find_spec("numba")]
    outcomes, failures = alternate({kind: partial(_run, settings, kind) for kind in kinds}, settings.rounds)
    size = " x ".join(map(str, settings.ct_shape[::-1]))
    part = Part(f"Labels on {size} voxels from logits", notes=list(_NOTES), failures=failures)
    for kind, done in outcomes.items():
        values = [outcome.values for outcome in done]
        peaks = [value["peak_bytes"] for value in values if value["peak_bytes"]]
        part.measurements.append(Measurement(_KINDS[kind], [value["seconds"] for value in values], peaks))
    part.checks.extend(_checks(settings, {m.name: m for m in part.measurements}, outcomes))
    return part


def _run(settings: Settings, kind: str) -> Outcome:
    options = {"grid": settings.grid_shape, "shape": settings.ct_shape, "output": str(_labels(settings, kind))}
    return settings.run_job("export_kernel", kind=kind, **options)


def _labels(settings: Settings, kind: str) -> Path:
    return settings.folder / "labels" / f"export_{kind}.npy"


def _checks(settings: Settings, by_name: dict[str, Measurement], outcomes: dict[str, list[Outcome]]) -> list[Check]:
    checks = []
    fused = by_name.get(_KINDS["numba"])
    for kind in ("torch", "interpolate"):
        other = by_name.get(_KINDS[kind])
        if fused and other:
            checks += ratio(f"seconds of {other.name} / {fused.name}", other.seconds, fused.seconds)
            checks += ratio(f"peak memory of {other.name} / {fused.name}", other.peak_bytes, fused.peak_bytes)
    if fused:
        others = {kind: str(_labels(settings, kind)) for kind in outcomes if kind != "numba"}
        try:
            same = settings.run_job("compare", reference=str(_labels(settings, "numba")), others=others).values
        except FailedError:
            return checks
        for kind, target in (("torch", 1.0), ("interpolate", 0.999)):
            if kind in same:
                checks.append(Check(f"labels of {_KINDS[kind]} = {fused.name}", [same[kind]["all"]], "", target))
    for path in (_labels(settings, kind) for kind in _KINDS):
        path.unlink(missing_ok=True)
    return checks
