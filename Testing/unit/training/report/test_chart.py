"""Line charts: what is drawn is what was given."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from partialseg_training.report.chart import line_chart, moving_mean


def drawn(svg):
    """Points (x, y) of each polyline, in pixels."""
    lines = re.findall(r'<polyline[^>]* points="([^"]*)"', svg)
    return [np.array([[float(n) for n in pair.split(",")] for pair in line.split()]) for line in lines]


def test_a_chart_is_well_formed_and_names_its_lines():
    svg = line_chart({"a < b": ([1, 2, 3], [1, 4, 9]), "c": ([1, 3], [2, 2])}, "step & more", "loss", marks=[2])
    tree = ElementTree.fromstring(f"<div>{svg}</div>")
    assert [line.find("title").text for line in tree.iter("polyline")] == ["a < b: 9 at 3", "c: 2 at 3"]
    assert "step &amp; more" in svg and 'class="mark"' in svg and "a &lt; b" in svg


def test_points_lie_where_their_values_are():
    (points,) = drawn(line_chart({"a": ([0, 5, 10], [0.0, 1.0, 2.0])}, "x", "y"))
    assert np.allclose(np.diff(points[:, 0]), np.diff(points[:, 0])[0], atol=0.11)
    assert np.allclose(np.diff(points[:, 1]), np.diff(points[:, 1])[0], atol=0.11)
    assert points[0, 1] > points[-1, 1]  # SVG counts downwards


def test_numbers_that_are_none_are_left_out():
    (points,) = drawn(line_chart({"a": ([1, 2, 3, 4], [1.0, np.nan, np.inf, 2.0])}, "x", "y"))
    assert len(points) == 2
    assert line_chart({"a": ([1], [np.nan])}, "x", "y") == "" and line_chart({}, "x", "y") == ""


@pytest.mark.parametrize("values", [[0.5], [0.0, 0.0, 0.0], [1e-9, 2e-9], [-5.0, 5.0], [1e12, 1e12]])
def test_any_range_gives_a_chart(values):
    svg = line_chart({"a": (list(range(len(values))), values)}, "x", "y")
    ElementTree.fromstring(f"<div>{svg}</div>")
    assert "nan" not in svg and "<text" in svg


def test_long_lines_are_thinned():
    (points,) = drawn(line_chart({"a": (range(10_000), np.zeros(10_000))}, "x", "y"))
    assert len(points) == 600


def test_moving_mean():
    assert moving_mean([1, 2, 3, 4], 2) == pytest.approx([1, 1.5, 2.5, 3.5])
    assert moving_mean([1, np.nan, 3], 2) == pytest.approx([1, 1, 3])
    assert np.isnan(moving_mean([np.nan], 3)).all()
