import itertools

import numpy as np
import pytest
from PIL import Image
from scenes import color_mask, patient, reoriented, volume

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume
from PartialSegLib.preview import draw_preview
from PartialSegLib.structures import load_label_set

LABEL_SET = load_label_set("abdomen16")
AXIAL = (slice(80, 610), slice(22, 610))
CORONAL = (slice(80, 610), slice(630, 1220))
RENDERING = (slice(660, 1130), slice(640, 1220))
LEGEND = (slice(78, 1160), slice(1240, 1600))


SMALL = (24, 30, 36)
UNEVEN = (2.0, 2.5, 3.0)
FLIPS = [
    (True, False, False),
    (False, True, False),
    (False, False, True),
    (True, True, False),
    (False, True, True),
    (True, True, True),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> np.ndarray:
    return drawn(tmp_path_factory.mktemp("page"), *patient())


@pytest.fixture(scope="module")
def small_page(tmp_path_factory) -> np.ndarray:
    return drawn(tmp_path_factory.mktemp("small"), *patient(SMALL, UNEVEN))


def picture(path) -> np.ndarray:
    with Image.open(path) as image:
        assert (image.format, image.size, image.mode) == ("PNG", (1600, 1200), "RGB")
        return np.asarray(image)


def drawn(tmp_path, image: Volume, labels: Volume, modality: str = "ct", **options) -> np.ndarray:
    path = tmp_path / "preview.png"
    draw_preview(image, labels, LABEL_SET, path, title_lines=["Title"], modality=modality, **options)
    return picture(path)


def test_right_structures_are_on_the_left_of_axial_and_rendering(page):
    spleen, liver = LABEL_SET.by_value(1).color, LABEL_SET.by_value(6).color
    for panel in (AXIAL, CORONAL):
        columns = {c: np.nonzero(color_mask(page[panel], c, 25))[1].mean() for c in (spleen, liver)}
        assert columns[liver] < 280 < columns[spleen]
    hue = page[RENDERING].astype(float)
    purple = np.nonzero((hue[..., 2] > 1.2 * hue[..., 1]) & (hue[..., 0] > 60))[1]
    assert purple.mean() > 330


@pytest.mark.parametrize(("axes", "flips"), list(zip(itertools.permutations(range(3)), FLIPS, strict=True)))
def test_the_picture_does_not_depend_on_how_the_file_is_oriented(tmp_path, small_page, axes, flips):
    image, labels = (reoriented(source, axes, flips) for source in patient(SMALL, UNEVEN))
    np.testing.assert_array_equal(drawn(tmp_path, image, labels), small_page)


@pytest.mark.parametrize("depth", [1, 2])
def test_thin_volumes(tmp_path, depth):
    image, labels = patient()
    spacing = (2.0, 2.0, 8.0)
    page = drawn(
        tmp_path, volume(image.array[20 : 20 + depth], spacing), volume(labels.array[20 : 20 + depth], spacing)
    )
    assert color_mask(page[AXIAL], LABEL_SET.by_value(6).color, 25).any()
    assert page[RENDERING].max() > 120


def test_empty_labels_are_said_to_be_empty(tmp_path, page):
    image, labels = patient()
    empty = drawn(tmp_path, image, labels.like(np.zeros_like(labels.array)))
    assert empty[RENDERING][200:280].max() > 150  # the sentence
    assert (empty[LEGEND] != page[LEGEND]).any()


def test_oblique_volume(tmp_path, small_page):
    image, labels = patient(SMALL, UNEVEN)
    angle = np.deg2rad(25)
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    tilted = [Volume(array=v.array, spacing=v.spacing, origin=(5, 6, 7), direction=turn) for v in (image, labels)]
    np.testing.assert_array_equal(drawn(tmp_path, *tilted), small_page)


@pytest.mark.parametrize("dtype", [np.int16, np.uint32])
def test_labels_of_other_integer_types(tmp_path, small_page, dtype):
    image, labels = patient(SMALL, UNEVEN)
    np.testing.assert_array_equal(drawn(tmp_path, image, labels.like(labels.array.astype(dtype))), small_page)


def test_labels_that_the_label_set_does_not_know_are_left_out(tmp_path, small_page):
    image, labels = patient(SMALL, UNEVEN)
    stray = labels.array.copy()
    stray[0, 0, 0] = 200
    np.testing.assert_array_equal(drawn(tmp_path, image, labels.like(stray)), small_page)


def test_a_single_voxel_and_a_constant_image(tmp_path):
    labels = np.zeros((10, 10, 10), np.uint8)
    labels[5, 5, 5] = 3
    for modality in ("ct", "mr"):
        page = drawn(tmp_path, volume(np.zeros((10, 10, 10), np.int16)), volume(labels), modality)
        assert color_mask(page[AXIAL], LABEL_SET.by_value(3).color, 30).any()


def test_mr_is_shown_between_its_percentiles(tmp_path):
    image, labels = patient()
    bright = image.like(np.where(image.array > -500, (image.array.astype(np.float32) + 60) * 50, 0))
    page = drawn(tmp_path, bright, labels.like(np.zeros_like(labels.array)), modality="mr")
    assert 20 < page[AXIAL][100:400, 100:500].mean() < 235


def test_title_is_shown_shortened_and_nothing_else_about_the_input(tmp_path, small_page):
    image, labels = patient(SMALL, UNEVEN)
    path = tmp_path / "Doe_John_1970.png"
    draw_preview(image, labels, LABEL_SET, path, title_lines=["A " + "very " * 100, "second", "third"], modality="ct")
    first, second = picture(path), small_page
    assert (first[:78] != second[:78]).any()
    np.testing.assert_array_equal(first[78:], second[78:])
    with Image.open(path) as written:
        assert written.info == {}
    assert b"Doe" not in path.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["Doe_John_1970.png"]


def test_wrong_suffix(tmp_path):
    with pytest.raises(UserError, match=r"\.png"):
        drawn_path = tmp_path / "preview.jpg"
        draw_preview(*patient(), LABEL_SET, drawn_path, title_lines=[], modality="ct")
    assert not list(tmp_path.iterdir())


def test_labels_of_another_grid(tmp_path):
    image, labels = patient()
    elsewhere = Volume(array=labels.array, spacing=labels.spacing, origin=(50, 0, 0), direction=np.eye(3))
    with pytest.raises(UserError, match="same grid"):
        drawn(tmp_path, image, elsewhere)


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write"):
        drawn(tmp_path / "file", *patient(SMALL))
