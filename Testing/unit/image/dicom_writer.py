"""A DICOM writer just large enough to make good and bad series for tests: explicit VR, one slice a file."""

import struct
from pathlib import Path

import numpy as np

LONG_VRS = {"OB", "OW", "SQ", "UN", "UT"}
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
MR_STORAGE = "1.2.840.10008.5.1.4.1.1.4"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"


def _element(group: int, number: int, vr: str, value) -> bytes:
    if vr == "US":
        data = struct.pack("<H", value)
    elif isinstance(value, bytes):
        data = value
    else:
        data = str(value).encode("latin-1")
    if len(data) % 2:
        data += b"\0" if vr in ("UI", "OB", "OW") else b" "
    head = struct.pack("<HH", group, number) + vr.encode()
    if vr in LONG_VRS:
        return head + struct.pack("<HI", 0, len(data)) + data
    return head + struct.pack("<H", len(data)) + data


def _join(values) -> str:
    return "\\".join(f"{value:.10g}" for value in values)


def write_slice(
    path: Path,
    pixels: np.ndarray,
    *,
    position=(0.0, 0.0, 0.0),
    orientation=(1, 0, 0, 0, 1, 0),
    spacing=(1.0, 1.0),
    modality="CT",
    series="1.2.3.1",
    number=1,
    instance=1,
    slope=1.0,
    intercept=0.0,
    samples=1,
    overrides=None,
    storage=None,
) -> None:
    """Write one slice; `pixels` is (rows, columns) int16 or uint16, or (rows, columns, 3) uint8 for colour.

    `spacing` is (between rows, between columns) in mm. `overrides` maps (group, element) to (VR, value), or to None
    to leave that element out.
    """
    signed = int(pixels.dtype.kind == "i")
    bits = pixels.dtype.itemsize * 8
    storage = storage or (MR_STORAGE if modality == "MR" else CT_STORAGE)
    elements = {
        (0x0008, 0x0016): ("UI", storage),
        (0x0008, 0x0018): ("UI", f"{series}.{instance}"),
        (0x0008, 0x0060): ("CS", modality),
        (0x0008, 0x103E): ("LO", "abdomen of Doe"),
        (0x0010, 0x0010): ("PN", "Doe^Jane"),
        (0x0010, 0x0020): ("LO", "PATIENT-4711"),
        (0x0020, 0x000D): ("UI", "1.2.3"),
        (0x0020, 0x000E): ("UI", series),
        (0x0020, 0x0011): ("IS", number),
        (0x0020, 0x0013): ("IS", instance),
        (0x0020, 0x0032): ("DS", _join(position)),
        (0x0020, 0x0037): ("DS", _join(orientation)),
        (0x0020, 0x0052): ("UI", "1.2.3.9"),
        (0x0028, 0x0002): ("US", samples),
        (0x0028, 0x0004): ("CS", "MONOCHROME2" if samples == 1 else "RGB"),
        (0x0028, 0x0010): ("US", pixels.shape[0]),
        (0x0028, 0x0011): ("US", pixels.shape[1]),
        (0x0028, 0x0030): ("DS", _join(spacing)),
        (0x0028, 0x0100): ("US", bits),
        (0x0028, 0x0101): ("US", bits),
        (0x0028, 0x0102): ("US", bits - 1),
        (0x0028, 0x0103): ("US", signed),
        (0x0028, 0x1052): ("DS", f"{intercept:g}"),
        (0x0028, 0x1053): ("DS", f"{slope:g}"),
        (0x7FE0, 0x0010): ("OW", pixels.tobytes()),
    }
    if samples == 3:
        elements[(0x0028, 0x0006)] = ("US", 0)
    elements.update(overrides or {})
    body = b"".join(_element(*tag, *entry) for tag, entry in sorted(elements.items()) if entry is not None)
    meta = b"".join(
        [
            _element(0x0002, 0x0001, "OB", b"\0\1"),
            _element(0x0002, 0x0002, "UI", storage),
            _element(0x0002, 0x0003, "UI", f"{series}.{instance}"),
            _element(0x0002, 0x0010, "UI", EXPLICIT_LITTLE_ENDIAN),
            _element(0x0002, 0x0012, "UI", "1.2.3.8"),
        ]
    )
    length = struct.pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(meta))
    path.write_bytes(b"\0" * 128 + b"DICM" + length + meta + body)


def write_series(folder: Path, array: np.ndarray, *, direction=None, origin=(0, 0, 0), spacing=(1, 1, 1), **options):
    """Write `array` (z, y, x) as a series; `direction` columns are the index axes (LPS), the rest is (x, y, z)."""
    folder.mkdir(parents=True, exist_ok=True)
    direction = np.eye(3) if direction is None else np.asarray(direction, dtype=float)
    prefix = options.pop("prefix", "im")
    for k, pixels in enumerate(array):
        write_slice(
            folder / f"{prefix}{(k * 7919) % 10007:05d}.dcm",  # names in another order than the slices
            np.ascontiguousarray(pixels),
            position=np.asarray(origin) + direction[:, 2] * spacing[2] * k,
            orientation=[*direction[:, 0], *direction[:, 1]],
            spacing=(spacing[1], spacing[0]),
            instance=k + 1,
            **options,
        )
