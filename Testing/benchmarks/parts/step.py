"""A whole training step with our losses beside the same step with plain DiceCE."""

from Testing.benchmarks.children import FailedError
from Testing.benchmarks.losses.names import KINDS, PLAIN, SCRIBBLE_METHOD
from Testing.benchmarks.results import Check, Measurement, Part, ratio
from Testing.benchmarks.settings import Settings

_LIMIT = 1.1
_CONTENDERS = (PLAIN, *KINDS, SCRIBBLE_METHOD)
_NOTES = [
    "Forward pass of the network in bfloat16, loss, backward pass, clipping and AdamW, on one patch of 17 classes, in "
    "one process that alternates between the losses. Supervision by kind is that of method self_disambiguation; "
    "method scribble adds intensity variance to it. Memory is the peak of a process that trains with one loss only, "
    "interpreter and libraries included.",
    "MONAI's loss sees complete labels, for it knows no others. 'Processor' is the processor time of all threads, in "
    "which other work of the machine hardly shows.",
]


def run(settings: Settings) -> Part:
    """Every kind of supervision, with one network."""
    size = settings.loss_size
    part = Part(f"Training step on {size} x {size} x {size} voxels", notes=list(_NOTES))
    network = {"channels": settings.channels, "blocks": settings.blocks, "size": size}
    try:
        timed = settings.run_job("step", contenders=_CONTENDERS, rounds=settings.quick_rounds, **network)
        peaks = {}
        for name in _CONTENDERS:
            print(f"  memory: {name}", flush=True)
            peak = settings.run_job("step", contenders=[name], rounds=1, **network).peak_bytes
            peaks[name] = [peak] if peak else []
    except FailedError as error:
        part.failures["training step"] = str(error)
        return part
    seconds, processor = timed.values["seconds"], timed.values["processor"]
    for name in _CONTENDERS:
        part.measurements.append(Measurement(name, seconds[name], peaks[name], {"processor": processor[name]}))
    for name in _CONTENDERS[1:]:
        part.checks.extend(_ratios(name, seconds, processor, peaks))
    return part


def _ratios(
    name: str, seconds: dict[str, list[float]], processor: dict[str, list[float]], peaks: dict[str, list[int]]
) -> list[Check]:
    target = None if name == SCRIBBLE_METHOD else _LIMIT
    return [
        *ratio(f"{name}: seconds of a step / DiceCE", seconds[name], seconds[PLAIN], target, at_least=False),
        *ratio(f"{name}: processor time of a step / DiceCE", processor[name], processor[PLAIN]),
        *ratio(f"{name}: memory of a process / DiceCE", peaks[name], peaks[PLAIN], target, at_least=False),
    ]
