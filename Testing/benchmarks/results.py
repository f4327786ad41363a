"""What the parts return."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Measurement:
    """One contender, one entry per round.

    seconds: of the work that is compared. peak_bytes: empty where it could not be told. stages: seconds of each.
    facts: what else there is to say, e.g. {"windows": 48}.
    """

    name: str
    seconds: list[float]
    peak_bytes: list[int] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """A number of every round and the target for its median; unit "x" is a ratio."""

    what: str
    values: list[float]
    unit: str = "x"
    target: float | None = None
    at_least: bool = True

    @property
    def median(self) -> float:
        """The number that is compared with the target."""
        return median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.median >= self.target if self.at_least else self.median <= self.target

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        spread = {"median": self.median, "low": min(self.values), "high": max(self.values)}
        goal = {"target": self.target, "at_least": self.at_least, "met": self.met}
        return {"what": self.what, "unit": self.unit, **spread, **goal, "values": self.values}


@dataclass(frozen=True)
class Part:
    """One comparison. failures: contender -> why it has no measurement."""

    title: str
    measurements: list[Measurement] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


def ratio(
    what: str, above: Sequence[float], below: Sequence[float], target: float | None = None, at_least: bool = True
) -> list[Check]:
    """The ratio of two contenders round by round: what slows both in a round cancels. Empty where one is missing."""
    values = [a / b for a, b in zip(above, below, strict=False) if b > 0]
    return [Check(what, values, "x", target, at_least)] if values else []
