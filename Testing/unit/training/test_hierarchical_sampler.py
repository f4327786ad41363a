"""How often which image is drawn, and for which class: exact shares of each order, tempering and the repeat cap."""

from collections import Counter
from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.optimize import minimize

from partialseg_training.data.sampler import HierarchicalSampler, SamplingConfig, Source, limit_repeats
from PartialSegLib.errors import UserError

DRAWS = 10_000
# Ten images of a large dataset, one of a small one, and an MR that alone has the bladder (14).
SOURCES = [
    *(Source(i, "ct", "large", frozenset({0, 6})) for i in range(10)),
    Source(10, "ct", "small", frozenset({6})),
    Source(11, "mr", "large", frozenset({6, 14})),
]
CONFIGS = [
    {},
    {"weights": {"class:14": 0.5, "modality:ct": 3}},
    {"weights": {"dataset:large": 4, "class:0": 2, "class:99": 7}},
    {"temper": 1},
    {"temper": 1, "weights": {"modality:mr": 5, "class:0": 0}},
    {"order": "modality-dataset-class"},
    {"order": "modality-dataset-class", "temper": 1, "weights": {"class:6": 3, "dataset:small": 2}},
    {"order": "random"},
    {"order": "random", "weights": {"modality:mr": 6, "dataset:small": 0.5}},
]


def sampler(sources=SOURCES, **values):
    return HierarchicalSampler(sources, SamplingConfig(**{"repeat_cap": None, **values}))


def draws(n=300, seed=0, **values):
    made, rng = sampler(**values), np.random.default_rng(seed)
    return [made.draw(rng) for _ in range(n)]


def shares(sources=SOURCES, **values):
    """Probability of every (class, image), as the sampler has it."""
    made = sampler(sources, **values)
    found = {(leaf.value, leaf.image): p for leaf, p in zip(made.leaves, made.probabilities, strict=True)}
    assert sum(found.values()) == pytest.approx(1, abs=1e-12)
    return found


def by_image(found):
    images = Counter()
    for (_, index), p in found.items():
        images[index] += p
    return images


def exact(order="class-modality-dataset", temper=0, weights=None):
    """The same by brute force, in fractions: for each leaf the product of its branch's share at every level."""
    if order == "random":
        levels, temper = ("modality", "dataset"), 1
        leaves = [{"class": None, "modality": s.modality, "dataset": s.dataset, "image": s.index} for s in SOURCES]
    else:
        levels = order.split("-")
        leaves = [
            {"class": value, "modality": s.modality, "dataset": s.dataset, "image": s.index}
            for s in SOURCES
            for value in s.classes
        ]

    def weight(level, name):
        return Fraction((weights or {}).get(f"{level}:{name}", 1))

    leaves = [leaf for leaf in leaves if prod(weight(level, leaf[level]) for level in ("class", "modality", "dataset"))]
    result = {}
    for leaf in leaves:
        among, p = leaves, Fraction(1)
        for level in levels:
            images = {name: {o["image"] for o in among if o[level] == name} for name in {o[level] for o in among}}
            sizes = {name: weight(level, name) * len(found) ** temper for name, found in images.items()}
            p *= sizes[leaf[level]] / sum(sizes.values())
            among = [other for other in among if other[level] == leaf[level]]
        result[leaf["class"], leaf["image"]] = p / len(among)
    assert sum(result.values()) == 1
    return result


@pytest.mark.parametrize("values", CONFIGS)
def test_probabilities_are_exact(values):
    found, brute = shares(**values), exact(**values)
    assert set(found) == set(brute)
    for leaf, p in brute.items():
        assert found[leaf] == pytest.approx(float(p), rel=1e-12), leaf


@pytest.mark.parametrize("values", [CONFIGS[1], CONFIGS[6], CONFIGS[8], {"repeat_cap": 2}])
def test_draws_follow_their_probabilities(values):
    seen, found = Counter(draws(DRAWS, **values)), shares(**values)
    assert set(seen) == set(found)
    for leaf, p in found.items():
        assert abs(seen[leaf] - DRAWS * p) < 5 * np.sqrt(DRAWS * p * (1 - p)), leaf


def test_the_published_orders_on_paper():
    """Three classes, and the bladder's only image: a third for it, and a share of the liver's."""
    assert by_image(shares())[11] == pytest.approx(1 / 3 + 1 / 3 * 1 / 2)
    assert by_image(shares(order="modality-dataset-class"))[11] == pytest.approx(1 / 2)
    assert by_image(shares(order="random")) == pytest.approx({i: 1 / 12 for i in range(12)})


def test_tempering_goes_from_equal_branches_to_equal_images():
    sources = [Source(i, "ct", "a" if i < 4 else "b", frozenset({6})) for i in range(5)]
    for temper, share in ((0, 1 / 2), (0.5, 1 / 3), (1, 1 / 5)):
        assert by_image(shares(sources, temper=temper))[4] == pytest.approx(share)


def test_two_rare_images_are_not_shown_again_and_again():
    """The published collection in small: of 600 images two are MR that show the bladder, as 100 CTs do."""
    sources = [Source(i, "ct", "ct", frozenset({1, 2, 14} if i < 100 else {1, 2})) for i in range(598)]
    sources += [Source(598 + i, "mr", "mr", frozenset({14})) for i in range(2)]
    assert by_image(shares(sources))[599] > 49 / 600
    capped = shares(sources, repeat_cap=10)
    assert max(by_image(capped).values()) == pytest.approx(10 / 600)
    # The others gain in proportion.
    gains = {round(p / shares(sources)[leaf], 9) for leaf, p in capped.items() if leaf[1] < 598}
    assert len(gains) == 1 and gains.pop() > 1


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 12), cap=st.floats(1, 4))
def test_no_image_is_shown_more_often_than_the_cap_allows(seed, n, cap):
    rng = np.random.default_rng(seed)
    images = np.concatenate([np.arange(n), rng.integers(0, n, 2 * n)])
    given_p = rng.dirichlet(np.full(3 * n, 0.2)) + 1e-9
    given_p /= given_p.sum()
    new = limit_repeats(given_p, images, cap)
    before, after = np.bincount(images, given_p), np.bincount(images, new)
    assert new.sum() == pytest.approx(1) and after.max() <= cap / n * (1 + 1e-6)
    # Within an image the classes keep their proportions, and images below the cap theirs.
    np.testing.assert_allclose(new / after[images], given_p / before[images], rtol=1e-9)
    gains = (after / before)[after < cap / n * (1 - 1e-6)]
    if len(gains):
        np.testing.assert_allclose(gains, gains[0], rtol=1e-6)
        assert gains[0] >= 1 - 1e-9


def test_the_cap_changes_as_little_as_possible():
    """A general optimiser finds no distribution within the cap that is nearer."""
    p = np.array([0.5, 0.3, 0.1, 0.06, 0.04])
    new = limit_repeats(p, np.arange(5), 1.4)
    found = minimize(
        lambda q: float((q * np.log(q / p)).sum()),
        np.full(5, 0.2),
        bounds=[(1e-9, 1.4 / 5)] * 5,
        constraints={"type": "eq", "fun": lambda q: q.sum() - 1},
    )
    np.testing.assert_allclose(new, found.x, atol=1e-3)
    np.testing.assert_allclose(limit_repeats(p, np.arange(5), 3), p)
    np.testing.assert_allclose(limit_repeats(p, np.arange(5), 1), 0.2)


def test_equal_generators_draw_equally():
    assert draws(seed=3) == draws(seed=3)
    assert draws(seed=3) != draws(seed=4)


def test_the_order_of_the_images_makes_no_difference():
    forwards, backwards = shares(SOURCES, repeat_cap=2), shares(SOURCES[::-1], repeat_cap=2)
    assert forwards == pytest.approx(backwards)


def test_weight_zero_means_never():
    assert {value for value, _ in draws(weights={"class:0": 0})} == {6, 14}
    # Without MR there is no image of class 14 left: it must not be drawn in vain.
    assert {value for value, _ in draws(weights={"modality:mr": 0})} == {0, 6}


def test_random_order_draws_places_not_classes():
    assert {value for value, _ in draws(order="random")} == {None}
    # A volume in which there is nothing to surround is shown all the same.
    empty = [*SOURCES, Source(12, "ct", "empty", frozenset())]
    assert by_image(shares(empty, order="random"))[12] == pytest.approx(1 / 13)


@pytest.mark.parametrize("sources", [[], [Source(0, "ct", "empty", frozenset())]])
def test_nothing_to_draw(sources):
    with pytest.raises(UserError, match="nothing to train on"):
        HierarchicalSampler(sources, SamplingConfig())


@pytest.mark.parametrize("order", ["class-modality-dataset", "random"])
def test_weights_that_leave_nothing_to_draw(order):
    with pytest.raises(UserError, match="nothing to train on"):
        sampler(order=order, weights={"modality:ct": 0, "modality:mr": 0})


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({"order": "dataset-class"}, "order"),
        ({"temper": 1.1}, "temper"),
        ({"weights": {"modalty:ct": 1}}, "weights"),
        ({"weights": {"class:3": -1}}, "weights"),
        ({"repeat_cap": 0.5}, "repeat_cap"),
        ({"tempering": 1}, "tempering"),
        ({"order": "random", "weights": {"class:3": 1}}, "draws no class"),
    ],
)
def test_wrong_settings_are_refused(values, where):
    with pytest.raises(ValidationError, match=where):
        SamplingConfig(**values)
