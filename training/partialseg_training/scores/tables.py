"""Tables of an evaluation: rows are structures, columns are data sets; "88.7 (4.2) n=12" is mean (SD) and cases."""

from collections.abc import Mapping, Sequence
from typing import Any

Table = list[list[str]]
TITLES = {"dsc": "DSC, %", "nsd": "NSD at 2 mm, %", "hd95_mm": "HD95, mm"}
OVERALL = "all"
NONE = "-"


def score_table(summary: Mapping[str, Any], metric: str) -> Table:
    """Header and rows of one metric; the last rows are the mean over structures and the mean per subject.

    summary: what `summarise` returned. A column for all cases is added when there are several data sets; the interval
    is that of all cases.
    """
    groups = _groups(summary)
    whole = summary["overall"]
    names = [name for name, record in whole["structures"].items() if record[metric]]
    table = [["structure", *groups, "95 % interval"]]
    for name in names:
        cells = [cell(group["structures"].get(name, {}).get(metric), metric) for group in groups.values()]
        table.append([name, *cells, interval(whole["structures"][name][metric], metric)])
    for title, key in (("mean over structures", "over_structures"), ("mean per subject", "per_subject")):
        counted = key == "per_subject"
        cells = [cell(group[key][metric], metric, counted) for group in groups.values()]
        table.append([title, *cells, interval(whole[key][metric], metric)])
    return table


def absent_table(summary: Mapping[str, Any]) -> Table:
    """Header and rows: structures that are known absent, and what was predicted of them; empty without any."""
    absent = summary["overall"]["known_absent"]
    if not absent:
        return []
    rows = [
        [name, str(r["n"]), str(r["predicted_in"]), f"{r['mean_ml']:.1f}", f"{r['most_ml']:.1f}"]
        for name, r in absent.items()
    ]
    return [["known absent", "cases", "predicted in", "mean, mL", "most, mL"], *rows]


def comparison_table(comparison: Mapping[str, Any], metric: str) -> Table:
    """Header and rows: per structure the paired difference in points, its interval, wins / ties / losses."""
    record = comparison["metrics"][metric]
    table = [["structure", "pairs", "difference (SD)", "95 % interval", "wins", "ties", "losses"]]
    for name, pairs in [*record["structures"].items(), ("mean per subject", record["per_subject"])]:
        if pairs:
            counts = [str(pairs[key]) for key in ("wins", "ties", "losses")]
            difference = cell(pairs, metric, counted=False, sign="+")
            table.append([name, str(pairs["n"]), difference, interval(pairs, metric, "+"), *counts])
    return table


def changes_table(comparison: Mapping[str, Any], metric: str) -> Table:
    """Header and rows: the cases whose mean changed most."""
    rows = [
        [c["case"], f"{100 * c['difference']:+.1f}", c["structure"], f"{100 * c['structure_difference']:+.1f}"]
        for c in comparison["metrics"][metric]["changed_most"]
    ]
    return [["case", "difference", "most in", "there"], *rows]


def markdown(table: Table) -> str:
    """A table in Markdown; the first column is text, the others are numbers."""
    if not table:
        return ""
    header, *rows = ([text.replace("|", "\\|") for text in row] for row in table)
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(record: Mapping[str, Any] | None, metric: str, counted: bool = True, sign: str = "") -> str:
    """ "88.7 (4.2) n=12" in % (HD95: mm); without (SD) for a single case; "-" where nothing was measured."""
    if not record:
        return NONE
    scale = _scale(metric)
    deviation = "" if record["sd"] is None else f" ({record['sd'] * scale:.1f})"
    count = f" n={record['n']}" if counted else ""
    return f"{record['mean'] * scale:{sign}.1f}{deviation}{count}"


def interval(record: Mapping[str, Any] | None, metric: str, sign: str = "") -> str:
    """ "86.1 to 90.4", or "-" where there are too few cases."""
    if not record or not record["interval"]:
        return NONE
    low, high = (end * _scale(metric) for end in record["interval"])
    return f"{low:{sign}.1f} to {high:{sign}.1f}"


def long_table(summary: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """One record per structure, data set and metric, for a CSV file: scores in [0, 1], distances in mm."""
    records = []
    for column, group in _groups(summary).items():
        lines = [*group["structures"].items()]
        lines += [("mean over structures", group["over_structures"]), ("mean per subject", group["per_subject"])]
        for name, spreads in lines:
            for metric in TITLES:
                record = spreads[metric]
                if record:
                    low, high = record["interval"] or (None, None)
                    numbers = {"n": record["n"], "mean": record["mean"], "sd": record["sd"], "low": low, "high": high}
                    records.append({"structure": name, "dataset": column, "metric": metric, **numbers})
    return records


def _groups(summary: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    groups = dict(summary["datasets"])
    return groups if len(groups) == 1 else {**groups, OVERALL: summary["overall"]}


def _scale(metric: str) -> float:
    return 1.0 if metric == "hd95_mm" else 100.0
