"""Which reading a case is trained with: the `label` of its case.json."""

import json
from pathlib import Path

from PartialSegLib.annotation.reading_files import READINGS, ReadingFiles
from PartialSegLib.errors import UserError


def case_file(case_folder: Path) -> Path:
    """The case.json of a case; UserError when the folder, or the drive it is on, is gone or is no case."""
    from PartialSegLib.dataset.load import CASE_FILE

    if not case_folder.is_dir():
        raise UserError(f"{case_folder} is not there: connect the drive that holds the dataset, or open another one")
    path = case_folder / CASE_FILE
    if not path.is_file():
        raise UserError(f"{case_folder} is no case, it has no {CASE_FILE}: open a folder of cases")
    return path


def pointing_to(files: ReadingFiles, *, from_another: bool = False) -> str | None:
    """Text of a case.json whose label is this reading; None when it stays as it is.

    A case that has a reading for its label keeps it, unless `from_another`. Any other label gives way: a reading starts
    with what it says.
    """
    from PartialSegLib.dataset.declared import DECLARED

    path = case_file(files.case)
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}): correct it") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} must hold one JSON object: correct the file")
    mine, label = f"{READINGS}/{files.now.labels.name}", values.get("label")
    is_reading = isinstance(label, str) and Path(label).parts[:1] == (READINGS,)
    if label == mine or (is_reading and not from_another):
        return None
    # What is declared is of the old label file; a reading brings its own.
    kept = {name: value for name, value in values.items() if name not in DECLARED}
    return json.dumps({**kept, "label": mine}, indent=1, ensure_ascii=False) + "\n"
