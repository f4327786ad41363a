"""Coarse to fine: a first network at low resolution says where the second has to look.

As in PWS-Seg (FLARE 2023): the field of view of an abdominal CT is large, the structures fill a part of it.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from PartialSegLib.image import Volume
from PartialSegLib.inference.backends import Backend, make_backend
from PartialSegLib.inference.body import Body, box_around, find_body
from PartialSegLib.inference.progress import Stopwatch
from PartialSegLib.inference.run import Run
from PartialSegLib.modality import ModalityGuess

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle

# What the progress bar shows before and after.
_BEFORE, _AFTER = 0.05, 0.1


class Cascade:
    """Keeps the coarse network of `bundle` loaded; device, fast: see `make_backend`."""

    def __init__(self, bundle: "Bundle", coarse: "Bundle", device: str, fast: bool) -> None:
        self._bundle, self._coarse = bundle, coarse
        self._device, self._fast = device, fast
        self._backend: Backend | None = None

    def narrow(self, body: Body, volume: Volume, guess: ModalityGuess, overlap: float, clock: Stopwatch) -> Body:
        """`body` (on the grid of the fine network) with its box around the structures that the coarse network finds.

        As it was where nothing is found: a network that misses everything must not decide that there is nothing.
        Raises UserError when memory does not suffice.
        """
        found = self._segment(volume, guess, overlap, clock) > 0
        if not found.any():
            return body
        margins = [round(self._bundle.margin_mm / mm) for mm in self._bundle.preprocessing.spacing[::-1]]
        start, stop = box_around(found, body.shape, margins, self._bundle.patch_size)
        return replace(body, start=start, stop=stop)

    def _segment(self, volume: Volume, guess: ModalityGuess, overlap: float, clock: Stopwatch) -> np.ndarray:
        """Labels (z, y, x) uint8 on the coarse network's own grid."""
        coarse = self._coarse
        if self._backend is None:
            self._backend = make_backend(coarse, self._device, self._fast)
        prepared = coarse.preprocessing.apply(volume, guess.modality, guess.offset)
        body = find_body(prepared.array, guess.modality, coarse.preprocessing, coarse.patch_size)
        here = replace(prepared, source_shape=prepared.array.shape, undo=lambda array: array)
        steps = Stopwatch(lambda _, done: clock.report("coarse", _BEFORE + (_AFTER - _BEFORE) * done))
        run = Run(coarse, self._backend, here, body, overlap, steps)
        return run.labels([structure.value for structure in coarse.label_set])[0]
