import numpy as np

from PartialSegLib.inference.body import find_body
from PartialSegLib.preprocessing import Preprocessing

PREPROCESSING = Preprocessing(spacing=(2.0, 2.0, 3.0), ct_window=(-400.0, 400.0))
PATCH = (16, 16, 16)


def torso(shape=(60, 80, 100), low=(0, 20, 22), high=(60, 60, 70)):
    """A bright block in air."""
    array = np.zeros(shape, np.float32)
    array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = 0.5
    return array


def test_the_box_holds_the_body_with_a_margin_and_leaves_air_out():
    body = find_body(torso(), "ct", PREPROCESSING, PATCH)
    assert body.start[0] == 0 and body.stop[0] == 60
    for axis, (low, high) in {1: (20, 60), 2: (22, 70)}.items():
        assert low - 12 <= body.start[axis] <= low - 2
        assert high + 2 <= body.stop[axis] <= high + 12


def test_air_is_found_in_a_ct_clipped_to_a_window_and_fat_is_not_taken_for_it():
    clipped = np.maximum(torso(), 0.344)
    clipped[:, 20:60, 22:70][:, :8] = 0.375  # fat at -100 HU
    body = find_body(clipped, "ct", PREPROCESSING, PATCH)
    assert 8 <= body.start[1] <= 18 and 62 <= body.stop[1] <= 72
    assert not body.touches((0, 0, 0), (16, 8, 16))


def test_fat_is_body_in_a_narrow_window_too():
    narrow = Preprocessing(spacing=(2.0, 2.0, 3.0), ct_window=(-125.0, 275.0))
    fat = 25 / 400  # -100 HU
    body = find_body(np.where(torso() > 0, np.float32(fat), np.float32(0)), "ct", narrow, PATCH)
    assert body.start[1] <= 18 and body.stop[1] >= 62 and body.start[1] >= 8


def test_a_piece_from_within_the_body_is_kept_whole():
    noisy = 0.375 + 0.02 * np.random.default_rng(0).random((40, 50, 60), dtype=np.float32)
    noisy[:, :, 30:] += 0.2
    flat = np.full_like(noisy, 0.56)
    flat[:, :, 30:] = 0.6
    for piece in (noisy, flat):
        body = find_body(piece, "ct", PREPROCESSING, PATCH)
        assert (body.start, body.stop) == ((0, 0, 0), (40, 50, 60))


def test_a_table_below_the_patient_is_left_out_and_a_second_leg_is_not():
    array = torso()
    array[:, 75:77, 20:80] = 0.2  # table
    assert find_body(array, "ct", PREPROCESSING, PATCH).stop[1] < 73
    array = torso(high=(60, 60, 50))
    array[:, 20:60, 70:90] = 0.5
    assert find_body(array, "ct", PREPROCESSING, PATCH).stop[2] > 90


def test_dark_lungs_inside_the_body_are_kept_by_the_box():
    array = torso()
    array[:20, 26:54, 28:64] = 0
    body = find_body(array, "ct", PREPROCESSING, PATCH)
    assert body.start[0] == 0
    assert body.touches((0, 20, 22), (16, 36, 38))


def test_windows_in_air_are_told_from_windows_at_the_body():
    body = find_body(torso(), "ct", PREPROCESSING, PATCH)
    assert not body.touches((0, 0, 0), (16, 8, 16))
    assert body.touches((0, 0, 30), (60, 22, 40))
    assert body.touches((-8, -8, -8), (100, 100, 100))


def test_the_whole_volume_is_taken_when_nothing_looks_like_a_body():
    for array in (np.zeros((30, 40, 50), np.float32), np.random.default_rng(0).random((30, 40, 50), np.float32) * 0.04):
        for modality in ("ct", "mr"):
            body = find_body(array, modality, PREPROCESSING, PATCH)
            assert (body.start, body.stop) == ((0, 0, 0), (30, 40, 50))
            assert body.touches((0, 0, 0), (8, 8, 8))


def test_the_box_is_at_least_a_window_where_the_volume_allows():
    array = torso(low=(30, 10, 85), high=(45, 70, 100))
    body = find_body(array, "ct", PREPROCESSING, (48, 96, 64))
    sizes = [b - a for a, b in zip(body.start, body.stop, strict=True)]
    assert sizes[0] >= 48 and sizes[1] == 80 and sizes[2] == 64
    assert body.stop[2] == 100


def test_thin_volumes():
    body = find_body(torso(shape=(2, 80, 100), high=(2, 60, 70)), "mr", PREPROCESSING, PATCH)
    assert (body.start[0], body.stop[0]) == (0, 2)
    body = find_body(np.full((1, 1, 1), 0.5, np.float32), "ct", PREPROCESSING, PATCH)
    assert (body.start, body.stop) == ((0, 0, 0), (1, 1, 1))
