"""What the text headers of NRRD and MetaImage files must say before their voxels are worth reading.

The library that reads the voxels fills every gap with a default (identity, 1 mm) and reads a damaged MetaImage without
complaint; here a gap in the geometry and damage are errors.
"""

import math
import re
import zlib
from pathlib import Path

from PartialSegLib.errors import UserError
from PartialSegLib.image.geometry import absent_geometry

_MAX_HEADER = 1 << 20
_ANATOMICAL_SPACES = re.compile(r"(left|right)-(posterior|anterior)-(superior|inferior)(-time)?|[lr][pa][si]t?")
_META_SIZES = {"CHAR": 1, "SHORT": 2, "INT": 4, "LONG": 4, "LONG_LONG": 8, "FLOAT": 4, "DOUBLE": 8}
_META_NAMES = {
    "direction": ("TransformMatrix", "Rotation", "Orientation"),
    "origin": ("Offset", "Position", "Origin"),
    "spacing": ("ElementSpacing",),
}


def check_nrrd(path: Path) -> dict[str, str]:
    """Check a NRRD header and return its fields and key/value pairs; UserError when it cannot be used."""
    header = nrrd_header(path)
    space = header.get("space", "").strip().lower()
    directions = re.findall(r"\(([^)]*)\)", header.get("space directions", ""))
    if not _ANATOMICAL_SPACES.fullmatch(space):
        raise absent_geometry(path, "the field 'space' is missing or not anatomical")
    if not directions:
        raise absent_geometry(path, "the field 'space directions' is missing")
    if len(directions) != 3:
        raise UserError(f"{path} is {len(directions)}D, not a 3D volume: give one volume of two slices or more")
    _check_numbers(path, " ".join(directions))
    _check_numbers(path, header.get("space origin", ""))
    _check_sizes(path, header.get("sizes", ""))
    return header


def nrrd_header(path: Path) -> dict[str, str]:
    """Fields ("name: value") and key/value pairs ("name:=value") of a NRRD file."""
    header: dict[str, str] = {}
    with open(path, "rb") as file:
        if not file.read(4) == b"NRRD":
            raise UserError(f"{path} is not a NRRD image, whatever its name says: give NIfTI, NRRD, MetaImage or DICOM")
        file.readline()
        while (line := file.readline(_MAX_HEADER).decode("utf-8", "replace").rstrip("\r\n")) and len(header) < 100_000:
            match = re.match(r"([^#:][^:]*?)\s*:(=|\s)(.*)", line)
            if match and match[2] == "=":
                header[match[1]] = match[3].replace("\\n", "\n").replace("\\\\", "\\")
            elif match:
                header[match[1].strip().lower()] = match[3].strip()
    return header


def check_metaimage(path: Path) -> None:
    """Check the header of a MetaImage and that its voxels are all there; UserError when it cannot be used."""
    header, offset = _metaimage_header(path)
    for what, names in _META_NAMES.items():
        value = next((header[name] for name in names if name in header), None)
        if value is None and what != "origin":
            raise absent_geometry(path, f"the field {names[0]} is missing")
        numbers = _check_numbers(path, value or "")
        if what == "spacing" and min(numbers, default=1.0) <= 0:
            raise UserError(f"{path} has voxels of {value} mm, which must be positive: export the image again")
    sizes = _check_sizes(path, header.get("DimSize", ""))
    if header.get("BinaryData", "True").lower() != "true" or header["ElementDataFile"].split()[0] == "LIST":
        return
    element = header.get("ElementType", "").removeprefix("MET_")
    width = _META_SIZES.get(element.removeprefix("U"), 1)
    needed = math.prod(sizes) * width * int(header.get("ElementNumberOfChannels", "1") or 1)
    data = path if header["ElementDataFile"] in ("LOCAL", "Local", "local") else path.parent / header["ElementDataFile"]
    if "%" in data.name and not data.exists():
        return  # a pattern of slice files
    compressed = header.get("CompressedData", "False").lower() == "true"
    _check_data(path, data, offset if data == path else 0, needed, compressed)


def _metaimage_header(path: Path) -> tuple[dict[str, str], int]:
    """Fields of the header and the number of bytes it takes."""
    header: dict[str, str] = {}
    with open(path, "rb") as file:
        while "ElementDataFile" not in header and file.tell() < _MAX_HEADER:
            line = file.readline(_MAX_HEADER)
            name, separator, value = line.decode("utf-8", "replace").partition("=")
            if not separator:
                break
            header[name.strip()] = value.strip()
        if "ElementDataFile" not in header or "DimSize" not in header:
            raise UserError(
                f"{path} is not a MetaImage, whatever its name says: give a NIfTI, NRRD, MetaImage or DICOM input"
            )
        return header, file.tell()


def _check_data(path: Path, data: Path, offset: int, needed: int, compressed: bool) -> None:
    damaged = UserError(f"{path} is damaged or cut short: copy or download it again")
    if not data.is_file():
        raise UserError(f"{path} needs the file {data.name} beside it: copy both files together")
    if not compressed:
        if data.stat().st_size - offset < needed:
            raise damaged
        return
    inflate, done = zlib.decompressobj(), 0
    with open(data, "rb") as file:
        file.seek(offset)
        try:
            while not inflate.eof and (block := file.read(1 << 18)):
                done += len(inflate.decompress(block))
        except zlib.error as error:
            raise damaged from error
    if not inflate.eof or done < needed:
        raise damaged


def _check_numbers(path: Path, text: str) -> list[float]:
    try:
        numbers = [float(word) for word in re.sub(r"[(),]", " ", text).split()]
    except ValueError:
        numbers = [math.nan]
    if not all(map(math.isfinite, numbers)):
        raise UserError(f"{path} has a geometry with values that are not numbers ({text}): export the image again")
    return numbers


def _check_sizes(path: Path, text: str) -> list[int]:
    sizes = [int(word) if re.fullmatch(r"-?\d+", word) else 0 for word in text.split()]
    if min(sizes, default=0) <= 0:
        raise UserError(f"{path} holds no voxels (its size is {text.strip() or 'missing'}): export the image again")
    return sizes
