"""The bridge to SimpleITK, which reads NRRD, MetaImage and DICOM. Import this module only where it is needed."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813  the name everybody uses

from PartialSegLib.errors import UserError
from PartialSegLib.image.geometry import check_geometry
from PartialSegLib.image.volume import Vector, Volume

sitk.ProcessObject.SetGlobalWarningDisplay(False)  # its C++ warnings would land in the middle of our own output


def read_itk(path: Path, image_io: str, *, layers: bool = False) -> list[Volume]:
    """Read a file with the named ITK reader ("NrrdImageIO", "MetaImageIO"); UserError when it cannot be used.

    A list of one volume. With `layers`, a file that keeps several values per voxel (the layers of a Slicer
    segmentation) gives one volume per layer; without, such a file is an error.
    """
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO(image_io)
    try:
        reader.ReadImageInformation()
        _check_form(path, reader, layers)
        image = reader.Execute()
    except RuntimeError as error:
        raise UserError(_explain(path, str(error))) from error
    if image.GetDimension() == 4:
        image = image[:, :, :, 0]
    array = sitk.GetArrayFromImage(image)
    if array.ndim == 3:
        array = array[..., None]
    return [_volume(path, image, np.ascontiguousarray(array[..., layer])) for layer in range(array.shape[3])]


def _check_form(path: Path, reader: sitk.ImageFileReader, layers: bool) -> None:
    sizes, components = list(reader.GetSize()), reader.GetNumberOfComponents()
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes.pop()
    if len(sizes) > 3:
        raise UserError(f"{path} is {len(sizes)}D, not a 3D volume: save one of its volumes as a file of its own")
    if len(sizes) < 3:
        raise UserError(f"{path} is {len(sizes)}D, not a 3D volume: give a volume of two slices or more")
    if components > 1 and not layers:
        raise UserError(
            f"{path} has {components} values per voxel (colour, or several volumes in one): "
            "save one grey-valued volume as a file of its own"
        )
    if "complex" in sitk.GetPixelIDValueAsString(reader.GetPixelID()):
        raise UserError(f"{path} has complex voxels: save the magnitude image and try again")


def _explain(path: Path, error: str) -> str:
    if "determinant" in error or "Zero-valued spacing" in error:
        return (
            f"{path} has a geometry that cannot be inverted (two axes coincide, or one is zero): "
            "write the image again with a correct header (3D Slicer can do this) and try again"
        )
    if "allocate" in error or "memory" in error.lower():
        return f"{path} is too large for this computer's memory: crop the image and try again"
    return f"{path} is damaged, cut short or of an unsupported kind: copy or export it again"


def _volume(path: Path, image: sitk.Image, array: np.ndarray) -> Volume:
    direction = np.array(image.GetDirection()).reshape(3, 3)
    spacing, origin = _vector(image.GetSpacing()), _vector(image.GetOrigin())
    check_geometry(path, spacing, origin, direction)
    return Volume(array, spacing, origin, direction)


def _vector(values: tuple[float, ...]) -> Vector:
    x, y, z = values
    return x, y, z
