"""Prepared cases on disk: compressed memory-mapped blocks from which a crop costs milliseconds.

A store is a folder with store.json, which says what it was prepared with, and one folder for each case. Several runs
may read it, and prepare cases in it, at the same time.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import blosc2
import numpy as np

from PartialSegLib.annotation import completeness_of, ranges_of
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import Completeness, State

# Intensities in [0, 1] are stored as int16 in steps of 1 / 16384.
INTENSITY_SCALE = 16384
_FORMAT = 1
_BLOCK = (32, 32, 32)
# Chunks hold at most this many bytes (blosc2 allows 2 GB); within a chunk, only the blocks that a crop needs are read.
_CHUNK_BYTES = 1 << 29
# Processes that are forked off later (to prepare cases, to load samples) would wait for the threads for ever.
_NO_THREADS = {"nthreads": 1}
_STALE_SECONDS = 3600


@dataclass(frozen=True)
class CaseRecord:
    """What a prepared case is; saved in case.json beside its arrays.

    annotated: structures that are complete in the whole volume.
    shape: (z, y, x) of the network's grid.
    synthetic: whether it is a label map without an image.
    unions: label value -> the classes such a voxel may be.
    source_hash: of the image's voxels (PartialSegLib.dataset.content_hash): equal for two copies of one image.
    """

    name: str
    dataset: str
    modality: str
    annotated: tuple[int, ...]
    shape: tuple[int, int, int]
    synthetic: bool
    patient: str | None = None
    unions: dict[int, tuple[int, ...]] = field(default_factory=dict)
    source_hash: str = ""


class StoredArray:
    """A volume (z, y, x) on disk; `array[box]` reads the blocks that the box touches.

    It is opened for each crop, which costs a fraction of a millisecond: a data set of thousands of volumes would else
    need more open files than a process may have. Raises UserError when it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        array = self._open()
        self.shape: tuple[int, ...] = array.shape
        self.dtype = np.dtype(array.dtype)

    def __getitem__(self, box: Any) -> np.ndarray:
        return self._open()[box]

    def _open(self) -> blosc2.NDArray:
        try:
            return blosc2.open(str(self.path), mode="r", mmap_mode="r", dparams=_NO_THREADS)
        except (OSError, RuntimeError, ValueError) as error:
            raise _unreadable(self.path.parent, error) from error


@dataclass(frozen=True)
class PreparedCase:
    """Arrays of one case, read lazily.

    image: int16; labels, tissue: uint8; all (z, y, x) with axes (superior, posterior, left).
    centres: class -> (n, 3) voxel indices of what is painted as it; 0: of what is not painted, and not air.
    completeness: what is complete where, on the same grid.
    """

    folder: Path
    record: CaseRecord
    image: StoredArray
    labels: StoredArray
    tissue: StoredArray
    centres: dict[int, np.ndarray]
    completeness: Completeness

    @property
    def unions(self) -> dict[int, tuple[int, ...]]:
        """Label value -> the classes such a voxel may be."""
        return self.record.unions


def claim_store(store: Path, preprocessing: Preprocessing, label_set: LabelSet) -> None:
    """Make `store` a store of this preprocessing and label set; UserError when it is one of another."""
    path = store / "store.json"
    structures = {"label_set": label_set.name, "structures": [structure.key for structure in label_set]}
    wanted = json.loads(json.dumps({"format": _FORMAT, **structures, "preprocessing": preprocessing.to_json()}))
    if not path.exists():
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps(wanted, indent=1), encoding="utf-8")
    found = _read_json(path)
    other = next((key for key, value in wanted.items() if found.get(key) != value), None)
    if other is not None:
        what = {"format": "an older version of PartialSeg", "preprocessing": "other preprocessing"}
        raise UserError(
            f"the cases in {store} were prepared with {what.get(other, 'another label set')}: choose another folder"
        )
    for folder in store.glob(".partial-*"):
        # What a killed process left; a living one is done with a case long before.
        if folder.is_dir() and time.time() - folder.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def save_case(
    folder: Path,
    record: CaseRecord,
    completeness: Completeness,
    image: np.ndarray,
    labels: np.ndarray,
    tissue: np.ndarray,
    centres: dict[int, np.ndarray],
    source: dict[str, Any] | None = None,
) -> None:
    """Write one case: the folder appears when everything is in it.

    image: float in [0, 1]; source: what the case was made from, given back by `saved_source`.
    """
    annotation = {
        "n_classes": completeness.n_classes,
        "in_part": np.flatnonzero(completeness.volume == State.IN_PART).tolist(),
        "slices": ranges_of(completeness),
    }
    with _appearing(folder) as new:
        stored = np.round(image * INTENSITY_SCALE).astype(np.int16)
        for name, array in (("image", stored), ("labels", labels), ("tissue", tissue)):
            _write_array(new / f"{name}.b2nd", array)
        named = {str(value): points for value, points in centres.items()}
        np.savez(new / "centres.npz", **named)  # type: ignore[arg-type]
        values = {**asdict(record), **annotation, "source": source}
        (new / "case.json").write_text(json.dumps(values), encoding="utf-8")


def is_finished(folder: Path) -> bool:
    """Whether `save_case` got to its end in this folder."""
    return (folder / "case.json").is_file()


def saved_source(folder: Path) -> dict[str, Any] | None:
    """What the case was made from, as given to `save_case`."""
    return _read_json(folder / "case.json").get("source")


def load_case(folder: Path) -> PreparedCase:
    """Open a prepared case without reading its voxels; raises UserError when it is missing or unfinished."""
    values = _read_json(folder / "case.json")
    try:
        del values["source"]
        n_classes, in_part, slices = (values.pop(key) for key in ("n_classes", "in_part", "slices"))
        values["annotated"], values["shape"] = tuple(values["annotated"]), tuple(values["shape"])
        values["unions"] = {int(value): tuple(classes) for value, classes in values["unions"].items()}
        record = CaseRecord(**values)
        completeness = completeness_of(record.annotated, in_part, slices, record.shape, n_classes)
        image, labels, tissue = (StoredArray(folder / f"{name}.b2nd") for name in ("image", "labels", "tissue"))
        with np.load(folder / "centres.npz", allow_pickle=False) as stored:
            centres = {int(value): stored[value] for value in stored.files}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, EOFError, BadZipFile) as error:
        raise _unreadable(folder, error) from error
    return PreparedCase(folder, record, image, labels, tissue, centres, completeness)


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `folder`, unless another process has finished that case in the meantime."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder.parent, ignore_cleanup_errors=True) as name:
            new = Path(name) / folder.name
            new.mkdir()
            yield new
            if not is_finished(folder):
                shutil.rmtree(folder, ignore_errors=True)
                new.rename(folder)
    except (OSError, RuntimeError) as error:  # blosc2 raises RuntimeError when the disk is full
        if not is_finished(folder):
            raise UserError(f"cannot write {folder} ({error}): check the free space and the folder") from error


def _write_array(path: Path, array: np.ndarray) -> None:
    blocks = tuple(min(block, size) for block, size in zip(_BLOCK, array.shape, strict=True))
    planes = _CHUNK_BYTES // (array[0].nbytes * blocks[0]) * blocks[0]
    chunks = (min(max(planes, blocks[0]), array.shape[0]), *array.shape[1:])
    whole = np.ascontiguousarray(array)
    # Decompresses two to four times faster than the default, zstd; bytes of one-byte values need no shuffling.
    filters = [blosc2.Filter.SHUFFLE if array.itemsize > 1 else blosc2.Filter.NOFILTER]
    cparams = {**_NO_THREADS, "codec": blosc2.Codec.LZ4HC, "clevel": 5, "filters": filters}
    blosc2.asarray(whole, urlpath=str(path), chunks=chunks, blocks=blocks, cparams=cparams)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(values, dict):
            raise ValueError("it holds no JSON object")
    except (OSError, ValueError) as error:
        raise _unreadable(path.parent, error) from error
    return values


def _unreadable(folder: Path, error: Exception) -> UserError:
    reason = " ".join(str(error).split())
    return UserError(f"prepared case {folder} cannot be read ({reason}): delete that folder and prepare it again")
