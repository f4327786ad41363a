"""Work cut into steps short enough for the thread that also draws the window.

What takes longer than a frame is written once, as a generator that yields the fraction done (0 to 1) after every step
and returns its result. A timer of the GUI takes the steps one by one; everybody else calls `run`.
"""

from collections.abc import Generator, Iterator
from typing import Any, TypeVar

T = TypeVar("T")
Steps = Generator[float, None, T]

_VOXELS_PER_STEP = 1_000_000


def run(steps: Generator[Any, None, T]) -> T:
    """Take all steps at once and return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value


def slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of the first axis of an array of `shape` (z, y, x), each with as many voxels as one step may treat."""
    per_plane = max(1, shape[1] * shape[2])
    thickness = max(1, _VOXELS_PER_STEP // per_plane)
    for first in range(0, shape[0], thickness):
        yield slice(first, min(first + thickness, shape[0]))
