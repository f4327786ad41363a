import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from PartialSegLib.inference.export import LabelWriter, labels_from_logits
from PartialSegLib.inference.interpolation import axis_map
from PartialSegLib.inference.planes import load_fused
from PartialSegLib.preprocessing import resample_labels

torch = pytest.importorskip("torch")
SHAPES = [
    ((7, 9, 11), (13, 20, 31)),  # larger
    ((20, 30, 28), (9, 31, 11)),  # smaller
    ((1, 9, 11), (5, 9, 22)),
    ((6, 1, 1), (1, 8, 5)),
    ((1, 1, 1), (3, 4, 5)),
    ((5, 6, 7), (1, 1, 1)),
    ((70, 5, 6), (141, 7, 9)),  # more slices than are exported at a time
]


def test_without_numba_torch_does_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    load_fused.cache_clear()
    try:
        assert load_fused() is None
        logits = random_logits((3, 4, 5))
        np.testing.assert_array_equal(
            labels_from_logits(logits, (6, 6, 6)), labels_from_logits(logits, (6, 6, 6), False)
        )
    finally:
        load_fused.cache_clear()


def random_logits(shape, classes=17, seed=0):
    return np.random.default_rng(seed).normal(size=(classes, *shape)).astype(np.float32) * 5


def tied_logits(shape, classes=17, seed=0):
    """Few distinct values, so that several classes are largest nearly everywhere."""
    return np.random.default_rng(seed).integers(0, 2, (classes, *shape)).astype(np.float32)


@pytest.mark.skipif(load_fused() is None, reason="numba is not installed")
@pytest.mark.parametrize("make", [random_logits, tied_logits])
@pytest.mark.parametrize(("small", "large"), SHAPES)
def test_kernel_and_torch_agree_bit_for_bit(make, small, large):
    logits = make(small)
    fused, plain = (labels_from_logits(logits, large, fused=choice) for choice in (True, False))
    assert fused.dtype == np.uint8 and fused.shape == large
    np.testing.assert_array_equal(fused, plain)


@pytest.mark.skipif(load_fused() is None, reason="numba is not installed")
def test_kernel_and_torch_agree_where_a_fused_multiply_add_would_differ():
    # Two classes that are mirror images along x are equal in exact arithmetic in the middle of an odd output: only
    # rounding decides, and contraction to a fused multiply-add rounds once instead of twice.
    rng = np.random.default_rng(1)
    half = rng.normal(size=(1, 40, 40, 8)).astype(np.float32)
    logits = np.concatenate([half, half[..., ::-1], half * (1 + 2**-23)])
    for large in ((40, 40, 15), (37, 53, 31)):
        fused, plain = (labels_from_logits(logits, large, fused=choice) for choice in (True, False))
        np.testing.assert_array_equal(fused, plain)


@pytest.mark.parametrize("fused", [None, False])
@pytest.mark.parametrize(("small", "large"), SHAPES)
def test_labels_are_those_of_trilinear_interpolation_and_argmax(fused, small, large):
    logits = random_logits(small)
    reference = torch.nn.functional.interpolate(torch.from_numpy(logits)[None], large, mode="trilinear")[0]
    best_two = reference.topk(2, dim=0).values
    clear = ((best_two[0] - best_two[1]) > 1e-4).numpy()
    assert clear.mean() > 0.99
    labels = labels_from_logits(logits, large, fused)
    np.testing.assert_array_equal(labels[clear], reference.argmax(0).numpy()[clear])


@pytest.mark.parametrize("fused", [None, False])
def test_ties_go_to_the_lowest_class(fused):
    logits = np.ones((5, 3, 4, 5), np.float32)
    logits[0] = 0
    assert (labels_from_logits(logits, (7, 8, 9), fused) == 1).all()


@pytest.mark.parametrize("fused", [None, False])
def test_half_precision_logits_are_those_of_their_float32_values(fused):
    logits = random_logits((40, 6, 7)).astype(np.float16)
    expected = labels_from_logits(logits.astype(np.float32), (80, 9, 9), fused)
    np.testing.assert_array_equal(labels_from_logits(logits, (80, 9, 9), fused), expected)


def write_in_pieces(logits, shape, maps, cuts, kept=None, place=lambda array: array, fused=None):
    kept = np.arange(len(logits), dtype=np.uint8) if kept is None else kept
    with ThreadPoolExecutor(2) as threads:
        writer = LabelWriter(shape, maps, kept, threads, fused)
        for a, b in zip([0, *cuts], [*cuts, logits.shape[1]], strict=True):
            first = max(0, a - 1)
            writer.write(place(logits[:, first:b]), first)
    return writer.labels


@pytest.mark.parametrize("cuts", [[], [1], [4, 5, 11], list(range(1, 20))])
@pytest.mark.parametrize("place", [lambda array: array, torch.from_numpy], ids=["numpy", "torch"])
@pytest.mark.parametrize("depth", [7, 20, 55])
def test_slices_may_arrive_in_pieces(cuts, place, depth):
    logits, shape = random_logits((20, 6, 7)), (depth, 11, 9)
    maps = [axis_map(n, m) for n, m in zip(shape, logits.shape[1:], strict=True)]
    expected = labels_from_logits(logits, shape)
    np.testing.assert_array_equal(write_in_pieces(logits, shape, maps, cuts, place=place), expected)


def test_a_cropped_field_labels_what_lies_inside_and_nothing_else():
    logits, shape = random_logits((12, 14, 16)) + 0, (24, 21, 40)
    logits[0] -= 100  # never background
    start, stop = (3, 0, 5), (9, 14, 12)
    maps = [axis_map(n, m, a, b, a) for n, m, a, b in zip(shape, logits.shape[1:], start, stop, strict=True)]
    field = np.ascontiguousarray(logits[:, 3:9, :, 5:12])
    labels = write_in_pieces(field, shape, maps, [2])
    inside = np.zeros(shape, bool)
    # Output z = 7 lies at (7.5 / 2) - 0.5 = 3.25, output 16 at 7.75; output 17 at 8.25 is beyond the last slice, 8.
    inside[7:17, :, 14:29] = True
    np.testing.assert_array_equal(labels > 0, inside)
    np.testing.assert_array_equal(labels[inside], labels_from_logits(logits, shape)[inside])


def test_only_kept_classes_are_written_and_the_others_still_compete():
    logits, shape = random_logits((5, 6, 7)), (9, 9, 9)
    kept = np.zeros(17, np.uint8)
    kept[[3, 8]] = 3, 8
    maps = [axis_map(n, m) for n, m in zip(shape, logits.shape[1:], strict=True)]
    everything = labels_from_logits(logits, shape)
    expected = np.where(np.isin(everything, (3, 8)), everything, 0)
    assert expected.any()
    np.testing.assert_array_equal(write_in_pieces(logits, shape, maps, [], kept), expected)


def test_grids_share_their_extent():
    line = axis_map(6, 3)
    np.testing.assert_allclose(line.low * line.w_low + line.high * line.w_high, [0, 0.25, 0.75, 1.25, 1.75, 2.0])
    line = axis_map(2, 6)
    np.testing.assert_allclose(line.low * line.w_low + line.high * line.w_high, [1.0, 4.0])


@pytest.mark.parametrize("place", [lambda array: array, torch.from_numpy], ids=["numpy", "torch"])
@pytest.mark.parametrize(("small", "large"), SHAPES)
def test_the_nearest_voxel_s_label_is_what_deciding_first_gives(place, small, large):
    logits = random_logits(small)
    maps = [axis_map(n, m).nearest() for n, m in zip(large, small, strict=True)]
    labels = write_in_pieces(logits, large, maps, list(range(2, small[0], 3)), place=place)
    np.testing.assert_array_equal(labels, resample_labels(logits.argmax(0).astype(np.uint8), large))
