"""A network has an output for every structure of its label set, also for those that its training data said nothing of.

What it says of these means nothing, and may be much: nothing ever contradicted it.
"""

from typing import Any

import numpy as np

# Below every logit that a network gives, and small enough for half precision.
_NEVER = -100.0


def only_learnt(logits: Any, unlearnt: list[int], independent: bool) -> Any:
    """Logits (B, C, z, y, x), an array or a tensor, in which no unlearnt class can win; the input is left as it was.

    independent: each structure is decided by itself, so that the unlearnt ones are simply left out. Otherwise they were
    one with the background in training (whatever is none of the annotated structures), and their probability is its.
    """
    if not unlearnt:
        return logits
    background = [0, *unlearnt]
    if isinstance(logits, np.ndarray):
        result = logits.copy()
        if not independent:
            result[:, 0] = np.logaddexp.reduce(logits[:, background], axis=1)
    else:
        result = logits.clone()
        if not independent:
            result[:, 0] = logits[:, background].logsumexp(1)
    result[:, unlearnt] = _NEVER
    return result
