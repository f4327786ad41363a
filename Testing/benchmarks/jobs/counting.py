"""How many windows a network saw."""

from typing import Any


class WindowCounter:
    """Counts the windows that pass a torch module from now on."""

    def __init__(self, network: Any) -> None:
        self.count = 0
        network.register_forward_hook(self._add)

    def _add(self, module: Any, inputs: tuple, output: Any) -> None:
        self.count += len(output)
