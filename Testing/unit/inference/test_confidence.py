from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from PartialSegLib.inference.confidence import ConfidenceMeter

torch = pytest.importorskip("torch")


def measure(logits, pieces):
    meter = ConfidenceMeter(len(logits if isinstance(logits, np.ndarray) else logits.numpy()))
    with ThreadPoolExecutor(2) as threads:
        for start in range(0, logits.shape[1], pieces):
            meter.add(logits[:, start : start + pieces], threads)
    return meter.mean()


@pytest.mark.parametrize("place", [lambda array: array, torch.from_numpy], ids=["numpy", "torch"])
@pytest.mark.parametrize("pieces", [1, 3, 50])
def test_it_is_the_mean_softmax_probability_over_the_structures_voxels(place, pieces):
    logits = np.random.default_rng(0).normal(size=(5, 10, 12, 14)).astype(np.float32) * 3
    probability = torch.from_numpy(logits).double().softmax(0)
    value, label = probability.max(0)
    expected = {c: float(value[label == c].mean()) for c in range(1, 5)}
    assert measure(place(logits), pieces) == pytest.approx(expected, rel=1e-5)


def test_structures_that_are_not_there_have_none_and_large_logits_do_not_overflow():
    logits = np.full((4, 2, 3, 3), -500.0, np.float32)
    logits[2] = 500.0
    assert measure(logits, 2) == {2: 1.0}


def test_a_structure_at_even_odds_has_a_half():
    logits = np.full((3, 1, 2, 2), -40.0, np.float32)
    logits[1:] = 4.0
    assert measure(logits, 1) == pytest.approx({1: 0.5})
