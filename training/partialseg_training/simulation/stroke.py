"""One stroke of a pen inside a flat region, as a person scribbles: a line along the middle, without branches.

A skeleton has spurs and rings, and depends on a library's thinning; the shortest path between the two ends of a
region, where steps near the border cost more, is the same line for less.
"""

import numpy as np
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra

_SMALLEST_PART = 0.1  # of the largest connected part of a region; smaller ones get no stroke
_TRIMMED = 0.1  # of a line's points at either end, where a person stops short of the border
_NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
_DIAGONALS = np.ones((3, 3), bool)


def stroke(region: np.ndarray, pixel: tuple[float, float]) -> np.ndarray:
    """A line one pixel wide inside each larger connected part of `region` (rows, columns) bool; same shape, bool.

    Never outside the region, off its border wherever it is three pixels wide or more, never empty unless the region is.
    `pixel` is (row, column) size in mm.
    """
    drawn = np.zeros(region.shape, bool)
    parts, count = ndimage.label(region, _DIAGONALS)
    if not count:
        return drawn
    sizes = np.bincount(parts.ravel())[1:]
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        if sizes[number - 1] >= _SMALLEST_PART * sizes.max():
            drawn[box] |= _line(parts[box] == number, pixel)
    return drawn


def _line(part: np.ndarray, pixel: tuple[float, float]) -> np.ndarray:
    depth = ndimage.distance_transform_edt(np.pad(part, 1), sampling=pixel)[1:-1, 1:-1].astype(np.float32)
    inner = part & ndimage.binary_erosion(part, _DIAGONALS)
    nodes = np.flatnonzero(inner if inner.any() else part)
    lengths, costs = _steps(nodes, depth, pixel)
    deepest = int(depth.ravel()[nodes].argmax())
    first = _farthest(lengths, deepest)
    last = _farthest(lengths, first)
    path = _path(costs, first, last)
    trimmed = int(_TRIMMED * len(path))
    line = np.zeros(part.shape, bool)
    line.ravel()[nodes[path[trimmed : len(path) - trimmed]]] = True
    return line


def _steps(
    nodes: np.ndarray, depth: np.ndarray, pixel: tuple[float, float]
) -> tuple[sparse.csr_array, sparse.csr_array]:
    """Two graphs over the pixels `nodes` (flat indices): the length of each step in mm, and its cost."""
    numbers = np.full(np.add(depth.shape, 2), -1)
    numbers[1:-1, 1:-1].flat[nodes] = np.arange(len(nodes))
    rows, columns = np.divmod(nodes, depth.shape[1])
    shallow = float(depth.max()) / depth.ravel()[nodes]
    starts, ends, lengths = [], [], []
    for down, right in _NEIGHBOURS:
        other = numbers[rows + 1 + down, columns + 1 + right]
        there = np.flatnonzero(other >= 0)
        starts.append(there)
        ends.append(other[there])
        lengths.append(np.full(len(there), np.hypot(down * pixel[0], right * pixel[1])))
    start, end, length = np.concatenate(starts), np.concatenate(ends), np.concatenate(lengths)
    shape = (len(nodes), len(nodes))
    cost = length * (0.5 * (shallow[start] + shallow[end])) ** 2
    return sparse.csr_array((length, (start, end)), shape), sparse.csr_array((cost, (start, end)), shape)


def _farthest(lengths: sparse.csr_array, start: int) -> int:
    distance = dijkstra(lengths, directed=False, indices=start)
    return int(np.where(np.isfinite(distance), distance, -1).argmax())


def _path(costs: sparse.csr_array, first: int, last: int) -> np.ndarray:
    _, before = dijkstra(costs, directed=False, indices=first, return_predecessors=True)
    path = [last]
    while path[-1] != first:
        path.append(int(before[path[-1]]))
    return np.array(path)
