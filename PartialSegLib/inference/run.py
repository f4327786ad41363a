"""One prepared volume on its way through the network: windows, stitching, labels."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.inference.backends import Backend
from PartialSegLib.inference.body import Body
from PartialSegLib.inference.confidence import ConfidenceMeter
from PartialSegLib.inference.export import LabelWriter
from PartialSegLib.inference.hardware import usable_cpus
from PartialSegLib.inference.interpolation import axis_map
from PartialSegLib.inference.learnt import only_learnt
from PartialSegLib.inference.memory import finest_width, require_memory, run_bytes, windows_at_once
from PartialSegLib.inference.progress import Stopwatch
from PartialSegLib.inference.stitching import Array, Stitcher, field_of
from PartialSegLib.inference.windows import Index, Row, importance_map, plan_rows
from PartialSegLib.preprocessing import Prepared

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle

# What the progress bar shows before and after the windows.
_BEFORE, _AFTER = 0.1, 0.97


class Run:
    """Plans the windows over a prepared volume; `labels` then runs them.

    Raises UserError when memory does not suffice.
    """

    def __init__(
        self, bundle: "Bundle", backend: Backend, prepared: Prepared, body: Body, overlap: float, clock: Stopwatch
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._patch = bundle.patch_size
        self._n_classes = bundle.label_set.n_classes
        self._unlearnt, self._independent = list(bundle.unlearnt), bundle.independent
        self._shape = prepared.source_shape
        self._field, origin = field_of(prepared.array, body.start, body.stop, self._patch)
        self._inside = tuple(slice(a - o, b - o) for a, b, o in zip(body.start, body.stop, origin, strict=True))
        axes = zip(self._shape, prepared.array.shape, body.start, body.stop, origin, strict=True)
        self._maps = [axis_map(*axis) for axis in axes]
        if bundle.resample == "labels":
            self._maps = [axis.nearest() for axis in self._maps]
        self._rows = plan_rows(
            self._field.shape, self._patch, overlap, lambda a, b: body.touches(_plus(a, origin), _plus(b, origin))
        )
        self.n_windows = sum(len(row.corners) for row in self._rows)
        width = finest_width(bundle.network_config)
        require_memory(run_bytes(self._shape, self._field.shape, self._patch, self._n_classes, width))
        self._at_once = windows_at_once(backend.free_bytes(), self._patch, self._n_classes, width)

    def labels(self, kept: list[int]) -> tuple[np.ndarray, ConfidenceMeter]:
        """Labels on the input's LPS grid, all but the `kept` values as background, and how sure the network was."""
        written = np.zeros(self._n_classes, np.uint8)
        written[kept] = kept
        meter = ConfidenceMeter(self._n_classes)
        z, y, x = self._inside
        with ThreadPoolExecutor(usable_cpus()) as threads:
            writer = LabelWriter(self._shape, self._maps, written, threads)
            for first, fresh, logits in self._finished_slices(threads):
                with self._clock.stage("export"):
                    writer.write(logits, first)
                with self._clock.stage("confidence"):
                    inside = slice(max(fresh, z.start) - first, max(0, z.stop - first))
                    meter.add(logits[:, inside, y, x], threads)
        return writer.labels, meter

    def _finished_slices(self, threads: Executor) -> Iterator[tuple[int, int, Array]]:
        """Yield (field slice that the logits start at, first slice not yielded before, logits (C, n, y, x))."""
        with self._clock.stage("network"):
            place = self._backend.place
            stitcher = Stitcher(place, self._n_classes, self._field.shape[1:], importance_map(self._patch), threads)
        done = 0
        for row in self._rows:
            for corners in _batches(row.corners, self._at_once):
                self._clock.report("segment", _BEFORE + (_AFTER - _BEFORE) * done / self.n_windows)
                self._add_windows(stitcher, row, corners)
                done += len(corners)
            with self._clock.stage("stitch"):
                first, logits = stitcher.finish(row.final)
                _require_finite(logits, self._backend.precision)
            yield first, row.start, logits
            with self._clock.stage("stitch"):
                stitcher.advance(row.final)

    def _add_windows(self, stitcher: Stitcher, row: Row, corners: tuple[tuple[int, int], ...]) -> None:
        """Run one batch of windows of a row and add what comes out."""
        starts = [(row.start, *corner) for corner in corners]
        places = [tuple(slice(a, a + n) for a, n in zip(start, self._patch, strict=True)) for start in starts]
        with self._clock.stage("network"):
            batch = self._backend(np.stack([self._field[place] for place in places])[:, None])
        with self._clock.stage("stitch"):
            batch = only_learnt(batch, self._unlearnt, self._independent)
            for logits, corner in zip(batch, corners, strict=True):
                stitcher.add(logits, corner)


def _require_finite(logits: Array, precision: str) -> None:
    # One number stands for all: what is not finite stays so in a sum.
    if not np.isfinite(float(logits.sum())):
        raise UserError(
            f"the network computed values that are no numbers in {precision}: "
            "use the accurate preset, or install the model again if that does not help"
        )


def _batches(items: tuple, size: int) -> Iterator[tuple]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _plus(index: Index, offset: Index) -> Index:
    return index[0] + offset[0], index[1] + offset[1], index[2] + offset[2]
