"""NIfTI files, read and written with nothing hidden.

The usual C library reads a truncated or damaged .nii.gz without complaint (as zeros or noise), takes a voxel size of
zero for one, and reports a full disk only on the terminal. Here each of these is an error.
"""

import gzip
import math
import zlib
from io import BufferedReader
from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image.geometry import check_geometry, split_matrix
from PartialSegLib.image.nifti_header import (
    COLOUR_TYPES,
    HEADER_2,
    TYPE_CODES,
    VOXEL_TYPES,
    make_header,
    matrix_and_origin,
    parse_header,
)
from PartialSegLib.image.volume import Volume, byte_view

_MAX_GZIP_RATIO = 1040  # deflate cannot shrink more than 1032-fold
_MAX_NIFTI_1_SIZE = 32767


def read_nifti(path: Path) -> Volume:
    """Read one NIfTI volume (.nii or .nii.gz), scaled by its slope. UserError when it cannot be used."""
    with open(path, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path, "rb") if zipped else open(path, "rb") as stream:
            start = stream.read(HEADER_2.itemsize)
            header = parse_header(start, path)
            shape, dtype = _shape(header, path), _voxel_type(header, path)
            matrix, origin = _geometry(header, path)
            # Going back over the few bytes read too far makes gzip start again, which costs nothing here.
            stream.seek(_first_voxel(header, path))
            array = _read_voxels(stream, shape, dtype, path, zipped)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _damaged(path) from error
    spacing, direction = split_matrix(matrix)
    sx, sy, sz = spacing.tolist()
    ox, oy, oz = origin.tolist()
    return Volume(_scaled(array, header), (sx, sy, sz), (ox, oy, oz), direction)


def _damaged(path: Path) -> UserError:
    return UserError(f"{path} is damaged or cut short: copy or download it again")


def _shape(header: np.ndarray, path: Path) -> tuple[int, int, int]:
    """(z, y, x); axes of size one beyond the third are dropped."""
    n = int(header["dim"][0])
    sizes = [int(size) for size in header["dim"][1 : 1 + n]] if 1 <= n <= 7 else [0]
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes.pop()
    if min(sizes) <= 0:
        raise UserError(f"{path} holds no voxels (its size is {' x '.join(map(str, sizes))}): export the image again")
    if len(sizes) != 3:
        raise UserError(f"{path} is {len(sizes)}D, not a 3D volume: {_advice(len(sizes))}")
    x, y, z = sizes
    return z, y, x


def _advice(dimensions: int) -> str:
    return "save one of its volumes as a file of its own" if dimensions > 3 else "give a volume of two slices or more"


def _voxel_type(header: np.ndarray, path: Path) -> np.dtype:
    code = int(header["datatype"])
    if code in COLOUR_TYPES:
        raise UserError(f"{path} is a colour image: give the grey-valued CT or MR volume itself")
    if code not in VOXEL_TYPES:
        raise UserError(f"{path} has voxels of an unsupported type (NIfTI code {code}): save it as int16 or float32")
    return np.dtype(VOXEL_TYPES[code]).newbyteorder(header.dtype["dim"].base.byteorder)


def _geometry(header: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    matrix, origin = matrix_and_origin(header, path)
    spacing, direction = split_matrix(matrix)
    check_geometry(path, header["pixdim"][1:4].astype(float).tolist(), origin.tolist(), direction)
    check_geometry(path, spacing.tolist(), origin.tolist(), direction)
    return matrix, origin


def _first_voxel(header: np.ndarray, path: Path) -> int:
    offset = float(header["vox_offset"])
    if not math.isfinite(offset):
        raise _damaged(path)
    return max(int(offset), header.dtype.itemsize + 4)


def _read_voxels(
    stream: BufferedReader | gzip.GzipFile, shape: tuple[int, int, int], dtype: np.dtype, path: Path, zipped: bool
) -> np.ndarray:
    """(z, y, x) array in native byte order; EOFError when the file is too short."""
    needed = math.prod(shape) * dtype.itemsize
    if needed > path.stat().st_size * (_MAX_GZIP_RATIO if zipped else 1):
        raise EOFError
    array = np.empty(shape, dtype)
    target, done = byte_view(array), 0
    while done < needed:
        count = stream.readinto(target[done:])
        if not count:
            raise EOFError
        done += count
    while zipped and stream.read(1 << 20):
        pass  # to the very end, where gzip compares the checksum
    return array.astype(dtype.newbyteorder("="), copy=False)


def _scaled(array: np.ndarray, header: np.ndarray) -> np.ndarray:
    """Apply slope and intercept where they say anything; whole numbers become float32 then."""
    slope, inter = float(header["scl_slope"]), float(header["scl_inter"])
    if slope == 0 or not math.isfinite(slope) or not math.isfinite(inter) or (slope, inter) == (1.0, 0.0):
        return array
    scaled = array.astype(np.float64 if array.dtype.itemsize > 4 else np.float32)
    scaled *= slope
    scaled += inter
    return scaled


def write_nifti(path: Path, volume: Volume, level: int) -> None:
    """Write .nii or, by its name, .nii.gz compressed with `level` (1 fast - 9 small). OSError when it cannot."""
    array = np.ascontiguousarray(volume.array)
    if array.dtype.newbyteorder("=") not in TYPE_CODES:
        raise UserError(f"NIfTI cannot hold {array.dtype} voxels: save them as int16 or float32")
    if max(array.shape) > _MAX_NIFTI_1_SIZE:
        raise UserError(f"NIfTI cannot hold a volume of {array.shape[::-1]} voxels: write .nrrd instead")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    header = make_header(array.shape, array.dtype.newbyteorder("="), volume.matrix, np.asarray(volume.origin))
    start = header.tobytes() + bytes(4)
    with open(path, "wb") as file:
        if path.name.lower().endswith(".gz"):
            with gzip.GzipFile("", "wb", level, file, mtime=0) as stream:
                stream.write(start)
                stream.write(byte_view(array))
        else:
            file.write(start)
            file.write(byte_view(array))
