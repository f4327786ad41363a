"""Imported labels have the candidate sets that the mapping says, however they are written."""

import numpy as np
import pytest
from exchange_cases import EVERYTHING, OBLIQUE, ORIGIN, SHAPE, SPACING, bits, image, painted, volume

from PartialSegLib.errors import UserError
from PartialSegLib.exchange import ImportPlan, Source, import_case
from PartialSegLib.image import Volume
from PartialSegLib.mappings import apply_mapping, load_mapping, mapping_names
from PartialSegLib.structures import load_label_set
from PartialSegLib.supervision import State, candidate_sets

LABELS = load_label_set()


def sets(imported):
    return candidate_sets(imported.labels.array, imported.record, imported.unions)


def plan(targets, complete=()):
    return ImportPlan(LABELS, targets, {value: str(value) for value in targets}, complete)


@pytest.mark.parametrize("name", mapping_names())
def test_every_preset_means_what_apply_mapping_says(name):
    mapping = load_mapping(name)
    rng = np.random.default_rng(0)
    array = rng.choice([0, *mapping.targets], SHAPE).astype(np.uint16)
    imported = import_case(image(), volume(array), ImportPlan.from_mapping(mapping))
    np.testing.assert_array_equal(sets(imported), apply_mapping(array, mapping))
    declared = np.flatnonzero(imported.record.volume == State.COMPLETE)
    assert tuple(declared) == mapping.annotated


def test_many_to_one_one_to_union_background_and_ignored():
    rules = plan({1: (6,), 2: (6,), 3: (2, 3), 4: (0,), 5: tuple(range(17))}, complete=(6,))
    result = sets(import_case(image(), volume(painted(1, 2, 3, 4, 5, 0)), rules)).ravel()
    not_liver = EVERYTHING & ~bits(6)
    assert result[:6].tolist() == [bits(6), bits(6), bits(2, 3), bits(0), EVERYTHING, not_liver]


def test_where_something_is_ignored_nothing_is_complete_in_the_volume():
    rules = plan({1: (6,), 5: tuple(range(17))}, complete=(6,))
    silent = import_case(image(), volume(painted(1, 5)), rules)
    assert not silent.record.volume.any() and silent.labels.array.ravel()[1] == 0
    whole = import_case(image(), volume(painted(1)), rules)
    assert whole.record.volume[6] == State.COMPLETE and whole.labels.array.ravel()[1] == 0


def test_nothing_is_complete_unless_declared():
    imported = import_case(image(), volume(painted(1)), plan({1: (6,)}))
    assert not imported.record.volume.any() and sets(imported).ravel()[1] == EVERYTHING


def test_a_smaller_label_map_says_nothing_beyond_its_edge():
    part = Volume(painted(1, shape=(3, 7, 8)), SPACING, ORIGIN, np.eye(3))
    result = sets(import_case(image(), part, plan({1: (6,)}, complete=(6,))))
    assert (result[3:] == EVERYTHING).all() and result[0, 0, 0] == bits(6)
    assert (result[:3].ravel()[1:] == EVERYTHING & ~bits(6)).all()


def test_a_cropped_segmentation_is_whole():
    part = Source(Volume(painted(1, shape=(3, 7, 8)), SPACING, ORIGIN, np.eye(3)), {1: "liver"}, may_be_cropped=True)
    imported = import_case(image(), part, ImportPlan(LABELS, {}, {}).declare(["liver"]))
    assert (sets(imported).ravel()[1:] == EVERYTHING & ~bits(6)).all() and imported.labels.same_grid(image())


def test_oblique_and_flipped_labels_lie_on_the_image():
    picture = image(direction=OBLIQUE)
    array = painted(1, 1, 1)
    flipped = Volume(array[::-1].copy(), SPACING, picture.world((0, 0, SHAPE[0] - 1)), OBLIQUE * [1, 1, -1])
    imported = import_case(picture, flipped, plan({1: (6,)}, complete=(6,)))
    assert imported.labels.array[-1].ravel()[:4].tolist() == [6, 6, 6, 0]


def test_another_grid_and_another_case_are_refused():
    rules = plan({1: (6,)})
    with pytest.raises(UserError, match="do not share their voxels"):
        import_case(image(), Volume(painted(1), (1, 1, 1), ORIGIN, np.eye(3)), rules)
    with pytest.raises(UserError, match="most of the label map lies outside"):
        import_case(image(), Volume(painted(1), SPACING, image().world((20, 0, 0)), np.eye(3)), rules)
    with pytest.raises(UserError, match="1 of 1 labelled voxels lie outside the image"):
        import_case(image(), Volume(painted(1), SPACING, image().world((-2, 0, 0)), np.eye(3)), rules)


def test_label_sets_with_more_unions_than_values_are_refused():
    rng = np.random.default_rng(0)
    unions = {tuple(sorted(rng.choice(17, 4, replace=False).tolist())) for _ in range(400)}
    rules = plan(dict(enumerate(sorted(unions), 1)))
    array = np.arange(np.prod(SHAPE)).reshape(SHAPE) % (len(unions) + 1)
    with pytest.raises(UserError, match="too many different unions"):
        import_case(image(), volume(array.astype(np.uint16)), rules)
