"""Labels of one slice: its logits upsampled along y and x, compared class by class, forgotten.

`label_plane` needs torch only, and runs where its tensors live; `load_fused` gives the same function compiled by numba.
The two do the same float32 operations in the same order and agree bit for bit; ties go to the lowest class.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from PartialSegLib.inference.interpolation import AxisMap, axis_map

LabelPlane = Callable[[Any, AxisMap, AxisMap], np.ndarray]


def label_plane(plane: Any, y: AxisMap, x: AxisMap) -> np.ndarray:
    """Labels uint8 (len(y), len(x)) of `plane`, float32 logits (C, my, mx), an array or a tensor on any device."""
    import torch

    plane = torch.as_tensor(plane)
    indices, weights = (y.low, y.high, x.low, x.high), (y.w_low, y.w_high, x.w_low, x.w_high)
    # int64 is the only kind of index that every torch back end takes.
    y_low, y_high, x_low, x_high = (torch.as_tensor(index, device=plane.device).long() for index in indices)
    v_low, v_high, w_low, w_high = (torch.as_tensor(weight, device=plane.device) for weight in weights)
    rows = plane[:, y_low] * v_low[:, None] + plane[:, y_high] * v_high[:, None]
    best = rows[0][:, x_low] * w_low + rows[0][:, x_high] * w_high
    labels = torch.zeros(best.shape, dtype=torch.uint8, device=plane.device)
    for index in range(1, len(rows)):
        value = rows[index][:, x_low] * w_low + rows[index][:, x_high] * w_high
        labels.masked_fill_(value > best, index)
        best = torch.maximum(best, value)
    return labels.cpu().numpy()


@cache
def load_fused() -> LabelPlane | None:
    """`label_plane` for NumPy arrays, compiled, running without the interpreter lock; None where numba is missing."""
    try:
        from numba import njit
    except ImportError:
        return None
    try:
        kernel = njit(nogil=True, cache=True)(_label_plane)
    except RuntimeError:  # no folder where numba could keep what it compiled: compile in every process
        kernel = njit(nogil=True)(_label_plane)

    def fused(plane: np.ndarray, y: AxisMap, x: AxisMap) -> np.ndarray:
        return kernel(plane, y.low, y.high, y.w_low, y.w_high, x.low, x.high, x.w_low, x.w_high)

    point = axis_map(1, 1)
    fused(np.zeros((1, 1, 1), np.float32), point, point)  # numba compiles, or reads its cache, at the first call
    return fused


def _label_plane(plane, y_low, y_high, v_low, v_high, x_low, x_high, w_low, w_high):
    """The fused kernel. Without fastmath LLVM keeps every product and sum apart, hence the exact agreement."""
    classes, _, width = plane.shape
    ny, nx = len(y_low), len(x_low)
    labels = np.empty((ny, nx), np.uint8)
    row = np.empty(width, np.float32)
    best = np.empty(nx, np.float32)
    label = np.empty(nx, np.int32)
    for j in range(ny):
        for c in range(classes):
            low, high, a, b = plane[c, y_low[j]], plane[c, y_high[j]], v_low[j], v_high[j]
            for i in range(width):
                row[i] = low[i] * a + high[i] * b
            for i in range(nx):
                value = row[x_low[i]] * w_low[i] + row[x_high[i]] * w_high[i]
                better = c == 0 or value > best[i]
                best[i] = value if better else best[i]
                label[i] = c if better else label[i]
        for i in range(nx):
            labels[j, i] = label[i]
    return labels
