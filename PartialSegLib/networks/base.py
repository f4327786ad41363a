"""What all networks have in common: features at two depths, a head, and a rule which windows fit."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from PartialSegLib.errors import UserError


class Network(nn.Module):
    """A body that computes `features` and a 1 x 1 x 1 convolution `head` that turns the finest into logits.

    divisor: every axis of a window is a multiple of it; (z, y, x) where the axes differ.
    deep_channels, fine_channels: features per voxel of the deepest and of the finest level.
    """

    divisor: int | tuple[int, int, int]
    deep_channels: int
    fine_channels: int
    head: nn.Module
    # Axes (z, y, x) that instance normalisation averages over: it needs two voxels there even at the deepest level.
    averaged_axes: tuple[int, ...] = (0, 1, 2)
    # Whether a trace of the network only holds for windows of the size that it was made with.
    is_trace_fixed: bool = False

    def features(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """(B, in_channels, Z, Y, X) -> deepest (B, deep_channels, z, y, x), finest (B, fine_channels, Z, Y, X)."""
        raise NotImplementedError

    def forward(self, image: Tensor) -> Tensor:
        """(B, in_channels, Z, Y, X) -> logits (B, n_classes, Z, Y, X); UserError when the window does not fit."""
        if not torch.jit.is_tracing():
            self.require_window(image.shape[2:])
        return self.head(self.features(image)[1])

    def example_window(self, window: Sequence[int]) -> tuple[int, ...]:
        """The smallest window (z, y, x) whose trace has the graph that windows of size `window` have."""
        if any(getattr(module, "is_trace_fixed", False) for module in self.modules()):
            return tuple(window)
        return tuple(min(n, 2 * d) for n, d in zip(window, self._divisors(), strict=True))

    def require_window(self, size: Sequence[int]) -> None:
        """Raise UserError when windows of `size` (z, y, x) voxels do not fit the network."""
        divisors = self._divisors()
        is_multiple = all(n >= d and n % d == 0 for n, d in zip(size, divisors, strict=True))
        if is_multiple and any(size[axis] > divisors[axis] for axis in self.averaged_axes):
            return
        is_cubic = isinstance(self.divisor, int)
        axes = "every axis must be a multiple" if is_cubic else "z, y and x must be multiples"
        raise UserError(
            f"windows of {_sizes(size)} voxels do not fit network {type(self).__name__}: {axes} of "
            f"{self.divisor if is_cubic else _sizes(divisors)}, and the longest at least {2 * max(divisors)}"
        )

    def _divisors(self) -> tuple[int, int, int]:
        return (self.divisor,) * 3 if isinstance(self.divisor, int) else self.divisor


def _sizes(size: Sequence[int]) -> str:
    return " x ".join(str(int(n)) for n in size)
