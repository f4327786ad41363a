"""The supervision of a batch: candidate sets, and where which structures are declared complete."""

from collections.abc import Callable
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

    @property
    def supervised(self) -> Tensor:
        """(B, Z, Y, X) bool: the voxels that cannot be everything."""
        return self.candidates != (1 << self.n_classes) - 1

    def sample(self, index: int) -> "Supervision":
        """One sample of the batch as a batch of its own."""
        return self._each(lambda tensor: tensor[index : index + 1])

    def to(self, device: torch.device | str) -> "Supervision":
        """The same supervision on another device."""
        return self._each(lambda tensor: tensor.to(device))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Supervision":
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: change(tensor) for name, tensor in tensors.items() if tensor is not None})
