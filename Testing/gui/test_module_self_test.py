"""The module's own test, which CTest and Testing/slicer/run_tests.py run in real Slicer, runs in the host too."""

import unittest

import pytest


@pytest.fixture
def module(empty_scene):
    """The module is loaded, as Slicer has it before it runs a module's test."""
    empty_scene.module()
    return empty_scene


@pytest.mark.parametrize(
    "name",
    [
        "test_button_says_what_is_missing",
        "test_loaded_volume_is_recognized",
        "test_painted_case_is_saved_and_reopened",
        "test_shipped_model_segments",
    ],
)
def test_it_passes(module, name):
    suite = unittest.defaultTestLoader.loadTestsFromName(f"PartialSeg.PartialSegTest.{name}")
    result = unittest.TextTestRunner().run(suite)
    assert result.testsRun == 1 and result.wasSuccessful() and not result.skipped, result


def test_none_of_its_tests_is_left_out_here():
    import PartialSeg

    here = {mark.args[1][n] for mark in test_it_passes.pytestmark for n in range(len(mark.args[1]))}
    assert {name for name in dir(PartialSeg.PartialSegTest) if name.startswith("test_")} == here
