"""Scalars and pictures for TensorBoard, if it is installed."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch.utils.tensorboard.writer import SummaryWriter


class Board:
    """Writes TensorBoard events into `folder`; does nothing where the package tensorboard is missing.

    first_step: events of later steps that a killed run left behind are hidden. Nothing is written before there is
    something to write.
    """

    def __init__(self, folder: Path, first_step: int = 0) -> None:
        self._folder, self._first_step = folder, first_step
        self._writer: SummaryWriter | None = None
        self._missing = False

    def scalars(self, step: int, values: dict[str, float]) -> None:
        """One point of each named curve."""
        if writer := self._open():
            for name, value in values.items():
                writer.add_scalar(name, value, step)

    def image(self, step: int, name: str, picture: np.ndarray) -> None:
        """A picture (rows, columns, 3) of 8 bits."""
        if writer := self._open():
            writer.add_image(name, picture, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is still held back."""
        if self._writer is not None:
            self._writer.close()

    def _open(self) -> "SummaryWriter | None":
        if self._writer is None and not self._missing:
            try:
                from torch.utils.tensorboard.writer import SummaryWriter
            except ImportError:
                self._missing = True
                return None
            purge = self._first_step + 1 if self._first_step else None
            self._writer = SummaryWriter(str(self._folder), purge_step=purge)
        return self._writer
