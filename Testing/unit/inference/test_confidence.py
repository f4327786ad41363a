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


def test_of_structures_decided_one_by_one_it_is_the_probability_given_that_there_is_one_at_most():
    z = np.random.default_rng(0).normal(size=(3, 1, 2, 5)).astype(np.float32)
    z[1] += 4  # structure 2 wins everywhere
    p = 1 / (1 + np.exp(-z.astype(np.float64)))
    # Every way in which at most one of three structures is there.
    only = [np.prod([p[j] if j == k else 1 - p[j] for j in range(3)], axis=0) for k in range(-1, 3)]
    expected = (only[2] / sum(only)).mean()
    logits = np.concatenate([np.zeros_like(z[:1]), z])
    assert measure(logits, 1) == pytest.approx({2: expected}, rel=1e-5)
