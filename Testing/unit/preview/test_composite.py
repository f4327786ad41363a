import numpy as np
from scenes import BRIGHT_COLORS

from PartialSegLib.preview.composite import blend
from PartialSegLib.preview.light import occlusion
from PartialSegLib.preview.surface import Layer

SHAPE = (20, 20)


def layer(pixels, depth: float, coverage: float = 1.0) -> Layer:
    pixels = np.asarray(pixels)
    n = len(pixels)
    normals = np.tile(np.array([-1.0, 0.0, 0.0], np.float32), (n, 1))
    return Layer(pixels, np.full(n, depth, np.float32), np.full(n, coverage, np.float32), normals)


def blended(layers: dict[int, Layer]) -> np.ndarray:
    picture = np.zeros((*SHAPE, 3), np.float32)
    blend(picture, layers, BRIGHT_COLORS)
    return picture.reshape(-1, 3)


def test_the_nearest_is_in_front_whatever_the_order():
    small = [5, 6]
    rest = layer(range(200, 400), 0.0)
    for layers in (
        {1: layer(small, 10), 2: layer(small, 90), 3: rest},
        {2: layer(small, 90), 1: layer(small, 10), 3: rest},
    ):
        picture = blended(layers)
        assert picture[5, 0] > 0.5
        assert picture[5, 1] < 0.25


def test_half_covered_pixel_mixes_with_what_lies_behind():
    picture = blended({1: layer([5], 10, 0.5), 2: layer([5], 12), 3: layer(range(200, 400), 0.0)})
    assert picture[5, 0] > 0.3
    assert picture[5, 1] > 0.3


def test_a_structure_that_covers_much_lets_others_shine_through():
    picture = blended({1: layer(range(400), 10), 2: layer(range(40), 60)})
    assert picture[5, 1] > 0.15
    # Where nothing lies behind it is as solid as any other.
    assert picture[300, 0] > 0.6
    assert picture[300].sum() > 0.6


def test_pixels_that_nothing_covers_keep_the_backdrop():
    picture = np.full((*SHAPE, 3), 0.3, np.float32)
    blend(picture, {1: layer([0], 1.0)}, BRIGHT_COLORS)
    assert (picture.reshape(-1, 3)[1:] == np.float32(0.3)).all()


def test_layers_without_pixels():
    assert (blended({1: layer([], 1.0)}) == 0).all()


def test_close_behind_an_edge_is_darker():
    pixels = np.arange(400)
    depths = np.where(pixels % 20 < 10, 0.0, 15.0)
    factor = occlusion(pixels, depths, np.ones(400, bool), SHAPE).reshape(SHAPE)
    assert factor[10, 10] < factor[10, 19] < 1.01
    assert factor[10, 9] == 1.0


def test_the_nearest_sample_of_a_pixel_is_what_casts_the_shadow():
    pixels = np.repeat(np.arange(400), 2)
    depths = np.tile([0.0, 40.0], 400)
    factor = occlusion(pixels, depths, np.ones(800, bool), SHAPE)
    assert (factor[::2] == 1.0).all()
    assert (factor[1::2] < 0.5).all()
