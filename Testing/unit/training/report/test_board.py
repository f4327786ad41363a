"""TensorBoard: written when it is there, silent when it is not."""

import sys

import numpy as np
import pytest

from partialseg_training.report.tensorboard import Board


def test_without_the_package_nothing_happens(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard.writer", None)
    board = Board(tmp_path / "board")
    board.scalars(1, {"loss": 0.5})
    board.image(1, "sample", np.zeros((4, 4, 3), np.uint8))
    board.close()
    assert not (tmp_path / "board").exists()


def test_events_are_written_and_those_of_a_killed_run_hidden(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    board = Board(tmp_path)
    for step in (1, 2, 3):
        board.scalars(step, {"loss": 1.0 / step})
    board.close()
    board = Board(tmp_path, first_step=2)
    board.scalars(3, {"loss": 7.0})
    board.close()
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(1, 1.0), (2, 0.5), (3, 7.0)]
