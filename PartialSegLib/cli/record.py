"""The side record of a finished case: which input, model and options its results belong to."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib import __version__
from PartialSegLib.cli.case import Options
from PartialSegLib.files import sha256

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle

# Headers whose voxels lie in another file.
_DETACHED = (".mhd", ".nhdr")


def case_key(source: Path, bundle: "Bundle", options: Options) -> dict[str, Any]:
    """What decides the result of a case. Two equal keys mean that segmenting again would change nothing."""
    structures = (
        None if options.structures is None else sorted({bundle.label_set.find(s).key for s in options.structures})
    )
    return {
        "input": input_hash(source),
        "model": sha256(bundle.path / "SHA256SUMS"),
        "partialseg": __version__,
        "preset": options.preset,
        "modality": options.modality,
        "structures": structures,
    }


def input_hash(source: Path) -> str | dict[str, str]:
    """SHA-256 of a file, or of every file of a DICOM folder or of a header with detached voxels, by name."""
    if source.is_dir():
        files = sorted(path for path in source.rglob("*") if path.is_file())
    elif source.suffix.lower() in _DETACHED:
        files = sorted(path for path in source.parent.glob(f"{source.stem}.*") if path.is_file())
    else:
        return sha256(source)
    return {path.relative_to(source if source.is_dir() else source.parent).as_posix(): sha256(path) for path in files}


def write_record(
    path: Path,
    key: Mapping[str, Any],
    outputs: Mapping[str, Path],
    written: Mapping[str, Path],
    report: Mapping[str, Any],
) -> None:
    """Write the record of a case whose `outputs` (final paths) now lie at `written` (temporary paths)."""
    hashes = {outputs[what].name: sha256(file) for what, file in written.items()}
    record = {"key": key, "sha256": hashes, "report": report}
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def finished_report(
    path: Path, key: Mapping[str, Any], outputs: Mapping[str, Path], overwrite: bool
) -> dict[str, Any] | None:
    """The report of a case that needs no work any more, else None.

    Results that a person has corrected since count as finished too, unless `overwrite` asks for the computed ones.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        same = record["key"] == key
        hashes, report = record["sha256"], record["report"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    present = all(output.exists() and output.name in hashes for output in outputs.values())
    if not (same and present):
        return None
    if overwrite and any(sha256(output) != hashes[output.name] for output in outputs.values()):
        return None
    return report
