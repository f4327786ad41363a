"""Makes what the loaders read: a phantom CT with its labels as files, and the store that is prepared from them."""

import time
from collections.abc import Sequence
from pathlib import Path

from partialseg_training.data.prepare import prepare
from PartialSegLib.dataset import CaseEntry, write_case
from PartialSegLib.preprocessing import Preprocessing
from Testing.benchmarks.jobs.inputs import make_case
from Testing.benchmarks.loaders import CASE


def run(folder: str, shape: Sequence[int], ct_spacing: Sequence[float], spacing: Sequence[float]) -> dict:
    """Write `folder`/cases and `folder`/store, unless they are there. shape: (z, y, x) of the CT.

    Returns the bytes of both, and the seconds that preparing took (0 when nothing was to be done).
    """
    cases, store = Path(folder) / "cases", Path(folder) / "store"
    if not (cases / CASE).exists():
        image, labels = make_case(shape, ct_spacing)
        entry = CaseEntry(
            name=CASE,
            dataset="phantoms",
            modality="ct",
            annotated=tuple(range(1, 17)),
            image=Path("image.nii.gz"),
            label=Path("labels.nii.gz"),
        )
        write_case(cases, entry, image, labels)
    x, y, z = spacing
    start = time.perf_counter()
    done: list[int] = []
    prepare(cases, None, Preprocessing((x, y, z)), "abdomen16", store, lambda n, _: done.append(n), workers=1)
    seconds = time.perf_counter() - start if done else 0.0
    return {"file_bytes": _size(cases), "store_bytes": _size(store), "prepare_seconds": seconds}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
