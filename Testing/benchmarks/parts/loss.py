"""The loss, forward and backward, beside plain DiceCE and a loop over slices."""

from Testing.benchmarks.children import FailedError
from Testing.benchmarks.losses.names import KINDS, NAIVE, OURS, PLAIN
from Testing.benchmarks.results import Check, Measurement, Part, ratio
from Testing.benchmarks.settings import Settings

_LIMIT = 1.3
_NOTES = [
    "Forward and backward on one patch of 17 classes, in one process that alternates between the losses. Memory is the "
    "peak on top of logits and labels, the gradient included, each loss in a process of its own.",
    "MONAI's loss sees complete labels, for it knows no others. The loop is equations 1 to 6 as they are written.",
]


def run(settings: Settings) -> Part:
    """Every kind of supervision."""
    size = settings.loss_size
    part = Part(f"Loss on {size} x {size} x {size} voxels", notes=list(_NOTES))
    for kind in KINDS:
        print(f"  {kind}", flush=True)
        try:
            part.checks.extend(_run_kind(settings, kind, part.measurements))
        except FailedError as error:
            part.failures[kind] = str(error)
    return part


def _run_kind(settings: Settings, kind: str, measurements: list[Measurement]) -> list[Check]:
    size = settings.loss_size
    timed = settings.run_job("loss_time", kind=kind, size=size, rounds=settings.quick_rounds).values
    peaks = {}
    for name in timed["seconds"]:
        peak = settings.run_job("loss_memory", kind=kind, size=size, contender=name).values["peak_bytes"]
        peaks[name] = [peak] if peak else []
        facts = {"value": timed["values"][name]}
        measurements.append(Measurement(f"{kind}: {name}", timed["seconds"][name], peaks[name], facts=facts))
    seconds = timed["seconds"]
    return [
        *ratio(f"{kind}: seconds of ours / DiceCE", seconds[OURS], seconds[PLAIN], _LIMIT, at_least=False),
        *ratio(f"{kind}: memory of ours / DiceCE", peaks[OURS], peaks[PLAIN], _LIMIT, at_least=False),
        *ratio(f"{kind}: seconds of the loop / ours", seconds[NAIVE], seconds[OURS]),
    ]
