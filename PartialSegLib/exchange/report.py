"""What an export wrote, what it left out, and what the format could not say."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class ExportReport:
    """The outcome of one export.

    path: what was written. cases: names of the cases in it. failed: case -> why it could not be read or written.
    left_out: case -> why it has no place in this format. lost: one sentence for each thing that was said and that the
    format cannot say; empty when nothing was lost.
    """

    format: str
    path: Path
    cases: tuple[str, ...]
    lost: tuple[str, ...] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def words(self) -> str:
        """The report for people, one statement a line."""
        lines = [f"{self.format}: {counted(len(self.cases), 'case')} written."]
        lines += [f"Left out: {name}: {reason}." for name, reason in self.left_out.items()]
        lines += [f"Failed: {name}: {reason}." for name, reason in self.failed.items()]
        lines += ["Nothing was lost." if not self.lost else "What this format cannot say:"]
        return "\n".join([*lines, *(f"- {line}" for line in self.lost)]) + "\n"

    def to_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "format": self.format,
            "output": str(self.path),
            "cases": list(self.cases),
            "lost": list(self.lost),
            "failed": dict(self.failed),
            "left_out": dict(self.left_out),
        }


def counted(n: int, noun: str) -> str:
    """ "1 case", "2 cases"."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")
