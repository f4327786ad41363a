"""Many cases: one result each, finished ones skipped, a bad one reported while the rest goes on."""

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.cli.case import Options, open_engine, segment_case
from PartialSegLib.cli.cases import Case
from PartialSegLib.cli.console import NOTICE, print_json, print_table, progress_bar
from PartialSegLib.cli.failure import DONE, SOME_FAILED, describe
from PartialSegLib.cli.outputs import check_writable, staged
from PartialSegLib.cli.record import Record, case_key, hashes
from PartialSegLib.errors import UserError

if TYPE_CHECKING:
    from PartialSegLib.inference.engine import Engine

ALL_CASES = "statistics.csv"


def run_batch(
    cases: Sequence[Case], folder: Path, previews: Path | None, options: Options, as_json: bool, quiet: bool
) -> int:
    """Segment `cases` into `folder`; returns 3 when some failed, else 0.

    Each case gets NAME.seg.nrrd, NAME.statistics.csv and NAME.json (its record); all together statistics.csv.
    Raises UserError for what concerns every case: the output folder, the model, the device, a structure's name.
    """
    _check_folder(folder, options.overwrite)
    if previews is not None:
        check_writable(previews)
    engine = open_engine(options)
    reports: dict[str, dict[str, Any]] = {}
    failures: dict[str, str] = {}
    skipped: list[str] = []
    for number, case in enumerate(cases, start=1):
        with progress_bar(f"[{number}/{len(cases)}] {case.name}", quiet) as progress:
            try:
                report, is_new = _one(engine, case, folder, previews, options, progress)
            except Exception as error:
                failures[case.name] = describe(error)
                print(f"partialseg: {case.name}: {failures[case.name]}", file=sys.stderr)
                continue
        reports[case.name] = report
        if not is_new:
            skipped.append(case.name)
    _write_all(folder / ALL_CASES, reports)
    _print_summary(folder, reports, failures, skipped, as_json, quiet)
    return SOME_FAILED if failures else DONE


def _one(
    engine: "Engine", case: Case, folder: Path, previews: Path | None, options: Options, progress: Any
) -> tuple[dict[str, Any], bool]:
    """The report of one case, and whether it was segmented just now."""
    if not case.source.exists():
        raise UserError(f"{case.source} does not exist: correct the list")
    outputs = {"segmentation": folder / f"{case.name}.seg.nrrd", "statistics": folder / f"{case.name}.statistics.csv"}
    if previews is not None:
        outputs["preview"] = previews / f"{case.name}.png"
    results = list(outputs.values())
    record_path = folder / f"{case.name}.json"
    key = case_key(case.source, engine.bundle, options)
    record = Record.read(record_path)
    is_ours = record is not None and record.key == key
    # Results that a person has corrected since are finished too, unless --overwrite asks for the computed ones.
    if record and is_ours and record.has_all(results) and not (options.overwrite and not record.vouches_for(results)):
        return record.report, False
    # What is left of an incomplete set of results may be made again.
    overwrite = options.overwrite or bool(record and is_ours and record.vouches_for(results))
    if not overwrite:
        _check_free([*results, record_path])
    result = segment_case(engine, case.source, options, progress)
    # The record comes last: it vouches for files that are there.
    with staged({**outputs, "record": record_path}, overwrite) as paths:
        written = {what: paths[what] for what in outputs}
        result.save(written)
        report = result.report(case.source, outputs)
        Record(key, hashes(outputs, written), report).write(paths["record"])
    return report, True


def _check_folder(folder: Path, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file, but several cases need a folder: name a folder")
    check_writable(folder)
    table = folder / ALL_CASES
    if table.exists() and not overwrite and not _is_ours(table):
        raise UserError(f"{table} exists already and is not ours: choose another folder or pass --overwrite")


def _is_ours(table: Path) -> bool:
    from PartialSegLib.statistics import header

    try:
        with open(table, encoding="utf-8", newline="") as file:
            return next(csv.reader(file), []) == header(with_case=True)
    except (OSError, UnicodeDecodeError):
        return False


def _check_free(paths: Sequence[Path]) -> None:
    taken = [path for path in paths if path.exists()]
    if taken:
        raise UserError(
            f"{taken[0]} exists already and belongs to another input, model or setting: "
            "choose another folder or pass --overwrite"
        )


def _write_all(path: Path, reports: Mapping[str, dict[str, Any]]) -> None:
    from PartialSegLib.statistics import Row, write_csv

    if reports:
        write_csv(path, {name: [Row(**row) for row in r["structures"]] for name, r in reports.items()}, with_case=True)


def _print_summary(
    folder: Path,
    reports: Mapping[str, dict[str, Any]],
    failures: Mapping[str, str],
    skipped: Sequence[str],
    as_json: bool,
    quiet: bool,
) -> None:
    if as_json:
        print_json({"output": str(folder), "cases": reports, "failed": failures, "skipped": skipped})
        return
    if quiet:
        return
    rows = [
        [
            name,
            "finished before" if name in skipped else f"{report['seconds']['total']:.1f} s",
            report["modality"].upper(),
        ]
        for name, report in reports.items()
    ]
    rows += [[name, "failed", reason] for name, reason in failures.items()]
    print_table(("Case", "Result", ""), rows)
    print(
        f"{len(reports) - len(skipped)} segmented, {len(skipped)} finished before, {len(failures)} failed; in {folder}"
    )
    print(NOTICE)
