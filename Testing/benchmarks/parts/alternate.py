"""A, B, A, B, ...: what disturbs the machine for a while then disturbs all contenders."""

from collections.abc import Callable, Mapping

from Testing.benchmarks.children import FailedError, Outcome


def alternate(
    contenders: Mapping[str, Callable[[], Outcome]], rounds: int
) -> tuple[dict[str, list[Outcome]], dict[str, str]]:
    """Run all contenders in turn, `rounds` times; returns their outcomes, and why some have none.

    A contender that fails once is left out from then on.
    """
    outcomes: dict[str, list[Outcome]] = {name: [] for name in contenders}
    failures: dict[str, str] = {}
    for number in range(1, rounds + 1):
        for name, run in contenders.items():
            if name in failures:
                continue
            print(f"  round {number} of {rounds}: {name}", end="", flush=True)
            try:
                outcomes[name].append(run())
                print(f" {outcomes[name][-1].wall:.1f} s")
            except FailedError as error:
                failures[name] = str(error)
                print(f" failed: {error}")
    return {name: done for name, done in outcomes.items() if name not in failures}, failures
