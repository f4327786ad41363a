"""The numbers of the code published with Chen et al. (CVPR 2024), which differ from the paper's equations.

It is here to compare with: what it does otherwise than `ambiguity.SelfDisambiguationLoss` is written in the class.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from partialseg_training.losses.supervision import Supervision
from partialseg_training.losses.targets import known_label

_SMALLEST = 1e-6


@dataclass(frozen=True)
class Chen2024Loss:
    """Focal cross entropy + Dice + lambda * entropy as the published code reckons them; fields as in `ambiguity`.

    - Logarithms are of probabilities clamped to [1e-6, 1 - 1e-6]: surely wrong voxels have no gradient through them.
    - Dice is averaged over the labels that are present, 0 included, not over {0} and Phi_M.
    - In a slice, Phi_M is what is present there, and slices without a painted voxel are left out: what is known to be
      absent does not count. (Of a volume, the code takes what is present in the whole of it, beyond the patch; here,
      what is declared.)
    - In a slice, the merged background of Dice sums all channels, which is 1 whatever the network says.
    - Voxels are counted once for every axis that they lie in a slice of; unknown ones (unions, the outside of the
      image) are taken for unpainted.
    - lambda is `entropy_unannotated` where the patch has no painted voxel, even if absence is declared.

    A sample whose volume declares structures is taken volume-wise, one with slice records otherwise slice-wise. The
    published runs had one sample on each GPU; so here, too, a sample without annotated slices counts as 0.
    """

    gamma: float = 2.0
    epsilon: float = 1.0
    entropy: float = 1.0
    entropy_unannotated: float = 3.0

    def __call__(self, logits: Tensor, supervision: Supervision) -> dict[str, Tensor]:
        """The terms "focal_ce", "dice", "entropy" (weighted) and their sum "loss"; scalars connected to the graph."""
        probabilities = torch.softmax(logits.to(torch.promote_types(logits.dtype, torch.float32)), 1)
        painted = known_label(supervision.candidates).clamp(min=0)
        samples = []
        for i, (p, y) in enumerate(zip(probabilities, painted, strict=True)):
            weight = self.entropy if bool(y.any()) else self.entropy_unannotated
            samples.append(torch.stack([*self._sample(p, y, supervision, i), weight * _entropy(p)]))
        focal_ce, dice, entropy = torch.stack(samples).mean(0)
        return {"loss": focal_ce + dice + entropy, "focal_ce": focal_ce, "dice": dice, "entropy": entropy}

    def _sample(self, p: Tensor, y: Tensor, supervision: Supervision, i: int) -> tuple[Tensor, Tensor]:
        tables = (supervision.z, supervision.y, supervision.x)
        declared = [(axis, table[i].any(1)) for axis, table in enumerate(tables) if table is not None]
        declared = [(axis, rows) for axis, rows in declared if bool(rows.any())]
        if bool(supervision.volume[i].any()) or not declared:
            units = _Units(p.flatten(1)[:, None], y.flatten()[None], supervision.volume[i][None])
            return self._focal_ce(units), self._dice(units, units.merged)
        axes = [_slices(p, y, axis, rows) for axis, rows in declared]
        axes = [units for units in axes if len(units.y)]
        if not axes:
            return p.sum() * 0, p.sum() * 0
        focal_ce = torch.stack([self._focal_ce(units) for units in axes])
        dice = torch.stack([self._dice(units, units.p.sum(0)) for units in axes])
        return focal_ce.mean(), dice.mean()

    def _focal_ce(self, units: "_Units") -> Tensor:
        q = torch.where(units.y == 0, units.merged, units.p.gather(0, units.y[None])[0])
        return (-((1 - q) ** self.gamma) * torch.log(q.clamp(_SMALLEST, 1 - _SMALLEST))).mean()

    def _dice(self, units: "_Units", background: Tensor) -> Tensor:
        """Mean over the units; background: (n, v), what counts as the probability of class 0."""
        p = torch.cat([background[None], units.p[1:]])
        onehot = torch.stack([units.y == c for c in range(len(p))])
        target = onehot.sum(2)
        dice = (2 * (p * onehot).sum(2) + self.epsilon) / (p.sum(2) + target + self.epsilon)
        present = target > 0
        return (1 - (dice * present).sum(0) / present.sum(0)).mean()


class _Units(NamedTuple):
    """n slices, or one volume, of v voxels: probabilities (C, n, v), labels (n, v), Phi_M (n, C)."""

    p: Tensor
    y: Tensor
    phi: Tensor

    @property
    def merged(self) -> Tensor:
        """Equation 3: the probability of everything outside Phi_M, (n, v)."""
        return (self.p * ~self.phi.T[..., None]).sum(0)


def _slices(p: Tensor, y: Tensor, axis: int, rows: Tensor) -> _Units:
    """The declared slices across an axis that have a painted voxel."""
    p, y = p.movedim(1 + axis, 1)[:, rows].flatten(2), y.movedim(axis, 0)[rows].flatten(1)
    painted = y.any(1)
    p, y = p[:, painted], y[painted]
    phi = torch.stack([(y == c).any(1) for c in range(len(p))], 1)
    phi[:, 0] = False
    return _Units(p, y, phi)


def _entropy(p: Tensor) -> Tensor:
    return -(p * torch.log(p.clamp(_SMALLEST, 1 - _SMALLEST))).sum(0).mean()
