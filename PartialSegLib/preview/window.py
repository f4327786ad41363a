"""From voxel values to grey levels, and the part of a slice that is worth showing."""

import numpy as np

# Soft tissue, level 40 HU and width 400 HU: what an abdominal radiologist expects to see first.
_CT_SOFT_TISSUE = (-160.0, 240.0)
_MR_PERCENTILES = (1.0, 99.5)
_MAX_SAMPLES = 2_000_000
_AIR_LEVEL = 0.1
_MARGIN_MM = 8.0


def display_window(array: np.ndarray, modality: str) -> tuple[float, float]:
    """(low, high) values shown as black and white: fixed HU for "ct", percentiles of the foreground otherwise."""
    if modality == "ct":
        return _CT_SOFT_TISSUE
    step = max(1, round((array.size / _MAX_SAMPLES) ** (1 / 3)))
    values = array[::step, ::step, ::step]
    foreground = values[values > values.min()]
    if foreground.size == 0:
        return float(values.min()), float(values.min()) + 1.0
    low, high = np.percentile(foreground, _MR_PERCENTILES)
    return float(low), float(max(high, low + 1e-3 * max(1.0, abs(low))))


def to_grey(slice_: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    """Float32 grey in [0, 1]."""
    low, high = window
    return np.clip((slice_.astype(np.float32) - low) / (high - low), 0.0, 1.0)


def shown_part(grey: np.ndarray, labels: np.ndarray, pixel_size: tuple[float, float]) -> tuple[slice, slice]:
    """Rows and columns that hold the patient (anything but air) and every label, with a small margin."""
    something = (grey > _AIR_LEVEL) | (labels > 0)
    parts = []
    for axis in (0, 1):
        occupied = np.flatnonzero(something.mean(axis=1 - axis) > 0.02)
        labelled = np.flatnonzero((labels > 0).any(axis=1 - axis))
        found = np.concatenate([occupied, labelled])
        if found.size == 0:
            parts.append(slice(0, grey.shape[axis]))
            continue
        margin = round(_MARGIN_MM / pixel_size[axis])
        parts.append(slice(max(0, found.min() - margin), min(grey.shape[axis], found.max() + 1 + margin)))
    return parts[0], parts[1]
