"""From a CT file to saved labels: PartialSeg, nnU-Net and MONAI with one network."""

from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from PartialSegLib.resources import resource_path
from Testing.benchmarks.children import FailedError, Outcome
from Testing.benchmarks.parts.alternate import alternate
from Testing.benchmarks.results import Check, Measurement, Part, ratio
from Testing.benchmarks.settings import Settings

SHIPPED, FAST = "PartialSeg", "PartialSeg, fast preset"
EVERY_WINDOW, TORCH = "PartialSeg, every window", "PartialSeg, every window, torch"
NNUNET, NNUNET_BEST, MONAI = "nnU-Net", "nnU-Net, torch resampling", "MONAI"
_SAME_INPUT = "nnU-Net, given PartialSeg's preprocessed array"

# Contender -> job and its options; the package that it needs. All on the CPU, where OpenVINO is what "auto" takes.
_JOBS: dict[str, tuple[str, dict, str]] = {
    EVERY_WINDOW: ("partialseg", {"device": "openvino", "preset": "accurate", "every_window": True}, "openvino"),
    NNUNET: ("nnunet", {"best": False}, "nnunetv2"),
    NNUNET_BEST: ("nnunet", {"best": True}, "nnunetv2"),
    MONAI: ("monai_pipeline", {}, "monai"),
    TORCH: ("partialseg", {"device": "cpu", "preset": "accurate", "every_window": True}, "torch"),
    SHIPPED: ("partialseg", {"device": "openvino", "preset": "accurate", "every_window": False}, "openvino"),
    FAST: ("partialseg", {"device": "openvino", "preset": "fast", "every_window": False}, "openvino"),
}
_NOTES = [
    "Seconds are from opening the CT to the saved label map, with the network already loaded; the whole process, "
    "interpreter start and imports included, is the last column.",
    "Every contender runs the same network in windows of the same size with half overlap and Gaussian weights, without "
    "mirroring. PartialSeg leaves out windows in which there is only air; 'every window' runs those too, as the others "
    "do, and is what the targets are compared with. The fast preset overlaps by a quarter and uses half precision.",
    "nnU-Net's steps are those of its predict_from_files_sequential: worker processes would gain nothing with one "
    "case. 'Torch resampling' is its fastest planner's resampling (resample_torch_fornnunet) with a thread per core.",
    "Agreement is the fraction of voxels with the same label as what the network says in PartialSeg's engine: float32, "
    "every window, no island removed. For its target nnU-Net gets PartialSeg's preprocessed array, in a run that is "
    "not timed: its own resampling of the input (cubic, or linear without antialiasing) makes it another image. It "
    "sums window logits in half precision, PartialSeg in single.",
]


def model(settings: Settings) -> Path:
    """Folder of the bundle that is run: the one that ships, or random weights where there is none."""
    shipped = resource_path("models", "abdomen16")
    return shipped if (shipped / "SHA256SUMS").is_file() and not settings.quick else settings.folder / "random_model"


def prepare(settings: Settings) -> None:
    """Make the CT and, where needed, the random model."""
    folder = model(settings)
    network = {"name": "unet", "n_classes": 17, "channels": settings.channels, "blocks": settings.blocks}
    random_bundle = {
        "folder": str(folder),
        "network": network,
        "patch": settings.patch,
        "spacing": settings.network_spacing,
    }
    is_random = folder.name == "random_model"
    settings.run_job(
        "inputs",
        ct=str(settings.ct),
        shape=settings.ct_shape,
        spacing=settings.ct_spacing,
        random_bundle=random_bundle if is_random else None,
    )


def run(settings: Settings) -> Part:
    """Alternate all contenders that are installed."""
    prepare(settings)
    contenders = {name: partial(_run, settings, name) for name in _JOBS if find_spec(_JOBS[name][2])}
    missing = {name: f"{_JOBS[name][2]} is not installed" for name in _JOBS if name not in contenders}
    if not settings.quick:
        _warm_up(contenders)
    outcomes, failures = alternate(contenders, settings.rounds)
    part = Part("From file to saved labels", notes=list(_NOTES), failures=missing | failures)
    if model(settings).name == "random_model":
        part.notes.append("No trained model was there: random weights, whose labels are noise and agree less.")
    part.measurements.extend(_measurement(name, done) for name, done in outcomes.items())
    part.checks.extend(_ratios(outcomes) + _agreement(settings, outcomes, part.failures))
    return part


def _run(settings: Settings, name: str) -> Outcome:
    job, options, _ = _JOBS[name]
    output = str(_labels(settings, name))
    return settings.run_job(job, ct=str(settings.ct), bundle=str(model(settings)), output=output, **options)


def _labels(settings: Settings, name: str) -> Path:
    return settings.folder / "labels" / f"{name.replace(', ', '_').replace(' ', '_')}.nii.gz"


def _warm_up(contenders: Mapping[str, Callable[[], Outcome]]) -> None:
    """The first run compiles and caches (numba, OpenVINO, byte code): it is not counted."""
    for name in (EVERY_WINDOW, FAST):
        if name in contenders:
            print(f"  warming up: {name}", flush=True)
            try:
                contenders[name]()
            except FailedError:
                continue


def _measurement(name: str, outcomes: list[Outcome]) -> Measurement:
    values = [outcome.values for outcome in outcomes]
    return Measurement(
        name,
        seconds=[value["seconds"] for value in values],
        peak_bytes=[outcome.peak_bytes for outcome in outcomes if outcome.peak_bytes],
        stages={stage: [value["stages"][stage] for value in values] for stage in values[0]["stages"]},
        facts={"windows": values[0]["windows"], "process_seconds": [outcome.wall for outcome in outcomes]},
    )


def _ratios(outcomes: dict[str, list[Outcome]]) -> list[Check]:
    def seconds(name: str) -> list[float]:
        return [outcome.values["seconds"] for outcome in outcomes.get(name, [])]

    def peaks(name: str) -> list[float]:
        return [float(outcome.peak_bytes) for outcome in outcomes.get(name, [])]

    targets = {NNUNET: 6.0, NNUNET_BEST: 3.0, MONAI: None}
    checks = []
    for ours in (EVERY_WINDOW, TORCH, SHIPPED, FAST):
        for other, target in targets.items():
            goal = target if ours == EVERY_WINDOW else None
            checks += ratio(f"seconds of {other} / {ours}", seconds(other), seconds(ours), goal)
    for other in targets:
        goal = None if other == MONAI else 0.3
        checks += ratio(f"peak memory of {EVERY_WINDOW} / {other}", peaks(EVERY_WINDOW), peaks(other), goal, False)
    return checks


def _agreement(settings: Settings, outcomes: dict[str, list[Outcome]], failures: dict[str, str]) -> list[Check]:
    """What the network says, through our engine, against what it says through nnU-Net, given the same array; and the
    labels of the timed runs.
    """
    print("  agreement", flush=True)
    others = {name: str(_labels(settings, name)) for name in outcomes}
    reference, same_input = str(_labels(settings, "reference")), str(_labels(settings, _SAME_INPUT))
    shared = {"ct": str(settings.ct), "bundle": str(model(settings))}
    try:
        settings.run_job("partialseg", **shared, output=reference, **_JOBS[TORCH][1], keep_islands=True)
        if NNUNET_BEST in outcomes:
            settings.run_job("nnunet", **shared, output=same_input, best=True, same_input=True)
            others = {_SAME_INPUT: same_input, **others}
        found = settings.run_job("compare", reference=reference, others=others).values
    except FailedError as error:
        failures["agreement"] = str(error)
        return []
    checks = []
    for name, value in found.items():
        target = 0.999 if name == _SAME_INPUT else None
        checks.append(Check(f"labels of {name} = PartialSeg's network", [value["all"]], "", target))
        checks.append(Check("the same, without what both call background", [value["labelled"]], ""))
    return checks
