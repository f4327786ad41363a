"""The losses that are compared, each as a function from a case to a scalar."""

from collections.abc import Callable

from torch import Tensor

from Testing.benchmarks.losses.cases import LossCase
from Testing.benchmarks.losses.names import NAIVE, OURS, PLAIN

Loss = Callable[[LossCase], Tensor]


def contenders() -> dict[str, Loss]:
    """Name -> loss. The published defaults: MONAI's sees complete labels, the others what the case says."""
    from monai.losses import DiceCELoss

    from partialseg_training.losses.ambiguity import SelfDisambiguationLoss
    from Testing.benchmarks.losses.naive import naive_loss

    ours, plain = SelfDisambiguationLoss(), DiceCELoss(softmax=True, to_onehot_y=True)
    return {
        OURS: lambda case: ours(case.logits, case.supervision)["loss"],
        PLAIN: lambda case: plain(case.logits, case.labels[:, None]),
        NAIVE: naive_loss,
    }


def forward_backward(loss: Loss, case: LossCase) -> float:
    """One step of training as far as the loss is concerned; returns its value."""
    case.logits.grad = None
    value = loss(case)
    value.backward()
    return value.item()
