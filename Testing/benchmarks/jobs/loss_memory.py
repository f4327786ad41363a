"""Memory that one loss takes on top of logits and labels, gradient included."""

from Testing.benchmarks.losses.cases import make_case
from Testing.benchmarks.losses.contenders import contenders, forward_backward
from Testing.benchmarks.peak import peak_bytes, restart_peak

_WARM_UP = 16


def run(kind: str, size: int, contender: str) -> dict:
    """{"peak_bytes": ...}, None where the system cannot tell."""
    loss = contenders()[contender]
    # What a library sets up once (threads, code) is no memory of the loss.
    forward_backward(loss, make_case(kind, _WARM_UP))
    case = make_case(kind, size)
    before = restart_peak()
    forward_backward(loss, case)
    return {"peak_bytes": None if before is None else peak_bytes() - before}
