"""Generated torsos as a dataset of CTs, to try training out where no data are at hand."""

from pathlib import Path

import numpy as np

from PartialSegLib.dataset import CaseEntry, write_case
from PartialSegLib.phantom import make_phantom
from PartialSegLib.structures import LabelSet

_SPACING = (8.0, 8.0, 8.0)


def phantom_dataset(folder: Path, n: int, label_set: LabelSet, partly: bool = True) -> None:
    """Write cases phantom_0 to phantom_{n - 1} into `folder`; those that are there are left alone.

    partly: all structures are annotated in the first only, in the others every second one, odd and even in turn.
    """
    for number in range(n):
        name = f"phantom_{number}"
        if (folder / name / "case.json").exists():
            continue
        image, labels = make_phantom(_SPACING, number)
        annotated = [s.value for s in label_set if not partly or number == 0 or s.value % 2 == number % 2]
        painted = labels.like(np.where(np.isin(labels.array, annotated), labels.array, 0).astype(np.uint8))
        entry = CaseEntry(
            name=name,
            dataset="phantoms",
            modality="ct",
            image=Path("image.nii.gz"),
            label=Path("labels.nii.gz"),
            annotated=tuple(annotated),
        )
        write_case(folder, entry, image, painted)
