"""Small random annotated volumes: dense labels, scribbles and unions, with records of slices on any axes."""

import numpy as np
from hypothesis import strategies as st

from PartialSegLib.supervision import Completeness, State

N_CLASSES = 5
UNIONS = {9: (1, 2), 10: (0, 4)}
sizes = st.integers(1, 9)
shapes = st.tuples(sizes, sizes, sizes)


@st.composite
def annotated(draw, shape=None):
    """Labels (uint8) and completeness of one volume."""
    shape = draw(shapes) if shape is None else shape
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    palette = draw(st.sampled_from([(0, 1, 2, 3, 4), (0, 0, 0, 0, 0, 0, 1, 255), (0, 0, 0, 3, 9, 10, 255)]))
    labels = rng.choice(np.array(palette, np.uint8), shape)
    volume = np.where(rng.random(N_CLASSES) < 0.2, State.COMPLETE, State.NOT_LOOKED_AT).astype(np.uint8)
    volume[0] = 0
    tables = [_table(rng, n) if draw(st.booleans()) else None for n in shape]
    return labels, Completeness(volume, *tables)


def _table(rng, n):
    table = np.where(rng.random((n, N_CLASSES)) < 0.5, State.COMPLETE, State.NOT_LOOKED_AT)
    table[:, 0] = 0
    table[rng.random(n) < 0.4] = 0
    return table.astype(np.uint8)
