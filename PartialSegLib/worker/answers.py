"""The results of jobs: as the child sends them, and as the caller gets them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from PartialSegLib.inference.devices import Device
from PartialSegLib.inference.estimate import Estimate
from PartialSegLib.inference.slice_confidence import AXES
from PartialSegLib.worker.events import SegmentResult
from PartialSegLib.worker.jobs import Job
from PartialSegLib.worker.voxels import Region, read_labels

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle
    from PartialSegLib.inference.result import Segmentation


def answer(job: Job, content: Any, folder: Path | None, seconds: float) -> SegmentResult | list[Device] | Estimate:
    """What the caller gets for `content`, which the child sent at the end of `job`."""
    if job.kind == "devices":
        return [Device(**device) for device in content]
    if job.kind == "estimate":
        return Estimate(**content)
    assert job.volume is not None and folder is not None
    labels = read_labels(folder / "labels", job.volume, job.region)
    shape = job.volume.array.shape
    return SegmentResult(
        labels=labels,
        confidence=_by_value(content["confidence"]),
        volumes_ml=_by_value(content["volumes_ml"]),
        touches_edge=_by_value(content["touches_edge"]),
        confidence_along={
            name: {
                int(value): _whole(slices, shape[axis], job.region, axis)
                for value, slices in content["confidence_along"][name].items()
            }
            for axis, name in enumerate(AXES)
        },
        seconds=seconds,
        **{name: content[name] for name in _PLAIN},
    )


def describe_segmentation(segmentation: "Segmentation", bundle: "Bundle", not_in_view: list[int]) -> dict[str, Any]:
    """All of a segmentation but its labels, ready for JSON."""
    return {
        "modality": segmentation.modality,
        "modality_reason": segmentation.modality_reason,
        "confidence": segmentation.confidence,
        "volumes_ml": segmentation.volumes_ml,
        "touches_edge": segmentation.touches_edge,
        "not_in_view": not_in_view,
        "confidence_along": {
            axis: {
                value: [None if np.isnan(mean) else round(float(mean), 4) for mean in of] for value, of in along.items()
            }
            for axis, along in segmentation.confidence_along.items()
        },
        "device": segmentation.device,
        "backend": segmentation.backend,
        "model_name": str(bundle.metadata.get("name", "")),
        "model_version": str(bundle.metadata.get("version", "")),
        "timings": segmentation.timings,
    }


_PLAIN = (
    "modality", "modality_reason", "not_in_view", "device", "backend", "model_name", "model_version", "timings", "pid",
)  # fmt: skip


def _by_value(entries: dict[str, Any]) -> dict[int, Any]:
    return {int(value): entry for value, entry in entries.items()}


def _whole(slices: list[float | None], size: int, region: Region | None, axis: int) -> np.ndarray:
    """Confidence in each of the `size` slices of the whole volume, NaN outside the region."""
    start = 0 if region is None else region[axis][0]
    whole = np.full(size, np.nan, np.float32)
    whole[start : start + len(slices)] = np.array(slices, np.float32)  # None becomes NaN
    return whole
