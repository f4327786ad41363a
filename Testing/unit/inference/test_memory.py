import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.inference import memory

PATCH, CLASSES, WIDTH = (64, 96, 96), 17, 16


def test_a_run_that_fits_passes_and_one_that_does_not_is_refused_with_numbers(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 2_000_000_000)
    memory.require_memory(2_000_000_000)
    with pytest.raises(UserError, match=r"needs about 3\.5 GB of memory but 2\.0 GB are free: close"):
        memory.require_memory(3_500_000_000)
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.require_memory(10**15)


def test_a_large_ct_stays_below_the_target_and_a_long_one_needs_little_more():
    ct = memory.run_bytes((200, 512, 512), (167, 205, 205), PATCH, CLASSES, WIDTH)
    assert ct < 1_500_000_000
    twice_as_long = memory.run_bytes((400, 512, 512), (334, 205, 205), PATCH, CLASSES, WIDTH)
    # labels, their copy, and the prepared volume: no logits
    assert twice_as_long - ct == 2 * 200 * 512 * 512 + 4 * 167 * 205 * 205


def test_preparing_holds_planes_and_three_grids():
    assert memory.prepare_bytes((10, 20, 30), (5, 6, 7)) == 4 * (10 * 6 * 7 + 3 * 5 * 6 * 7)


def test_batches_fit_the_gpu():
    assert memory.windows_at_once(0, PATCH, CLASSES, WIDTH) == 1
    one = memory.window_bytes(PATCH, CLASSES, WIDTH)
    assert memory.windows_at_once(3 * one, PATCH, CLASSES, WIDTH) == 2
    assert memory.windows_at_once(10**12, PATCH, CLASSES, WIDTH) == 4
