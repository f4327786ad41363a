"""DICOM folders: find the series, refuse what does not make one regular volume, and read it.

No message names a patient, a study or a description: a series is told by its number, and by its UID when that is not
enough.
"""

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813  the name everybody uses

import PartialSegLib.image.itk  # noqa: F401  silences ITK's own warnings
from PartialSegLib.errors import UserError
from PartialSegLib.image.dicom_slices import Slice, stack_geometry
from PartialSegLib.image.kinds import file_start, files_in, is_dicom_file
from PartialSegLib.image.volume import Modality, Volume

_MODALITIES: dict[str, Modality] = {"CT": "ct", "MR": "mr"}
_OTHER_MODALITIES = {
    "PT": "PET", "NM": "nuclear medicine", "US": "ultrasound", "SEG": "a segmentation", "RTSTRUCT": "contours",
    "CR": "a radiograph", "DX": "a radiograph", "XA": "angiography", "OT": "a screenshot or other image",
}  # fmt: skip
_SOP_CLASS = re.compile(rb"\x02\x00\x02\x00UI..([0-9.]+)", re.DOTALL)
_IMAGE_CLASSES = {b"1.2.840.10008.5.1.4.1.1." + end for end in (b"2", b"2.1", b"4", b"4.1")}  # CT and MR, also enhanced
_MAX_LOOKED_AT = 2000


def read_dicom_folder(folder: Path, series: int | str | None = None) -> Volume:
    """Read the one CT or MR series of `folder`, or the one whose number or UID is `series`.

    UserError when there is none, when there are several, or when its slices do not make one regular volume.
    """
    slices = [entry for path in files_in(folder) if (entry := _read_tags(path)) is not None]
    if not slices:
        raise UserError(_nothing_found(folder))
    chosen = _choose(folder, slices, series)
    name = f"series {chosen[0].number} in {folder}"
    order, spacing, origin, direction = stack_geometry(chosen, name)
    array = _read_pixels([chosen[i] for i in order], name)
    return Volume(array, spacing, origin, direction, _MODALITIES[chosen[0].modality])


def _read_tags(path: Path) -> Slice | None:
    """The tags of one image; None for a file that is no DICOM image. UserError when it is a damaged one."""
    reader = _reader(path)
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        start = file_start(path)
        sop_class = _SOP_CLASS.search(start)
        is_image = sop_class is not None and sop_class[1] in _IMAGE_CLASSES
        if is_image or (not start and path.suffix.lower() in (".dcm", ".ima")):
            raise _damaged(path) from error
        return None
    tags = {key: reader.GetMetaData(key).strip("\0 ") for key in reader.GetMetaDataKeys() if key[4:5] == "|"}
    return Slice.from_tags(path, tags, reader.GetSize(), reader.GetNumberOfComponents())


def _reader(path: Path) -> sitk.ImageFileReader:
    reader = sitk.ImageFileReader()
    reader.SetImageIO("GDCMImageIO")
    reader.SetFileName(str(path))
    return reader


def _damaged(path: Path) -> UserError:
    why = "may not be read" if path.exists() and not os.access(path, os.R_OK) else "is damaged or cut short"
    return UserError(f"{path} {why}: copy the series again, with every slice")


def _nothing_found(folder: Path) -> str:
    inside = sorted({str(path.parent) for path in _walk(folder) if is_dicom_file(path)})
    if inside:
        more = f" (and {len(inside) - 3} more)" if len(inside) > 3 else ""
        return f"{folder} holds no DICOM image itself, but these do: {', '.join(inside[:3])}{more}; give one of them"
    return f"{folder} holds no DICOM image: give a DICOM folder, or a NIfTI, NRRD or MetaImage file"


def _walk(folder: Path) -> Iterator[Path]:
    looked_at = 0
    for parent, _, names in os.walk(folder):
        for name in sorted(names)[:3]:
            looked_at += 1
            yield Path(parent, name)
        if looked_at > _MAX_LOOKED_AT:
            return


def _choose(folder: Path, slices: list[Slice], series: int | str | None) -> list[Slice]:
    found: dict[str, list[Slice]] = defaultdict(list)
    for entry in slices:
        found[entry.series].append(entry)
    supported = {uid: group for uid, group in found.items() if group[0].modality in _MODALITIES}
    if series is not None:
        wanted = str(series).strip()
        picked = {uid: group for uid, group in found.items() if wanted in (uid, group[0].number)}
        if not picked:
            raise UserError(f"{folder} has no series {wanted}; it has {_list(found)}")
        found, supported = picked, {uid: group for uid, group in picked.items() if uid in supported}
    if not supported:
        kinds = sorted({group[0].modality or "unknown" for group in found.values()})
        told = ", ".join(f"{kind} ({_OTHER_MODALITIES[kind]})" if kind in _OTHER_MODALITIES else kind for kind in kinds)
        raise UserError(f"{folder} holds {told}, which cannot be segmented: give a CT or MR series")
    if len(supported) > 1:
        raise UserError(
            f"{folder} holds {len(supported)} series: {_list(supported)}; "
            "choose one with --series NUMBER (series=... in Python), or put it into a folder of its own"
        )
    return next(iter(supported.values()))


def _list(found: dict[str, list[Slice]]) -> str:
    numbers = [group[0].number for group in found.values()]
    told = []
    for uid, group in sorted(found.items(), key=lambda item: (len(item[1][0].number), item[1][0].number, item[0])):
        first = group[0]
        name = first.number if first.number and numbers.count(first.number) == 1 else f"{first.number} (UID {uid})"
        told.append(f"{name} [{first.modality}, {len(group)} slices of {first.columns} x {first.rows}]")
    return ", ".join(told[:6]) + (f" and {len(told) - 6} more" if len(told) > 6 else "")


def _read_pixels(slices: list[Slice], name: str) -> np.ndarray:
    """(z, y, x) array of the slices in the order given, rescaled by the slope that each of them carries."""
    array: np.ndarray | None = None
    for k, entry in enumerate(slices):
        try:
            pixels = sitk.GetArrayFromImage(_reader(entry.path).Execute())[0]
        except RuntimeError as error:
            raise _damaged(entry.path) from error
        if pixels.dtype == np.float64:
            pixels = pixels.astype(np.float32)  # 16-bit values times a decimal slope: single precision holds them
        if array is None:
            array = np.empty((len(slices), *pixels.shape), pixels.dtype)
        elif pixels.dtype != array.dtype:
            array = array.astype(np.promote_types(array.dtype, pixels.dtype), copy=False)
        array[k] = pixels
    if array is None:
        raise UserError(f"{name} holds no slices: copy it again")
    return array
