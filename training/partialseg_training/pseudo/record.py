"""What was decided about each case while pseudo-labels were made, so that a stopped run goes on where it was."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PartialSegLib.dataset import CaseEntry, Dataset, load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path


class PseudoRecord:
    """Folder `output`: pseudo.json, what is decided; one folder a case; in the end dataset.json, the manifest.

    Raises UserError where `output` was made with other settings.
    """

    def __init__(self, output: Path, settings: dict[str, Any]) -> None:
        self._output, self._path, self._settings = output, output / "pseudo.json", settings
        self._cases: dict[str, dict[str, Any]] = {}
        if self._path.exists():
            try:
                content = json.loads(self._path.read_text(encoding="utf-8"))
                before, self._cases = content["settings"], content["cases"]
            except (OSError, ValueError, KeyError, TypeError) as error:
                raise UserError(f"{self._path} cannot be read ({error}): remove {output} to begin again") from error
            if before != settings:
                raise UserError(f"{output} holds pseudo-labels made otherwise: choose another folder or remove it")

    def has(self, name: str) -> bool:
        """Whether a case is decided."""
        return name in self._cases

    def discard_unfinished(self, name: str) -> None:
        """Remove a case that was written by a run that was killed before it could say so."""
        shutil.rmtree(self._output / name, ignore_errors=True)

    def add(self, name: str, filled: dict[int, float | None], dropped: str | None) -> None:
        """Write down a case: value -> DSC of the structures that models filled, and why it is left out, if it is."""
        self._cases[name] = {"filled": {str(value): dsc for value, dsc in filled.items()}, "dropped": dropped}
        self._write(self._path, {"settings": self._settings, "cases": self._cases})

    def write_manifest(self, dataset: Dataset, names: Sequence[str]) -> Path:
        """List the cases that are left and what was not asked for; UserError when there is nothing to list."""
        left = [name for name in names if self._cases[name]["dropped"] is None]
        written = load_dataset(self._output).entries if left else {}
        others = {name: entry for name, entry in dataset.entries.items() if name not in names}
        kept = [(written | others)[name] for name in dataset.entries if name in left or name in others]
        if not kept:
            reasons = ", ".join(sorted({self._cases[name]["dropped"] for name in names}))
            raise UserError(f"no case is left after pseudo-labelling ({reasons}): train the models longer")
        content: dict[str, list] = {"cases": [], "labelmaps": []}
        for entry in kept:
            key = "cases" if isinstance(entry, CaseEntry) else "labelmaps"
            content[key].append(entry.model_dump(mode="json", exclude_defaults=True))
        manifest = self._output / "dataset.json"
        self._write(manifest, content)
        return manifest

    def _write(self, path: Path, content: dict) -> None:
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
