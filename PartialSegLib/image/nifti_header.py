"""The NIfTI-1 and NIfTI-2 headers: layout, voxel types, and the way from qform and sform to a geometry."""

from pathlib import Path

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image.geometry import absent_geometry, split_matrix

HEADER_1 = np.dtype(
    [
        ("sizeof_hdr", "i4"), ("unused_1", "V35"), ("dim_info", "u1"), ("dim", "i2", 8), ("intent_p", "f4", 3),
        ("intent_code", "i2"), ("datatype", "i2"), ("bitpix", "i2"), ("slice_start", "i2"), ("pixdim", "f4", 8),
        ("vox_offset", "f4"), ("scl_slope", "f4"), ("scl_inter", "f4"), ("slice_end", "i2"), ("slice_code", "u1"),
        ("xyzt_units", "u1"), ("cal", "f4", 2), ("slice_duration", "f4"), ("toffset", "f4"), ("unused_2", "V8"),
        ("descrip", "S80"), ("aux_file", "S24"), ("qform_code", "i2"), ("sform_code", "i2"), ("quatern", "f4", 3),
        ("qoffset", "f4", 3), ("srow", "f4", (3, 4)), ("intent_name", "S16"), ("magic", "V4"),
    ]
)  # fmt: skip
HEADER_2 = np.dtype(
    [
        ("sizeof_hdr", "i4"), ("magic", "V8"), ("datatype", "i2"), ("bitpix", "i2"), ("dim", "i8", 8),
        ("intent_p", "f8", 3), ("pixdim", "f8", 8), ("vox_offset", "i8"), ("scl_slope", "f8"), ("scl_inter", "f8"),
        ("cal", "f8", 2), ("slice_duration", "f8"), ("toffset", "f8"), ("slice_start", "i8"), ("slice_end", "i8"),
        ("descrip", "S80"), ("aux_file", "S24"), ("qform_code", "i4"), ("sform_code", "i4"), ("quatern", "f8", 3),
        ("qoffset", "f8", 3), ("srow", "f8", (3, 4)), ("slice_code", "i4"), ("xyzt_units", "i4"),
        ("intent_code", "i4"), ("intent_name", "S16"), ("dim_info", "u1"), ("unused", "V15"),
    ]
)  # fmt: skip
VOXEL_TYPES: dict[int, str] = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
TYPE_CODES = {np.dtype(kind): code for code, kind in VOXEL_TYPES.items()}
COLOUR_TYPES = {128, 2304}
RAS_TO_LPS = np.array([-1.0, -1.0, 1.0])
_MM_PER_UNIT = {1: 1000.0, 3: 0.001}
_SCANNER = 1


def parse_header(start: bytes, path: Path) -> np.ndarray:
    """The header record from the first 540 bytes (or fewer) of a NIfTI file; UserError when it is none."""
    for layout, magic in ((HEADER_1, b"n+1\0"), (HEADER_2, b"n+2\0\r\n\x1a\n")):
        if len(start) < layout.itemsize:
            continue
        for ordered in (layout.newbyteorder("<"), layout.newbyteorder(">")):
            header = np.frombuffer(start, ordered, 1)[0]
            if header["sizeof_hdr"] != layout.itemsize:
                continue
            if bytes(header["magic"]) == magic:
                return header
            raise UserError(
                f"{path} is an Analyze or two-file NIfTI image: convert it to one .nii.gz file and try again"
            )
    raise UserError(
        f"{path} is not a NIfTI image, whatever its name says: give a NIfTI, NRRD, MetaImage or DICOM input"
    )


def matrix_and_origin(header: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Index-to-world steps (3x3) and position of the first voxel, both LPS mm.

    Where qform and sform disagree, the choice is ITK's (and so 3D Slicer's): the sform if it is the scanner's or the
    only one, else the qform. UserError when neither is set.
    """
    scale = _MM_PER_UNIT.get(int(header["xyzt_units"]) & 7, 1.0)
    qform, sform = int(header["qform_code"]), int(header["sform_code"])
    if qform <= 0 and sform <= 0:
        raise absent_geometry(path, "neither qform nor sform is set")
    from_sform = header["srow"].astype(np.float64)
    if sform > 0 and (qform <= 0 or sform == _SCANNER):
        affine = from_sform
    else:
        affine = _qform_affine(header)
        if sform > 0 and np.allclose(affine, from_sform, rtol=0, atol=1e-3):
            affine = from_sform  # the same place, told more precisely
    affine = RAS_TO_LPS[:, None] * affine * scale
    return affine[:, :3], affine[:, 3]


def _qform_affine(header: np.ndarray) -> np.ndarray:
    """The 3x4 affine (RAS) of the quaternion, as the NIfTI-1 standard defines it."""
    b, c, d = header["quatern"].astype(np.float64)
    a = np.sqrt(max(0.0, 1.0 - (b * b + c * c + d * d)))
    a, b, c, d = np.array([a, b, c, d]) / np.linalg.norm([a, b, c, d])
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    steps = header["pixdim"][1:4].astype(np.float64)
    if header["pixdim"][0] < 0:
        steps[2] = -steps[2]
    return np.column_stack([rotation * steps, header["qoffset"].astype(np.float64)])


def make_header(shape: tuple[int, ...], dtype: np.dtype, matrix: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """A NIfTI-1 header for an array of shape (z, y, x) whose geometry (LPS mm) is kept in both sform and qform."""
    header = np.zeros((), HEADER_1.newbyteorder("<"))
    header["sizeof_hdr"] = HEADER_1.itemsize
    header["dim"] = [3, *reversed(shape), 1, 1, 1, 1]
    header["datatype"] = TYPE_CODES[dtype]
    header["bitpix"] = dtype.itemsize * 8
    header["vox_offset"] = 352
    header["scl_slope"] = 1.0
    header["xyzt_units"] = 2
    header["qform_code"] = header["sform_code"] = _SCANNER
    header["magic"] = np.void(b"n+1\0")
    ras = RAS_TO_LPS[:, None] * np.column_stack([matrix, origin])
    header["srow"] = ras
    header["qoffset"] = ras[:, 3]
    spacing, directions = split_matrix(ras[:, :3])
    handedness = 1.0 if np.linalg.det(directions) > 0 else -1.0
    header["pixdim"] = [handedness, *spacing, 0, 0, 0, 0]
    directions[:, 2] *= handedness
    header["quatern"] = _quaternion(directions)
    return header


def _quaternion(directions: np.ndarray) -> np.ndarray:
    """(b, c, d), with a >= 0, of the rotation nearest to `directions`."""
    u, _, v = np.linalg.svd(directions)
    r = u @ v
    # The eigenvector of the largest eigenvalue of this matrix is the quaternion, free of the usual case distinction.
    k = np.array(
        [
            [r[0, 0] + r[1, 1] + r[2, 2], r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]],
            [r[2, 1] - r[1, 2], r[0, 0] - r[1, 1] - r[2, 2], r[0, 1] + r[1, 0], r[0, 2] + r[2, 0]],
            [r[0, 2] - r[2, 0], r[0, 1] + r[1, 0], r[1, 1] - r[0, 0] - r[2, 2], r[1, 2] + r[2, 1]],
            [r[1, 0] - r[0, 1], r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], r[2, 2] - r[0, 0] - r[1, 1]],
        ]
    )
    quaternion = np.linalg.eigh(k)[1][:, -1]
    return quaternion[1:] * (1.0 if quaternion[0] >= 0 else -1.0)
