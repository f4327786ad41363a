"""Prepared cases on disk: compressed memory-mapped blocks from which a crop costs milliseconds."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from zipfile import BadZipFile

import blosc2
import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path

# Intensities in [0, 1] are stored as int16 in steps of 1 / 16384.
INTENSITY_SCALE = 16384
_BLOCK = (32, 32, 32)
# Processes that are forked off later (to prepare cases, to load samples) would wait for the threads for ever.
_NO_THREADS = {"nthreads": 1}


@dataclass(frozen=True)
class CaseRecord:
    """What a prepared case is; saved as case.json beside its arrays.

    annotated: label values that are complete in the whole volume.
    shape: (z, y, x) of the network's grid.
    """

    name: str
    dataset: str
    modality: str
    annotated: tuple[int, ...]
    shape: tuple[int, int, int]
    synthetic: bool


@dataclass(frozen=True)
class PreparedCase:
    """Arrays of one case, read lazily. image: int16; labels, tissue: uint8; centres: class -> (n, 3) voxel indices."""

    folder: Path
    record: CaseRecord
    image: blosc2.NDArray
    labels: blosc2.NDArray
    tissue: blosc2.NDArray
    centres: dict[int, np.ndarray]

    def __reduce__(self) -> tuple:
        # Mapped files cannot be handed to a loader process that was not forked: it opens them itself.
        return load_case, (self.folder,)


def save_case(
    folder: Path,
    record: CaseRecord,
    image: np.ndarray,
    labels: np.ndarray,
    tissue: np.ndarray,
    centres: dict[int, np.ndarray],
) -> None:
    """Write one case; case.json goes last, so that a folder without it is known to be unfinished."""
    folder.mkdir(parents=True, exist_ok=True)
    stored = np.round(image * INTENSITY_SCALE).astype(np.int16)
    for name, array in (("image", stored), ("labels", labels), ("tissue", tissue)):
        path = folder / f"{name}.b2nd"
        path.unlink(missing_ok=True)
        blocks = tuple(min(block, size) for block, size in zip(_BLOCK, array.shape, strict=True))
        whole = np.ascontiguousarray(array)
        blosc2.asarray(whole, urlpath=str(path), chunks=array.shape, blocks=blocks, cparams=_NO_THREADS)
    named = {str(value): points for value, points in centres.items()}
    np.savez(folder / "centres.npz", **named)  # type: ignore[arg-type]
    with atomic_path(folder / "case.json") as path:
        path.write_text(json.dumps(asdict(record)), encoding="utf-8")


def is_finished(folder: Path) -> bool:
    """Whether `save_case` got to its end in this folder."""
    return (folder / "case.json").is_file()


def load_case(folder: Path) -> PreparedCase:
    """Open a prepared case without reading its voxels; raises UserError when it is missing or unfinished."""
    try:
        values = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        values["annotated"], values["shape"] = tuple(values["annotated"]), tuple(values["shape"])
        record = CaseRecord(**values)
        image, labels, tissue = (_open(folder / f"{name}.b2nd") for name in ("image", "labels", "tissue"))
        with np.load(folder / "centres.npz", allow_pickle=False) as stored:
            centres = {int(value): stored[value] for value in stored.files}
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError, BadZipFile) as error:
        message = f"prepared case {folder} cannot be read ({error}): delete that folder and train again"
        raise UserError(message) from error
    return PreparedCase(folder, record, image, labels, tissue, centres)


def _open(path: Path) -> blosc2.NDArray:
    return blosc2.open(str(path), mode="r", mmap_mode="r", dparams=_NO_THREADS)
