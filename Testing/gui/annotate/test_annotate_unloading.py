"""Closing or reloading the module while work is not saved."""

import numpy as np

LIVER = 6


def test_closing_the_module_loses_nothing(case, dataset):
    from PartialSegLib.annotation.reading import open_reading

    case.paint(LIVER, k=8)
    labels = case.tab.session.labels.copy()
    case.host.close_module()
    reading = open_reading(dataset / "case_001", "reader-1")
    assert np.array_equal(reading.labels.array, labels)
