"""Segmentations that carry our own record: read as they were saved, not through a plan."""

from pathlib import Path

from PartialSegLib.dataset import CaseEntry, read_annotation
from PartialSegLib.dataset.declared import declared_in
from PartialSegLib.dataset.read import same_voxels
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.importing import Imported
from PartialSegLib.image import Volume
from PartialSegLib.structures import LabelSet


def import_own(image: Volume, path: Path, label_set: LabelSet) -> Imported | None:
    """Labels, record and unions of a .seg.nrrd that PartialSeg saved; None when it carries no record.

    What does not hold any more, because the file was edited elsewhere, is in part. Raises UserError for another grid
    than the image's.
    """
    declared = declared_in(path)
    if not declared:
        return None
    entry = CaseEntry(name="labels", dataset="import", modality="ct", image=path, label=path, **declared)
    labels, record = read_annotation(entry, label_set)
    if labels is None or not same_voxels(image, labels):
        raise UserError(f"{path} does not lie on the image's voxels: give the image that it was painted on")
    return Imported(labels, record, dict(entry.unions))
