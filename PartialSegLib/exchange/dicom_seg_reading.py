"""DICOM segmentations (SEG) as a label source: segments by name, on the grid of the frames that are in the file."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.exchange.source import Overlay, Source
from PartialSegLib.extras import missing_extra
from PartialSegLib.image import Volume

if TYPE_CHECKING:
    import highdicom

_SEGMENTATION_CLASSES = {"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"}
_SIDES = {"24028007": "right", "7771000": "left"}


def read_dicom_seg(path: Path) -> Source:
    """Read a DICOM segmentation. A segment is called by its label or, when that says nothing, by its codes.

    Raises UserError when highdicom is not installed, for other DICOM objects, and for frames that make no volume.
    """
    try:
        import highdicom
        from pydicom import dcmread
    except ModuleNotFoundError as error:
        raise missing_extra(error, "dicom") from error
    try:
        header = dcmread(path, stop_before_pixels=True)
        if header.get("SOPClassUID") not in _SEGMENTATION_CLASSES:
            raise UserError(f"{path} is no DICOM segmentation: give a SEG file, or a label map (NIfTI, NRRD)")
        segmentation = highdicom.seg.segread(path)
        numbers = list(segmentation.segment_numbers)
        volume = segmentation.get_volume(segment_numbers=numbers[:1], rescale_fractional=False)
        overlay = Overlay(volume.array.shape[:3], len(numbers))
        for n, number in enumerate(numbers, 1):  # one by one: all at once are as many volumes in memory
            segment = segmentation.get_volume(segment_numbers=[number], rescale_fractional=False)
            overlay.add((segment.array[..., 0] > 0) * np.uint16(n))
    except UserError:
        raise
    except Exception as error:  # highdicom has no error of its own for what it cannot read
        raise UserError(
            f"{path} cannot be read as a volume ({type(error).__name__}): convert it in 3D Slicer"
        ) from error
    names = {n: _name(segmentation, number) for n, number in enumerate(numbers, 1)}
    return Source(_placed(overlay.labels, volume), names, overlay.overlaps, may_be_cropped=True)


def _placed(array: np.ndarray, volume: "highdicom.Volume") -> Volume:
    """highdicom's affine leads from array index to LPS; ours from (x, y, z) index, the array's axes reversed."""
    affine = np.asarray(volume.affine, float)
    matrix = affine[:3, 2::-1]
    x, y, z = np.linalg.norm(matrix, axis=0).tolist()
    ox, oy, oz = affine[:3, 3].tolist()
    return Volume(array, (x, y, z), (ox, oy, oz), matrix / np.array([x, y, z]))


def _name(segmentation: "highdicom.seg.Segmentation", number: int) -> str:
    described = segmentation.get_segment_description(number)
    label = str(described.get("SegmentLabel", "")).strip()
    if label and not re.fullmatch(r"(?i)(segment)?[\s_]*\d*", label):
        return label
    kind = described.SegmentedPropertyTypeCodeSequence[0]
    modifiers = kind.get("SegmentedPropertyTypeModifierCodeSequence", [])
    sides = [_SIDES[m.CodeValue] for m in modifiers if m.get("CodeValue") in _SIDES]
    return " ".join([*sides, str(kind.CodeMeaning)])
