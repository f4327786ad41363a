"""Which structures a training can learn at all."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from partialseg_training.data.store import load_case
from PartialSegLib.supervision import State


def learnt_structures(folders: Iterable[Path]) -> tuple[int, ...]:
    """The structures that some prepared case says something of: painted, in a union, or complete somewhere."""
    learnt: set[int] = set()
    for folder in folders:
        case = load_case(folder)
        learnt |= {value for value in case.centres if value > 0}
        record = case.completeness
        tables = [record.volume[None], *(table for table in (record.z, record.y, record.x) if table is not None)]
        for table in tables:
            learnt |= set(np.flatnonzero((table == State.COMPLETE).any(axis=0)).tolist())
    return tuple(sorted(learnt - {0}))
