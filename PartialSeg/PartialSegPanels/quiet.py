"""Changing a widget without it telling anybody."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def quiet(widget: Any) -> Iterator[None]:
    """Signals of a widget are held back inside."""
    before = widget.blockSignals(True)
    try:
        yield
    finally:
        widget.blockSignals(before)
