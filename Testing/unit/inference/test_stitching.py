from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from PartialSegLib.inference.stitching import Stitcher, field_of
from PartialSegLib.inference.windows import importance_map, plan_rows

PATCH = (8, 8, 12)


def stitch(field, network, overlap, place=lambda array: array, holds_body=lambda start, stop: True):
    """Run `network` (window -> (C, ...) logits) over `field` and collect the finished slices."""
    n_classes = len(network(field[tuple(slice(0, n) for n in PATCH)]))
    pieces = []
    with ThreadPoolExecutor(2) as threads:
        stitcher = Stitcher(place, n_classes, field.shape[1:], importance_map(PATCH), threads)
        for row in plan_rows(field.shape, PATCH, overlap, holds_body):
            for corner in row.corners:
                start = (row.start, *corner)
                window = field[tuple(slice(a, a + n) for a, n in zip(start, PATCH, strict=True))]
                stitcher.add(place(network(window)), corner)
            first, logits = stitcher.finish(row.final)
            logits = np.asarray(logits).copy()
            if pieces:
                assert first == row.start - 1
                np.testing.assert_array_equal(logits[:, 0], pieces[-1][:, -1])
                logits = logits[:, 1:]
            pieces.append(logits)
            stitcher.advance(row.final)
    return np.concatenate(pieces, 1)


def to_tensor(array):
    return pytest.importorskip("torch").from_numpy(array.copy())


@pytest.mark.parametrize("place", [lambda array: array, to_tensor], ids=["numpy", "torch"])
@pytest.mark.parametrize("shape", [(8, 8, 12), (9, 20, 12), (30, 17, 31)])
@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5])
def test_a_constant_network_gives_a_constant(place, shape, overlap):
    def network(window):
        return np.stack([np.full_like(window, value) for value in (3.0, -1.5)])

    logits = stitch(np.zeros(shape, np.float32), network, overlap, place)
    assert logits.shape == (2, *shape)
    np.testing.assert_allclose(logits[0], 3.0, rtol=1e-6)
    np.testing.assert_allclose(logits[1], -1.5, rtol=1e-6)


@pytest.mark.parametrize("overlap", [0.0, 0.25, 0.5, 0.75])
def test_a_pointwise_network_gives_the_same_with_any_tiling(overlap):
    field = np.random.default_rng(0).random((21, 30, 33), dtype=np.float32)

    def network(window):
        return np.stack([window, 1 - window, 2 * window**2])

    np.testing.assert_allclose(stitch(field, network, overlap), network(field), rtol=2e-6)


def test_overlapping_windows_are_averaged_with_their_gaussian_weights():
    field = np.zeros((12, 8, 12), np.float32)
    field[8:] = 1.0

    def network(window):  # the value of the whole window is that of its last slice
        return np.full((1, *window.shape), window[-1, 0, 0], np.float32)

    logits = stitch(field, network, 0.5)  # windows start at slices 0 and 4
    weight = importance_map(PATCH)[:, 0, 0]
    np.testing.assert_array_equal(logits[0, :4], 0)
    np.testing.assert_allclose(logits[0, 4:8, 0, 0], weight[:4] / (weight[:4] + weight[4:]), rtol=1e-5)
    np.testing.assert_array_equal(logits[0, 8:], 1)


def test_background_wins_where_no_window_was():
    field = np.zeros((8, 8, 36), np.float32)

    def network(window):
        return np.stack([np.zeros_like(window), np.ones_like(window)])

    logits = stitch(field, network, 0.0, holds_body=lambda start, stop: start[2] != 12)
    lead = logits[1] - logits[0]
    np.testing.assert_allclose(lead[:, :, [0, 11, 24, 35]], 1)
    assert (lead[:, :, 12:24] < -1).all()  # by more than a structure beside it, so that halfway background still wins


def test_a_box_is_cut_out_and_padded_with_air_around_it():
    array = np.arange(1, 1 + 5 * 6 * 7, dtype=np.float32).reshape(5, 6, 7)
    field, origin = field_of(array, (1, 0, 2), (4, 6, 7), (8, 4, 6))
    assert field.shape == (8, 6, 6)
    assert origin == (1 - 2, 0, 2 - 0)
    np.testing.assert_array_equal(field[2:5, :, :5], array[1:4, :, 2:7])
    assert not field[:2].any() and not field[5:].any() and not field[..., 5:].any()
    same, origin = field_of(array, (0, 0, 0), (5, 6, 7), (4, 4, 4))
    assert np.shares_memory(same, array) and origin == (0, 0, 0)
