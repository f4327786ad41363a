"""The prepared cases of a run, opened again."""

import json
from pathlib import Path

from partialseg_training.config import validated
from partialseg_training.data.patches import PatchDataset
from partialseg_training.data.store import PreparedCase
from partialseg_training.run_folder import RunFolder
from PartialSegLib.errors import UserError
from PartialSegLib.structures import LabelSet


def open_samples(folder: Path, label_set: LabelSet) -> PatchDataset | None:
    """The samples that the run in `folder` learned from; None when they are gone or of another version."""
    path = folder / "config.json"
    # The stages of a run share its store.
    root = folder.parent.parent if folder.parent.name == "stages" else folder
    try:
        config = validated(json.loads(path.read_text(encoding="utf-8")), str(path))
        store = RunFolder(folder, root).store(config)
        return PatchDataset([store / name for name in config.train], config, label_set.n_classes)
    except UserError:
        return None


def cases_of(samples: PatchDataset) -> list[PreparedCase]:
    """Each prepared case once."""
    return list({view.case_number: view.case for view in samples.views}.values())
