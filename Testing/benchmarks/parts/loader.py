"""Training samples from our store beside the published loader's way: read, resample and crop for every sample."""

from functools import partial
from pathlib import Path

from Testing.benchmarks.children import FailedError, Outcome
from Testing.benchmarks.parts.alternate import alternate
from Testing.benchmarks.results import Check, Measurement, Part, ratio
from Testing.benchmarks.settings import Settings

CROP, AUGMENTED = "store", "store, augmented"
FILES, FILES_AUGMENTED = "files", "files, augmented"
# Contender -> samples in a round, so that each takes a second or more.
_SAMPLES = {CROP: 200, FILES: 2, AUGMENTED: 12, FILES_AUGMENTED: 2}
_SPACING, _PATCH = (2.0, 2.0, 2.0), (112, 112, 112)
_QUICK_SPACING, _QUICK_PATCH = (12.0, 12.0, 12.0), (16, 16, 16)
_NOTES = [
    "Seconds that a processor works for one sample, in one process with one thread, as a loader's workers are, after a "
    "first sample that is not counted. Files and store are in the system's cache. Memory is the peak on top of the "
    "imports.",
    "'Store' is the crop alone, image and labels; 'store, augmented' is a sample as training gets it: turned, scaled "
    "and bent in space, intensities changed, candidate sets. 'Files' is written anew after the published loader: every "
    "sample reads two .nii.gz files and resamples both volumes with SimpleITK; 'augmented' turns and scales on the "
    "way, and changes no intensities.",
]


def run(settings: Settings) -> Part:
    """All four, alternating."""
    folder = settings.folder / "loader"
    spacing = _QUICK_SPACING if settings.quick else _SPACING
    title = f"Loader: {' x '.join(map(str, _patch(settings)))} voxels of a CT"
    try:
        inputs = settings.run_job(
            "loader_inputs",
            folder=str(folder),
            shape=settings.ct_shape,
            ct_spacing=settings.ct_spacing,
            spacing=spacing,
        ).values
    except FailedError as error:
        return Part(title, failures={"the prepared phantom": str(error)})
    contenders = {kind: partial(_run, settings, kind, folder, spacing) for kind in _SAMPLES}
    outcomes, failures = alternate(contenders, settings.rounds)
    part = Part(title, notes=[*_NOTES, _sizes(settings, inputs)], failures=failures)
    for kind, done in outcomes.items():
        seconds = [outcome.values["seconds"] for outcome in done]
        peaks = [outcome.values["peak_bytes"] for outcome in done if outcome.values["peak_bytes"]]
        facts = {"samples_per_second": [1 / value for value in seconds]}
        part.measurements.append(Measurement(kind, seconds, peaks, facts=facts))
    part.checks.extend(_checks(settings, {m.name: m for m in part.measurements}, folder))
    return part


def _patch(settings: Settings) -> tuple[int, int, int]:
    return _QUICK_PATCH if settings.quick else _PATCH


def _run(settings: Settings, kind: str, folder: Path, spacing: tuple[float, float, float]) -> Outcome:
    labels = str(_labels(folder, kind)) if kind in (CROP, FILES) else None
    samples = 1 if settings.quick else _SAMPLES[kind]
    options = {"folder": str(folder), "patch": _patch(settings), "spacing": spacing, "labels": labels}
    return settings.run_job("loader", kind=kind, samples=samples, **options)


def _labels(folder: Path, kind: str) -> Path:
    return folder / f"labels_{kind}.npy"


def _checks(settings: Settings, by_name: dict[str, Measurement], folder: Path) -> list[Check]:
    checks = []
    for ours, theirs, target in ((CROP, FILES, 100.0), (AUGMENTED, FILES_AUGMENTED, None)):
        if ours in by_name and theirs in by_name:
            a, b = by_name[ours], by_name[theirs]
            checks += ratio(f"seconds of {theirs} / {ours}", b.seconds, a.seconds, target)
            checks += ratio(f"peak memory of {theirs} / {ours}", b.peak_bytes, a.peak_bytes)
    checks += [
        Check(f"samples a second: {name}", list(measurement.facts["samples_per_second"]), "")
        for name, measurement in by_name.items()
    ]
    if CROP in by_name and FILES in by_name:
        others = {FILES: str(_labels(folder, FILES))}
        same = settings.run_job("compare", reference=str(_labels(folder, CROP)), others=others).values
        checks.append(Check(f"labels of {FILES} = {CROP}, same place", [same[FILES]["all"]], "", 0.99))
    return checks


def _sizes(settings: Settings, inputs: dict) -> str:
    files, store, seconds = inputs["file_bytes"] / 1e6, inputs["store_bytes"] / 1e6, inputs["prepare_seconds"]
    shape = " x ".join(map(str, settings.ct_shape[::-1]))
    made = f", made once in {seconds:.1f} s" if seconds else ""
    return f"The CT is a phantom in {shape} voxels: {files:.0f} MB as files, {store:.0f} MB in the store{made}."
