"""Structures that a model's training data said nothing of are never given."""

import numpy as np
import pytest
from inference_stubs import ct

from PartialSegLib.errors import UserError
from PartialSegLib.inference import Engine
from PartialSegLib.inference.learnt import only_learnt

torch = pytest.importorskip("torch")
UNLEARNT = [2, 4]


def probabilities(logits):
    return torch.softmax(torch.as_tensor(logits).double(), 1).numpy()


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor])
def test_what_was_one_with_the_background_in_training_counts_as_background(make):
    logits = np.random.default_rng(0).normal(0, 3, (2, 5, 3, 4, 5)).astype(np.float32)
    given = make(logits.copy())
    result = only_learnt(given, UNLEARNT, independent=False)
    assert type(result) is type(given) and np.array_equal(given, logits)
    before, after = probabilities(logits), probabilities(result)
    np.testing.assert_allclose(after[:, 0], before[:, [0, *UNLEARNT]].sum(1), rtol=1e-5)
    np.testing.assert_allclose(after[:, [1, 3]], before[:, [1, 3]], rtol=1e-5)
    assert after[:, UNLEARNT].max() < 1e-20


@pytest.mark.parametrize("make", [np.asarray, torch.as_tensor])
def test_structures_decided_by_themselves_are_left_out(make):
    logits = np.random.default_rng(0).normal(0, 3, (2, 5, 3, 4, 5)).astype(np.float32)
    logits[:, 0] = 0
    result = np.asarray(only_learnt(make(logits), UNLEARNT, independent=True))
    others = [0, 1, 3]
    np.testing.assert_array_equal(result[:, others], logits[:, others])
    decided = np.array(others)[logits[:, others].argmax(1)]
    np.testing.assert_array_equal(result.argmax(1), decided)


def test_nothing_happens_where_everything_was_learnt():
    logits = np.zeros((1, 3, 1, 1, 1), np.float32)
    assert only_learnt(logits, [], independent=False) is logits


@pytest.mark.parametrize("independent", [False, True])
def test_the_engine_gives_what_was_learnt(make_bundle, independent):
    levels = np.zeros((30, 60, 70), int)
    levels[:, 8:-8, 8:-8] = 4
    levels[5:20, 15:40, 12:28] = 6
    engine = Engine(make_bundle(unlearnt=(4, 16), independent=independent), device="cpu")
    result = engine.segment(ct(levels))
    assert set(result.voxels) == set(range(1, 17)) - {4, 16}
    found = result.labels.array
    assert not np.isin(found, [4, 16]).any()
    np.testing.assert_array_equal(found[levels == 6], 6)
    if not independent:
        assert (found[levels == 4] == 0).all()
    with pytest.raises(UserError, match="never learnt gallbladder"):
        engine.segment(ct(levels), structures=["liver", "gallbladder"])
