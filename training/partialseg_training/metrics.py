"""Overlap and surface metrics of one segmentation against the truth, only where the truth is declared.

DSC: Dice similarity coefficient. NSD: normalised surface Dice at a tolerance, with sub-voxel surface areas (the
definition of Nikolov et al. 2021, as used by FLARE). HD95: the larger of the two directed 95th percentiles of surface
distance, in mm. MONAI computes both surface metrics.
"""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume
from PartialSegLib.supervision import Completeness, State

TOLERANCE_MM = 2.0
DEFINITIONS = {
    "dsc": "Dice similarity coefficient, over the voxels where the structure is declared complete",
    "nsd": f"normalised surface Dice at {TOLERANCE_MM:g} mm with sub-voxel surface areas (Nikolov et al. 2021); "
    "0 where the structure was missed",
    "hd95_mm": "larger of the two directed 95th percentiles of surface distance, mm; "
    "over the cases in which the structure was found",
    "scope": "NSD and HD95 need a structure that is declared complete in the whole volume; where it is complete in "
    "some slices only, DSC counts the voxels of these slices",
    "known_absent": "a structure declared complete and painted nowhere is absent: what is predicted of it is given in "
    "mL and enters no mean",
}


@dataclass(frozen=True)
class Scores:
    """Scores of one structure in one case.

    dsc: None where the structure is known absent; then predicted_ml is the false positive volume.
    nsd: None also where the truth is declared in part of the volume only. hd95: None also where the structure was
    missed.
    truth_ml, predicted_ml: volumes within the declared voxels. scope: "part" when these are not the whole volume.
    """

    dsc: float | None
    nsd: float | None
    hd95: float | None
    truth_ml: float
    predicted_ml: float
    scope: Literal["volume", "part"] = "volume"


def score(
    truth: Volume,
    predicted: Volume,
    completeness: Completeness,
    unions: Mapping[int, tuple[int, ...]] | None = None,
    tolerance_mm: float = TOLERANCE_MM,
) -> dict[int, Scores]:
    """Scores of each structure that is declared complete somewhere.

    completeness: of `truth`, in its axes. unions: label value -> the structures it may be; these voxels count for none
    of them. Raises UserError unless both volumes lie on one grid.
    """
    if not truth.same_grid(predicted):
        raise UserError("truth and prediction do not lie on the same grid: compare files of the same scan")
    result = {}
    for value in declared_values(completeness):
        known = known_voxels(truth.array, completeness, value, unions or {})
        expected, found = truth.array == value, predicted.array == value
        if known is None:
            result[value] = _score_volume(expected, found, truth, tolerance_mm)
        elif known.any():
            result[value] = _score_voxels(expected & known, found & known, truth)
    return result


def declared_values(completeness: Completeness) -> list[int]:
    """The structures that are complete in the volume or in some slice of it."""
    tables = [completeness.volume[None], *_tables(completeness).values()]
    anywhere = np.any([(table == State.COMPLETE).any(axis=0) for table in tables], axis=0)
    return [int(value) for value in np.flatnonzero(anywhere) if value > 0]


def known_voxels(
    labels: np.ndarray, completeness: Completeness, value: int, unions: Mapping[int, tuple[int, ...]]
) -> np.ndarray | None:
    """Where `value` is decided, as bool of `labels`' shape (z, y, x); None stands for everywhere."""
    open_labels = [label for label, members in unions.items() if value in members and (labels == label).any()]
    if completeness.volume[value] == State.COMPLETE:
        return ~np.isin(labels, open_labels) if open_labels else None
    known = np.zeros(labels.shape, bool)
    for axis, table in _tables(completeness).items():
        known |= (table[:, value] == State.COMPLETE).reshape([-1 if a == axis else 1 for a in range(3)])
    return known & ~np.isin(labels, open_labels) if open_labels else known


def _tables(completeness: Completeness) -> dict[int, np.ndarray]:
    tables = enumerate((completeness.z, completeness.y, completeness.x))
    return {axis: table for axis, table in tables if table is not None}


def _score_voxels(expected: np.ndarray, found: np.ndarray, grid: Volume) -> Scores:
    dsc, truth_ml, predicted_ml = _overlap(expected, found, grid)
    return Scores(dsc, None, None, truth_ml, predicted_ml, scope="part")


def _score_volume(expected: np.ndarray, found: np.ndarray, grid: Volume, tolerance_mm: float) -> Scores:
    dsc, truth_ml, predicted_ml = _overlap(expected, found, grid)
    if dsc is None:
        return Scores(None, None, None, truth_ml, predicted_ml)
    if not found.any():
        return Scores(0.0, 0.0, None, truth_ml, predicted_ml)
    box = _bounding_box(expected | found)
    nsd, hd95 = _surface_metrics(expected[box], found[box], grid.spacing[::-1], tolerance_mm)
    return Scores(dsc, nsd, hd95, truth_ml, predicted_ml)


def _overlap(expected: np.ndarray, found: np.ndarray, grid: Volume) -> tuple[float | None, float, float]:
    """DSC (None where nothing is expected) and the volumes expected and found in mL."""
    n_expected, n_found, n_both = (int(np.count_nonzero(mask)) for mask in (expected, found, expected & found))
    dsc = 2 * n_both / (n_expected + n_found) if n_expected else None
    return dsc, n_expected * grid.voxel_volume_ml, n_found * grid.voxel_volume_ml


def _surface_metrics(
    expected: np.ndarray, found: np.ndarray, spacing: tuple[float, ...], tolerance_mm: float
) -> tuple[float, float]:
    import torch
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    x, y = (torch.from_numpy(np.ascontiguousarray(mask))[None, None] for mask in (found, expected))
    mm = list(spacing)
    with warnings.catch_warnings():
        # MONAI warns of an argument that it passes to itself.
        warnings.simplefilter("ignore", FutureWarning)
        nsd = compute_surface_dice(x, y, [tolerance_mm], include_background=True, spacing=mm, use_subvoxels=True)
        hd95 = compute_hausdorff_distance(x, y, include_background=True, percentile=95, spacing=mm)
    return float(nsd), float(hd95)


def _bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    """Smallest box around a mask, one voxel wider where the array allows."""
    others = ((1, 2), (0, 2), (0, 1))
    spans = (np.flatnonzero(mask.any(axis=axes)) for axes in others)
    return tuple(slice(max(0, int(span[0]) - 1), int(span[-1]) + 2) for span in spans)
