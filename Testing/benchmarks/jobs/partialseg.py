"""PartialSeg from file to saved labels."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np

from PartialSegLib.bundle import Bundle
from PartialSegLib.image import read_volume, write_segmentation
from PartialSegLib.inference import Engine
from PartialSegLib.inference.backends import make_backend
from PartialSegLib.inference.body import Body
from PartialSegLib.inference.engine import PRESETS
from PartialSegLib.inference.progress import Stopwatch

# Which of the engine's stages the others count as one; "load" is of the network, which is there already, and whatever
# else there is comes after the network.
_PREPROCESS, _NETWORK = ("prepare", "load"), ("network", "stitch")


def run(
    ct: str, bundle: str, output: str, device: str, preset: str, every_window: bool, keep_islands: bool = False
) -> dict:
    """Segment `ct`. every_window: also run the windows in which there is only air, as the others do. keep_islands:
    leave the labels as the network has them, so that they can be compared voxel by voxel.
    """
    loaded = Bundle.load(Path(bundle))
    if keep_islands:
        loaded = replace(loaded, smallest_part=0.0)
    engine = Engine(loaded, preset=preset, backend=make_backend(loaded, device, PRESETS[preset].half))
    clock = Stopwatch()
    start = time.perf_counter()
    with clock.stage("load"):
        volume = read_volume(ct)
    with _no_body_search() if every_window else nullcontext():
        segmentation = engine.segment(volume)
    with clock.stage("save"):
        write_segmentation(output, segmentation.labels, loaded.label_set)
    seconds = time.perf_counter() - start
    stages = {"load": clock.seconds["load"], **_engine_stages(segmentation.timings), "save": clock.seconds["save"]}
    return {"seconds": seconds, "stages": stages, "windows": segmentation.windows}


def _engine_stages(timings: dict[str, float]) -> dict[str, float]:
    preprocess = sum(timings.get(stage, 0.0) for stage in _PREPROCESS)
    network = sum(timings.get(stage, 0.0) for stage in _NETWORK)
    return {"preprocess": preprocess, "network": network, "export": sum(timings.values()) - preprocess - network}


@contextmanager
def _no_body_search() -> Iterator[None]:
    def everything(array: np.ndarray, *_: object) -> Body:
        z, y, x = array.shape
        return Body((z, y, x), (0, 0, 0), (z, y, x), np.ones((1, 1, 1), bool))

    with patch("PartialSegLib.inference.engine.find_body", everything):
        yield
