"""What the child can do. Each act takes a request and returns a result for JSON, or raises UserError."""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.inference.backends import choose_device
from PartialSegLib.inference.devices import list_devices
from PartialSegLib.inference.estimate import estimate, learn_speed
from PartialSegLib.statistics import OUTSIDE, measure
from PartialSegLib.worker.answers import describe_segmentation
from PartialSegLib.worker.eta import Eta
from PartialSegLib.worker.voxels import receive_volume, write_labels
from PartialSegLib.worker.warm import WarmEngine

if TYPE_CHECKING:
    from PartialSegLib.inference import ProgressCallback


class Acts:
    """say: sends a message to the parent."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say = say
        self._warm = WarmEngine()

    def devices(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Devices of this machine."""
        return [asdict(device) for device in list_devices()]

    def estimate(self, request: dict[str, Any]) -> dict[str, Any]:
        """Time and memory of a segmentation."""
        device, preset = choose_device(request["device"]), request["preset"]
        is_loaded = self._warm.holds(request["model"], request["device"], preset)
        bundle = self._warm.bundle(request["model"])
        shape, spacing = tuple(request["shape"]), tuple(request["spacing"])
        free = None
        if device.startswith("cuda"):
            free = next((found.free_bytes for found in list_devices() if found.key == device), None)
        return asdict(estimate(bundle, shape, spacing, device, preset, is_loaded, free))

    def segment(self, request: dict[str, Any]) -> dict[str, Any]:
        """Segment the volume in the request's file and write the labels beside it."""
        job = request["job"]
        report = self._progress(job)
        report("prepare", 0.0)
        volume = receive_volume(request["volume"])
        model, device, preset = request["model"], request["device"], request["preset"]
        is_warm = self._warm.holds(model, device, preset)
        engine = self._warm.engine(model, device, preset)
        name = f"{engine.bundle.metadata.get('name')} {engine.bundle.metadata.get('version')}"
        self._say(event="log", job=job, text=f"model {name} {'is loaded already' if is_warm else 'is being loaded'}")
        segmentation = engine.segment(volume, request["modality"], request["structures"], report)
        report("write", 1.0)
        write_labels(Path(request["labels"]), segmentation.labels.array)
        rows = measure(volume, segmentation, engine.bundle.label_set)
        used = segmentation.backend if segmentation.backend == "openvino" else segmentation.device
        size = volume.array.shape
        learn_speed(engine.bundle, size, volume.spacing, used, preset, segmentation.timings)
        outside = [row.label for row in rows if row.note == OUTSIDE]
        return {**describe_segmentation(segmentation, engine.bundle, outside), "pid": os.getpid()}

    def _progress(self, job: int) -> "ProgressCallback":
        eta = Eta()

        def report(stage: str, fraction: float) -> None:
            self._say(event="progress", job=job, stage=stage, fraction=fraction, eta_s=eta.left(stage, fraction))

        return report
