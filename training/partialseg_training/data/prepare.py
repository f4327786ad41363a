"""Turn the cases and label maps of a dataset into the store that training reads; each is prepared once."""

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from partialseg_training.data.case_arrays import arrays_of_case, arrays_of_label_map
from partialseg_training.data.source import check_files, is_source, source_of
from partialseg_training.data.store import claim_store, is_finished, save_case, saved_source
from partialseg_training.processes import end_with_parent
from PartialSegLib.dataset import CaseEntry, load_dataset
from PartialSegLib.dataset.entries import Entry
from PartialSegLib.errors import UserError
from PartialSegLib.preprocessing import Preprocessing
from PartialSegLib.structures import LabelSet, load_label_set

# Each process holds a volume at full resolution several times; more of them mostly wait for the disk.
_MOST_WORKERS = 8

Progress = Callable[[int, int], None]


def prepare(
    dataset: Path,
    names: Sequence[str] | None,
    preprocessing: Preprocessing,
    label_set: str,
    store: Path,
    progress: Progress = lambda done, total: None,
    workers: int | None = None,
) -> list[Path]:
    """Prepare the named cases of `dataset` (None: all) under `store`, in parallel; returns one folder a case.

    dataset: manifest or folder of cases. Finished cases are left alone, so that a run that was stopped goes on where it
    was. progress: called with (done, total) of the cases that were not finished. workers: processes, by default one a
    core. Raises UserError for what does not fit: names, files, labels, geometry, a store of other preprocessing, or a
    case in it that was made from other files.
    """
    entries = {entry.name: entry for entry in load_dataset(dataset).select(names)}
    structures = load_label_set(label_set)
    for entry in entries.values():
        check_files(entry)
    claim_store(store, preprocessing, structures)
    todo = [entry for entry in entries.values() if not _is_prepared(store / entry.name, entry)]
    if todo:
        _prepare_all(todo, preprocessing, structures, store, progress, workers or _default_workers())
    return [store / name for name in (entries if names is None else names)]


def _is_prepared(folder: Path, entry: Entry) -> bool:
    if not is_finished(folder):
        return False
    source = saved_source(folder)
    if source is None or not is_source(source, entry):
        raise UserError(
            f"case {entry.name} in {folder.parent} was prepared from other files or another annotation: "
            f"delete {folder} to prepare it again, or choose another store"
        )
    return True


def _default_workers() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, _MOST_WORKERS)


def _prepare_all(
    todo: list[Entry],
    preprocessing: Preprocessing,
    label_set: LabelSet,
    store: Path,
    progress: Progress,
    workers: int,
) -> None:
    pool = ProcessPoolExecutor(min(workers, len(todo)), initializer=_start_worker)
    try:
        jobs = [pool.submit(_prepare_one, entry, preprocessing, store / entry.name, label_set) for entry in todo]
        for done, job in enumerate(as_completed(jobs), start=1):
            job.result()
            progress(done, len(jobs))
    except BrokenProcessPool as error:
        advice = "free memory or use fewer workers, then start again: finished cases are kept"
        raise UserError(f"a process that prepared cases was killed, perhaps for want of memory: {advice}") from error
    finally:
        # After a mistake in one case, or Ctrl-C, the cases that nobody has begun are not worth waiting for.
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    # Ctrl-C reaches every process of a terminal; the main one ends the others.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # One thread each: as many as there are cores in every process would only fight for them.
    threadpool_limits(1)
    end_with_parent()


def _prepare_one(entry: Entry, preprocessing: Preprocessing, folder: Path, label_set: LabelSet) -> None:
    source = source_of(entry)
    if isinstance(entry, CaseEntry):
        arrays = arrays_of_case(entry, preprocessing, label_set)
    else:
        arrays = arrays_of_label_map(entry, preprocessing, label_set)
    save_case(folder, *arrays, source)
