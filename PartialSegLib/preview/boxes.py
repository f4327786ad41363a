"""Where each label lies in an array."""

from collections.abc import Collection

import numpy as np
from scipy import ndimage


def label_boxes(labels: np.ndarray, values: Collection[int]) -> dict[int, tuple[slice, ...]]:
    """The bounding box of each of `values` that occurs in an integer array of any dimension."""
    boxes = ndimage.find_objects(labels, max_label=max(values, default=1))
    return {value: box for value, box in enumerate(boxes, start=1) if box is not None and value in values}
