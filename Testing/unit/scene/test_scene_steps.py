"""Long work in steps: the same result, in pieces small enough."""

import numpy as np

from PartialSegLib.scene import labels_of_stepwise, new_segmentation, put_volume_stepwise, run, set_labels_stepwise
from PartialSegLib.scene.steps import slabs


def test_slabs_cover_everything_once():
    for shape in ((200, 512, 512), (3, 2000, 2000), (5, 4, 3), (1, 1, 1)):
        covered = np.concatenate([np.arange(s.start, s.stop) for s in slabs(shape)])
        assert np.array_equal(covered, np.arange(shape[0]))
        assert all(
            (s.stop - s.start) * shape[1] * shape[2] <= max(1_000_000, shape[1] * shape[2]) for s in slabs(shape)
        )


def test_run_returns_what_the_steps_return():
    def steps():
        yield 0.5
        return "done"

    assert run(steps()) == "done"


def test_small_steps_give_the_same(volume, label_set, blocks, monkeypatch):
    monkeypatch.setattr("PartialSegLib.scene.steps._VOXELS_PER_STEP", 300)
    labels = blocks(*range(1, 17))
    source = run(put_volume_stepwise(volume(), "CT"))
    node = new_segmentation(source, label_set, "Organs")
    fractions = list(set_labels_stepwise(node, source, labels, range(1, 17), label_set))
    assert len(fractions) > 10 and max(fractions) <= 1
    assert np.array_equal(run(labels_of_stepwise(node, source, label_set)).labels, labels)
