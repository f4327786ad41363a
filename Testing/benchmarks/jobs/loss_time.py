"""Seconds of each loss, forward and backward, alternating in one process."""

import time

from Testing.benchmarks.losses.cases import make_case
from Testing.benchmarks.losses.contenders import contenders, forward_backward


def run(kind: str, size: int, rounds: int) -> dict:
    """{"seconds": {contender: [...]}, "values": {contender: loss}}."""
    case = make_case(kind, size)
    losses = contenders()
    values = {name: forward_backward(loss, case) for name, loss in losses.items()}
    seconds: dict[str, list[float]] = {name: [] for name in losses}
    for _ in range(rounds):
        for name, loss in losses.items():
            start = time.perf_counter()
            forward_backward(loss, case)
            seconds[name].append(time.perf_counter() - start)
    return {"seconds": seconds, "values": values}
