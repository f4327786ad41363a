"""Images out: NIfTI, NRRD and MetaImage, written beside their name and renamed when whole.

The files are composed here, not by a library, so that a full disk is an error, the geometry keeps every digit, and the
same volume gives the same bytes.
"""

import gzip
import os
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.image.nifti import write_nifti
from PartialSegLib.image.volume import Volume, byte_view

WRITTEN_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha")
_NRRD_TYPES = {
    "u1": "unsigned char", "i1": "signed char", "u2": "unsigned short", "i2": "short", "f4": "float", "f8": "double",
    "u4": "unsigned int", "i4": "int", "u8": "unsigned long long", "i8": "long long",
}  # fmt: skip
_META_TYPES = {
    "u1": "MET_UCHAR", "i1": "MET_CHAR", "u2": "MET_USHORT", "i2": "MET_SHORT", "u4": "MET_UINT", "i4": "MET_INT",
    "u8": "MET_ULONG_LONG", "i8": "MET_LONG_LONG", "f4": "MET_FLOAT", "f8": "MET_DOUBLE",
}  # fmt: skip


def write_volume(
    path: str | os.PathLike[str],
    volume: Volume,
    *,
    overwrite: bool = True,
    level: int = 1,
    fields: Mapping[str, str] | None = None,
) -> None:
    """Write `volume` in the format that the name asks for (.nii, .nii.gz, .nrrd, .mha), whole or not at all.

    `level` is the strength of the compression, 1 fast to 9 small (.nii is not compressed). `fields` are extra key/value
    pairs, which only .nrrd can hold. UserError for other names, and when the file cannot be written.
    """
    suffix = written_suffix(path)
    volume = _as_written(volume)
    with atomic_path(path, overwrite) as temporary:
        if suffix in (".nii", ".nii.gz"):
            write_nifti(temporary, volume, level)
        elif suffix == ".nrrd":
            _write_nrrd(temporary, volume, level, fields or {})
        else:
            _write_metaimage(temporary, volume, level)


def written_suffix(path: str | os.PathLike[str]) -> str:
    """Which of the formats that can be written the name asks for; UserError when none."""
    name = Path(path).name.lower()
    suffix = next((suffix for suffix in WRITTEN_SUFFIXES if name.endswith(suffix)), None)
    if suffix is None:
        raise UserError(f"{path} names no format that can be written: end it in {', '.join(WRITTEN_SUFFIXES)}")
    return suffix


def _as_written(volume: Volume) -> Volume:
    """With contiguous voxels of a type that files know: bool becomes uint8, float16 float32."""
    substitute = {"b1": np.uint8, "f2": np.float32}.get(_kind(volume.array))
    array = volume.array if substitute is None else volume.array.astype(substitute)
    if _kind(array) not in _NRRD_TYPES:
        raise UserError(f"voxels of type {array.dtype} cannot be written: convert them to int16 or float32")
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return volume.like(np.ascontiguousarray(little))


def _kind(array: np.ndarray) -> str:
    return array.dtype.str[1:]


def _write_nrrd(path: Path, volume: Volume, level: int, fields: Mapping[str, str]) -> None:
    array = volume.array
    header = [
        "NRRD0004",
        "# Complete NRRD file format specification at:",
        "# http://teem.sourceforge.net/nrrd/format.html",
        f"type: {_NRRD_TYPES[_kind(array)]}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {_words(reversed(array.shape))}",
        f"space directions: {' '.join(map(_nrrd_vector, volume.matrix.T.tolist()))}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_nrrd_vector(volume.origin)}",
        *(f"{name}:={_escaped(value)}" for name, value in fields.items()),
    ]
    with open(path, "wb") as file:
        file.write(("\n".join(header) + "\n\n").encode())
        with gzip.GzipFile("", "wb", level, file, mtime=0) as stream:
            stream.write(byte_view(array))


def _nrrd_vector(numbers: Iterable[float]) -> str:
    return "(" + ",".join(map(repr, numbers)) + ")"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n")


def _write_metaimage(path: Path, volume: Volume, level: int) -> None:
    array = volume.array
    data = zlib.compress(byte_view(array), level)
    header = {
        "ObjectType": "Image",
        "NDims": "3",
        "BinaryData": "True",
        "BinaryDataByteOrderMSB": "False",
        "CompressedData": "True",
        "CompressedDataSize": str(len(data)),
        "TransformMatrix": _words(volume.direction.T.ravel().tolist()),  # one index axis after the other
        "Offset": _words(volume.origin),
        "CenterOfRotation": "0 0 0",
        "AnatomicalOrientation": "LPS",
        "ElementSpacing": _words(volume.spacing),
        "DimSize": _words(reversed(array.shape)),
        "ElementType": _META_TYPES[_kind(array)],
        "ElementDataFile": "LOCAL",
    }
    with open(path, "wb") as file:
        file.write("".join(f"{name} = {value}\n" for name, value in header.items()).encode())
        file.write(data)


def _words(numbers: Iterable[float]) -> str:
    return " ".join(map(repr, numbers))  # repr: the shortest text that gives back every number exactly
