"""Overlap and surface metrics of one segmentation against the truth.

DSC: Dice similarity coefficient. NSD: normalised surface Dice at a tolerance, with sub-voxel surface areas (the
definition of Nikolov et al. 2021, as used by FLARE). HD95: the larger of the two directed 95th percentiles of surface
distance, in mm. MONAI computes both surface metrics.
"""

from dataclasses import dataclass

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume


@dataclass(frozen=True)
class Scores:
    """Scores of one structure in one case. hd95 is None where the structure was missed altogether."""

    dsc: float
    nsd: float
    hd95: float | None
    truth_ml: float
    predicted_ml: float


def score(truth: Volume, predicted: Volume, values: list[int], tolerance_mm: float = 2.0) -> dict[int, Scores]:
    """Scores of each of `values` that is present in the truth; both volumes must lie on one grid (else UserError)."""
    if not truth.same_grid(predicted):
        raise UserError("truth and prediction do not lie on the same grid: compare files of the same scan")
    result = {}
    for value in values:
        expected, found = truth.array == value, predicted.array == value
        if expected.any():
            result[value] = _score_one(expected, found, truth, tolerance_mm)
    return result


def false_positive_ml(truth: Volume, predicted: Volume, values: list[int]) -> dict[int, float]:
    """Predicted volume (mL) of each of `values` that is known to be absent from the truth."""
    absent = [value for value in values if not (truth.array == value).any()]
    return {value: float((predicted.array == value).sum() * truth.voxel_volume_ml) for value in absent}


def _score_one(expected: np.ndarray, found: np.ndarray, grid: Volume, tolerance_mm: float) -> Scores:
    volumes = expected.sum() * grid.voxel_volume_ml, found.sum() * grid.voxel_volume_ml
    if not found.any():
        return Scores(0.0, 0.0, None, *map(float, volumes))
    overlap = 2 * np.count_nonzero(expected & found) / (np.count_nonzero(expected) + np.count_nonzero(found))
    box = _bounding_box(expected | found)
    nsd, hd95 = _surface_metrics(expected[box], found[box], grid.spacing[::-1], tolerance_mm)
    return Scores(float(overlap), nsd, hd95, *map(float, volumes))


def _surface_metrics(
    expected: np.ndarray, found: np.ndarray, spacing: tuple[float, ...], tolerance_mm: float
) -> tuple[float, float]:
    import torch
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    x, y = (torch.from_numpy(np.ascontiguousarray(mask))[None, None] for mask in (found, expected))
    mm = list(spacing)
    nsd = compute_surface_dice(x, y, [tolerance_mm], include_background=True, spacing=mm, use_subvoxels=True)
    hd95 = compute_hausdorff_distance(x, y, include_background=True, percentile=95, spacing=mm)
    return float(nsd), float(hd95)


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    """Smallest box around a mask, one voxel wider where the array allows."""
    others = ((1, 2), (0, 2), (0, 1))
    spans = (np.flatnonzero(mask.any(axis=axes)) for axes in others)
    return tuple(slice(max(0, int(span[0]) - 1), int(span[-1]) + 2) for span in spans)
