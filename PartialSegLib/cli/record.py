"""The side record of a finished case: which input, model and options its results belong to."""

import glob
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib import __version__
from PartialSegLib.cli.case import Options
from PartialSegLib.files import sha256

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle

# Headers whose voxels lie in another file.
_DETACHED = (".mhd", ".nhdr")


@dataclass(frozen=True)
class Record:
    """key: what decided the results. sha256: hash of each result as it was written, by name. report: of the run."""

    key: dict[str, Any]
    sha256: dict[str, str]
    report: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> "Record | None":
        """The record at `path`; None when there is none or it is not one of ours."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            return cls(dict(content["key"]), dict(content["sha256"]), dict(content["report"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write JSON to `path`."""
        content = {"key": self.key, "sha256": self.sha256, "report": self.report}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def has_all(self, results: Iterable[Path]) -> bool:
        """Whether every one of `results` belongs to this record and is still there."""
        return all(path.exists() and path.name in self.sha256 for path in results)

    def vouches_for(self, results: Iterable[Path]) -> bool:
        """Whether those of `results` that are there are exactly what was written: no person has changed them."""
        return all(self.sha256.get(path.name) == sha256(path) for path in results if path.exists())


def case_key(source: Path, bundle: "Bundle", options: Options) -> dict[str, Any]:
    """What decides the result of a case. Two equal keys mean that segmenting again would change nothing."""
    names = options.structures
    return {
        "input": input_hash(source),
        "model": sha256(bundle.path / "SHA256SUMS"),
        "partialseg": __version__,
        "preset": options.preset,
        "modality": options.modality,
        "structures": None if names is None else sorted({bundle.label_set.find(name).key for name in names}),
    }


def input_hash(source: Path) -> str | dict[str, str]:
    """SHA-256 of a file, or of every file of a DICOM folder or of a header with detached voxels, by name."""
    if source.is_dir():
        files: Iterable[Path] = source.iterdir()
    elif source.suffix.lower() in _DETACHED:
        files = source.parent.glob(f"{glob.escape(source.stem)}.*")
    else:
        return sha256(source)
    return {path.name: sha256(path) for path in sorted(files) if path.is_file()}


def hashes(outputs: Mapping[str, Path], written: Mapping[str, Path]) -> dict[str, str]:
    """Hash of each of the `outputs`, whose contents still lie at the temporary paths `written`, by final name."""
    return {outputs[what].name: sha256(path) for what, path in written.items()}
