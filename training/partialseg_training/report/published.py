"""What the papers report, to stand beside what an experiment finds."""

import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Ordering:
    """Results of one comparison in one paper, best first: name and number (`metric` says of what)."""

    paper: str
    where: str
    question: str
    metric: str
    results: tuple[tuple[str, float], ...]

    def __str__(self) -> str:
        ranks = " > ".join(f"{name} {number:g}" for name, number in self.results)
        return f"{self.question}: {ranks} ({self.metric}; {self.paper}, {self.where})"


def published_orderings() -> list[Ordering]:
    """The comparisons of the five papers whose methods are implemented here, as printed in their tables."""
    text = resources.files("partialseg_training.report").joinpath("published.json").read_text(encoding="utf-8")
    return [
        Ordering(**{**item, "results": tuple((name, number) for name, number in item["results"])})
        for item in json.loads(text)
    ]
