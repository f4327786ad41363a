"""Images in: one function for every format, and every reason to refuse one said in one line."""

import os
from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image.kinds import SUFFIXES, is_dicom_file, volume_suffix
from PartialSegLib.image.nifti import read_nifti
from PartialSegLib.image.text_headers import check_metaimage, check_nrrd
from PartialSegLib.image.volume import Volume

# SimpleITK is large: it is imported where a file needs it, so that a NIfTI input never waits for it.


def read_volume(path: str | os.PathLike[str], series: int | str | None = None) -> Volume:
    """Read a CT or MR: a NIfTI, NRRD or MetaImage file, or a folder with a DICOM series.

    `series` names one series of a DICOM folder by its number or UID. The array keeps the file's own voxel type (float
    where a slope was applied). UserError for whatever cannot be segmented: see the messages.
    """
    path = existing(path)
    if path.is_dir():
        from PartialSegLib.image.dicom import read_dicom_folder

        volume = read_dicom_folder(path, series)
    else:
        volume = read_file(path)
    check_intensities(volume.array, path)
    return volume


def existing(path: str | os.PathLike[str]) -> Path:
    """The path, if it names a folder or a readable, non-empty file; UserError otherwise."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if path.is_dir():
            return path
        with open(path, "rb"):
            pass
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"{path} does not exist: check the path") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path} cannot be opened ({reason}): check the path and the permissions") from error
    if size == 0:
        raise UserError(f"{path} is empty (0 bytes): copy or download it again")
    return path


def read_file(path: Path) -> Volume:
    """Read one file of a known format with its geometry checked, its voxels not."""
    suffix = volume_suffix(path)
    try:
        if suffix in (".nii", ".nii.gz"):
            return read_nifti(path)
        from PartialSegLib.image.itk import read_itk

        if suffix in (".nrrd", ".nhdr"):
            check_nrrd(path)
            return read_itk(path, "NrrdImageIO")[0]
        if suffix in (".mha", ".mhd"):
            check_metaimage(path)
            return read_itk(path, "MetaImageIO")[0]
    except MemoryError as error:
        raise UserError(f"{path} is too large for this computer's memory: crop the image and try again") from error
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror or error}): check the file and try again") from error
    raise UserError(_unknown(path))


def _unknown(path: Path) -> str:
    if is_dicom_file(path):
        return f"{path} is one file of a DICOM series: give the folder that holds the whole series, {path.parent}"
    return f"{path} is of an unknown kind: give a DICOM folder or a file ending in {', '.join(SUFFIXES)}"


def check_intensities(array: np.ndarray, path: Path) -> None:
    """Raise UserError for what is no image of a patient: one slice, NaN or infinite voxels, one value throughout."""
    if array.size == 0:
        raise UserError(f"{path} holds no voxels: export the image again")
    if min(array.shape) < 2:
        raise UserError(f"{path} is a single slice, not a 3D volume: give a volume of two slices or more")
    with np.errstate(invalid="ignore"):
        low, high = array.min(), array.max()  # either is NaN when any voxel is
    if not (np.isfinite(low) and np.isfinite(high)):
        count = int(array.size - np.isfinite(array).sum())
        raise UserError(
            f"{path} has {count:,} of {array.size:,} voxels that are not numbers (NaN or infinite): "
            "replace them by the value of air and try again"
        )
    if low == high:
        raise UserError(f"{path} has the same value ({low:g}) in every voxel: there is no image in it")
