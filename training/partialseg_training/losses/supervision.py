"""The supervision of a batch: candidate sets, and where which structures are declared complete."""

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Supervision:
    """What a batch of B patches says.

    candidates: S(v), (B, Z, Y, X) int32 bit sets, bit 0 background; all bits set where nothing is known.
    volume: Phi_M per volume, (B, C) bool, True where structure c is complete in the whole patch (column 0 is False).
    z, y, x: Phi_M per slice across that axis, (B, n, C) bool; None where no sample of the batch has slice records.
    """

    candidates: Tensor
    volume: Tensor
    z: Tensor | None = None
    y: Tensor | None = None
    x: Tensor | None = None

    @property
    def n_classes(self) -> int:
        """Structures and background."""
        return self.volume.shape[1]

    def to(self, device: torch.device | str) -> "Supervision":
        """The same supervision on another device."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self) if getattr(self, f.name) is not None}
        return replace(self, **moved)
