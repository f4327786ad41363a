"""The DICOM series that a segmentation refers to: its headers in the order of its slices, and its grid."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, read_volume
from PartialSegLib.image.kinds import files_in

if TYPE_CHECKING:
    from pydicom import Dataset

_SEXES = {"M", "F", "O", ""}
# Type 2: an anonymised series may lack them, a segmentation must have them, if only empty.
_TYPE_2 = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDate",
           "StudyTime", "ReferringPhysicianName")  # fmt: skip
_TYPE_1 = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID", "FrameOfReferenceUID")


def read_series(folder: Path, series: int | str | None = None) -> "tuple[list[Dataset], Volume]":
    """Headers of the slices, and the volume they make; slice k of the volume's array is header k.

    Raises UserError for what makes no regular volume (see read_volume) and for headers that identify nothing.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder: give the folder with the DICOM series that was annotated")
    volume = read_volume(folder, series)
    headers = [header for header in _headers(folder) if _belongs(header, series)]
    normal = np.cross(volume.direction[:, 0], volume.direction[:, 1])
    headers.sort(key=lambda header: float(np.dot(np.array(header.ImagePositionPatient, float), normal)))
    missing = [name for name in _TYPE_1 for header in headers if not header.get(name)]
    if missing:
        raise UserError(f"the series in {folder} has no {missing[0]}, which a DICOM segmentation refers to: export it "
                        "again, not anonymised beyond its identifiers")  # fmt: skip
    if len(headers) != len(volume.array):
        raise UserError(f"{folder} has {len(headers)} headers for {len(volume.array)} slices: copy the series again")
    for header in headers:
        _complete(header)
    return headers, volume


@contextmanager
def without_names() -> Iterator[None]:
    """Keep pydicom and highdicom from telling of odd headers: they quote them, and a name may be among them."""
    logger = logging.getLogger("highdicom")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _headers(folder: Path) -> "Iterator[Dataset]":
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    for path in files_in(folder):
        try:
            yield dcmread(path, stop_before_pixels=True)
        except InvalidDicomError:
            continue


def _belongs(header: "Dataset", series: int | str | None) -> bool:
    wanted = None if series is None else str(series).strip()
    names = (None, str(header.get("SeriesInstanceUID", "")), str(header.get("SeriesNumber", "")))
    return header.get("Modality") in ("CT", "MR") and wanted in names


def _complete(header: "Dataset") -> None:
    for name in _TYPE_2:
        if name not in header:
            setattr(header, name, "")
    if header.PatientSex not in _SEXES:
        header.PatientSex = ""
