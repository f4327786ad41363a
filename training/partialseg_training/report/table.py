"""The table of an experiment: methods by supervision, mean (standard deviation) over seeds."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

from partialseg_training.scores.tables import Table, markdown

NONE = "-"


@dataclass(frozen=True)
class ResultRow:
    """One trained model. dsc: structure -> mean DSC over test cases in [0, 1]; mean_dsc: over structures or subjects.

    annotated_voxels: voxels whose label was known in training. seconds: of training.
    """

    method: str
    supervision: str
    seed: int
    dsc: dict[str, float] = field(hash=False)
    mean_dsc: float
    annotated_voxels: int
    seconds: float


def results_table(rows: Sequence[ResultRow]) -> str:
    """Markdown: one row a method, one column a kind of supervision, mean DSC in %, (SD over seeds) and n seeds."""
    return markdown(results_cells(rows))


def results_html(rows: Sequence[ResultRow]) -> str:
    """The same as an HTML table."""
    header, *body = results_cells(rows)
    lines = ["<tr>" + "".join(f"<th>{escape(text)}</th>" for text in header) + "</tr>"]
    for name, *cells in body:
        lines.append(f"<tr><th>{escape(name)}</th>" + "".join(f"<td>{escape(c)}</td>" for c in cells) + "</tr>")
    return f"<table>{''.join(lines)}</table>"


def results_cells(rows: Sequence[ResultRow]) -> Table:
    """Header and rows of the table; methods and supervisions in the order they first occur."""
    methods = list(dict.fromkeys(row.method for row in rows))
    kinds = list(dict.fromkeys(row.supervision for row in rows))
    found = {(m, k): [r for r in rows if (r.method, r.supervision) == (m, k)] for m in methods for k in kinds}
    table = [["method", *kinds, "minutes"]]
    for method in methods:
        minutes = np.mean([row.seconds for row in rows if row.method == method]) / 60
        table.append([method, *(_cell(found[method, kind]) for kind in kinds), f"{minutes:.1f}"])
    return table


def _cell(rows: Sequence[ResultRow]) -> str:
    if not rows:
        return NONE
    numbers = 100 * np.array([row.mean_dsc for row in rows])
    deviation = f" ({numbers.std(ddof=1):.1f})" if len(numbers) > 1 else ""
    return f"{numbers.mean():.1f}{deviation} n={len(numbers)}"
