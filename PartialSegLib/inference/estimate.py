"""Time and memory that segmenting a volume will take, told from its size before anything is loaded."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PartialSegLib.inference.hardware import available_memory, usable_cpus
from PartialSegLib.inference.memory import finest_width, prepare_bytes, run_bytes, window_bytes
from PartialSegLib.inference.speed import Speed, guessed_speed, known_speed, remember_speed, speed_key
from PartialSegLib.inference.windows import Index, plan_rows

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle

# Of the windows over a volume, how many hold body: an abdominal scan has little air around it.
_IN_BODY = 0.7


@dataclass(frozen=True)
class Estimate:
    """seconds, bytes: what a run will take. fits: whether memory suffices now. words: one line that says it.

    measured: whether seconds come from a run on this computer, or are a rule of thumb.
    """

    seconds: float
    bytes: int
    fits: bool
    words: str
    measured: bool = True


def estimate(
    bundle: "Bundle",
    shape: Index,
    spacing: Sequence[float],
    device: str,
    preset: str,
    is_loaded: bool = False,
    free_on_device: int | None = None,
) -> Estimate:
    """What segmenting a volume of `shape` (z, y, x) and `spacing` (x, y, z) mm will take.

    device: one of `available_devices`. preset: a name in PRESETS. free_on_device: bytes free on a GPU, None elsewhere.
    """
    width = finest_width(bundle.network_config)
    patch, n_classes = bundle.patch_size, bundle.label_set.n_classes
    grid = bundle.preprocessing.grid_shape(shape, tuple(spacing))
    on_gpu = device not in ("cpu", "openvino")
    windows = planned_windows(bundle, shape, spacing, preset)
    speed = known_speed(speed_key(bundle, device, preset))
    if speed is None:
        speed = guessed_speed(math.prod(patch), width, on_gpu, usable_cpus())
        windows = math.ceil(windows * _IN_BODY)
    seconds = windows * speed.window + math.prod(shape) * speed.voxel + (0.0 if is_loaded else speed.load)
    needed = max(prepare_bytes(shape, grid), run_bytes(shape, _padded(grid, patch), patch, n_classes, width))
    free = available_memory()
    fits = (free is None or needed <= free) and (
        free_on_device is None or window_bytes(patch, n_classes, width) <= free_on_device
    )
    return Estimate(seconds, needed, fits, _words(seconds, needed, free, fits), speed.measured)


def planned_windows(bundle: "Bundle", shape: Index, spacing: Sequence[float], preset: str) -> int:
    """Number of windows over a whole volume, those of a coarse network included."""
    from PartialSegLib.inference.engine import PRESETS

    count = 0
    for part in filter(None, (bundle, bundle.coarse)):
        field = _padded(part.preprocessing.grid_shape(shape, tuple(spacing)), part.patch_size)
        rows = plan_rows(field, part.patch_size, PRESETS[preset].overlap, lambda start, stop: True)
        count += sum(len(row.corners) for row in rows)
    return count


def learn_speed(
    bundle: "Bundle", shape: Index, spacing: Sequence[float], device: str, preset: str, timings: Mapping[str, float]
) -> None:
    """Remember what a run took, by its seconds per stage; a load time is kept from the last run that loaded."""
    key = speed_key(bundle, device, preset)
    before = known_speed(key)
    loading = timings.get("load", 0.0)
    load = before.load if before is not None and loading < 0.01 else loading
    network = sum(timings.get(stage, 0.0) for stage in ("network", "stitch", "coarse"))
    rest = sum(timings.values()) - network - loading
    windows = planned_windows(bundle, shape, spacing, preset)
    remember_speed(key, Speed(network / max(1, windows), rest / max(1, math.prod(shape)), load))


def _padded(grid: Sequence[int], patch: Index) -> Index:
    z, y, x = (max(n, m) for n, m in zip(grid, patch, strict=True))
    return z, y, x


def _words(seconds: float, needed: int, free: int | None, fits: bool) -> str:
    memory = f"{needed / 1e9:.1f} GB of memory"
    if not fits:
        has = "" if free is None else f" but {free / 1e9:.1f} GB are free"
        return f"needs about {memory}{has}: choose a smaller region, another device, or close other programs"
    return f"about {_duration(seconds)}, {memory}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        # Two digits would promise more than an estimate knows.
        return f"{max(1, round(seconds)) if seconds < 10 else round(seconds / 5) * 5} s"
    return f"{round(seconds / 60)} min"
