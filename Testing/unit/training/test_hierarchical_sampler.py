"""Class -> modality -> dataset -> image: each branch of the tree gets its share."""

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from partialseg_training.data.sampler import HierarchicalSampler, Source
from PartialSegLib.errors import UserError

DRAWS = 10_000
# Ten images of a large dataset, one of a small one, and an MR that alone has the bladder (14).
SOURCES = [
    *(Source(i, "ct", "large", frozenset({0, 6})) for i in range(10)),
    Source(10, "ct", "small", frozenset({6})),
    Source(11, "mr", "large", frozenset({6, 14})),
]


def draws(weights, seed=0, n=300):
    sampler, rng = HierarchicalSampler(SOURCES, weights), np.random.default_rng(seed)
    return [sampler.draw(rng) for _ in range(n)]


def expected(weights):
    """Exact probability of every (class, image), walking the tree with fractions."""

    def shares(level, names):
        total = sum(Fraction(weights.get(f"{level}:{name}", 1)) for name in names)
        return {name: Fraction(weights.get(f"{level}:{name}", 1)) / total for name in names}

    result = {}
    for value, p in shares("class", {v for s in SOURCES for v in s.classes}).items():
        has = [s for s in SOURCES if value in s.classes]
        for modality, q in shares("modality", {s.modality for s in has}).items():
            same = [s for s in has if s.modality == modality]
            for dataset, r in shares("dataset", {s.dataset for s in same}).items():
                images = [s.index for s in same if s.dataset == dataset]
                result |= {(value, index): p * q * r / len(images) for index in images}
    assert sum(result.values()) == 1
    return result


@pytest.mark.parametrize(
    "weights", [{}, {"class:14": 0.5, "modality:ct": 3}, {"dataset:large": 4, "class:0": 2, "class:99": 7}]
)
def test_every_branch_gets_its_share(weights):
    seen = Counter(draws(weights, n=DRAWS))
    shares = expected(weights)
    assert set(seen) == set(shares)
    for leaf, p in shares.items():
        assert abs(seen[leaf] - DRAWS * p) < 5 * np.sqrt(float(DRAWS * p * (1 - p))), leaf


def test_equal_generators_draw_equally():
    assert draws({}, seed=3) == draws({}, seed=3)
    assert draws({}, seed=3) != draws({}, seed=4)


def test_weight_zero_means_never():
    assert {value for value, _ in draws({"class:0": 0})} == {6, 14}
    # Without MR there is no image of class 14 left: it must not be drawn in vain.
    assert {value for value, _ in draws({"modality:mr": 0})} == {0, 6}


@pytest.mark.parametrize("sources", [[], [Source(0, "ct", "empty", frozenset())]])
def test_nothing_to_draw(sources):
    with pytest.raises(UserError, match="nothing to train on"):
        HierarchicalSampler(sources, {})


def test_weights_that_leave_nothing_to_draw():
    with pytest.raises(UserError, match="nothing to train on"):
        HierarchicalSampler(SOURCES, {"modality:ct": 0, "modality:mr": 0})
