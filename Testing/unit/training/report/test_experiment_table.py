"""The table, the plot and the published numbers of an experiment."""

from PIL import Image

from partialseg_training.report.published import published_orderings
from partialseg_training.report.scatter import annotation_plot
from partialseg_training.report.table import ResultRow, results_html, results_table


def result(method, supervision, seed, dsc, voxels):
    return ResultRow(method, supervision, seed, {"liver": dsc}, dsc, voxels, 120.0)


ROWS = [
    result("supervised", "full", 0, 0.9, 1_000_000),
    result("supervised", "full", 1, 0.8, 1_000_000),
    result("scribble", "full", 0, 0.85, 1_000_000),
    result("scribble", "scribbles", 0, 0.7, 2_000),
    result("<b>", "none", 0, 0.1, 0),
]


def test_methods_by_supervision():
    lines = results_table(ROWS).splitlines()
    assert lines[0] == "| method | full | scribbles | none | minutes |"
    assert lines[2] == "| supervised | 85.0 (7.1) n=2 | - | - | 2.0 |"
    assert lines[3] == "| scribble | 85.0 n=1 | 70.0 n=1 | - | 2.0 |"


def test_the_same_in_html():
    html = results_html(ROWS)
    assert "<td>85.0 (7.1) n=2</td>" in html and "<th>&lt;b&gt;</th>" in html


def test_a_plot_is_drawn_whatever_was_annotated(tmp_path):
    path = tmp_path / "plot.png"
    annotation_plot(ROWS, path)
    with Image.open(path) as picture:
        assert picture.format == "PNG" and min(picture.size) > 500


def test_published_numbers_come_best_first_and_say_from_where():
    orderings = published_orderings()
    assert len({ordering.paper for ordering in orderings}) == 5
    for ordering in orderings:
        numbers = [number for _, number in ordering.results]
        assert numbers == sorted(numbers, reverse=True) and all(0 < number < 100 for number in numbers)
        assert ordering.paper in str(ordering) and ordering.where in str(ordering) and "%" in str(ordering)
