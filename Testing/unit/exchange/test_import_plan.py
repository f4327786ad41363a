"""Plans: from presets, from names, from tables; changed, saved, and honest about what they do not know."""

import json

import numpy as np
import pytest
from exchange_cases import painted, volume

from PartialSegLib.errors import UserError
from PartialSegLib.exchange import ImportPlan, Source, fitting_presets, propose
from PartialSegLib.image import write_segmentation, write_volume
from PartialSegLib.mappings import load_mapping
from PartialSegLib.structures import load_label_set

LABELS = load_label_set()


def empty():
    return ImportPlan(LABELS, {}, {1: "a", 2: "b"})


def test_a_preset_becomes_a_plan():
    plan = ImportPlan.from_mapping(load_mapping("word"))
    assert plan.targets[12] == (11, 12) and 6 in plan.complete and plan.unmapped == ()


def test_labels_are_assigned_and_the_plan_saved_as_a_mapping(tmp_path):
    plan = empty().assign(1, ["liver"]).assign(2, ["left kidney", 2]).assign(7, ["ignored"]).assign(8, ["background"])
    plan = plan.assign(9, ["liver"]).declare(["liver"])  # many to one
    assert empty().unmapped == (1, 2) and plan.unmapped == ()
    assert plan.targets == {1: (6,), 2: (2, 3), 7: tuple(range(17)), 8: (0,), 9: (6,)}
    plan.save(tmp_path / "mine.json")
    again = ImportPlan.from_mapping(load_mapping(tmp_path / "mine.json"))
    assert again.targets == plan.targets and again.names == plan.names and again.complete == (6,)


def test_what_cannot_be_said_is_refused(tmp_path):
    with pytest.raises(UserError, match="no structure 'lung'"):
        empty().assign(1, ["lung"])
    with pytest.raises(UserError, match="assigned to nothing"):
        empty().assign(1, [])
    with pytest.raises(UserError, match="'b' has no structure yet"):
        empty().assign(1, ["liver"]).save(tmp_path / "x.json")
    whole = empty().assign(1, ["liver"]).assign(2, ["spleen"])
    with pytest.raises(UserError, match="pancreas is declared complete, but no label leads to it"):
        whole.declare(["pancreas"]).save(tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []


def test_a_slicer_segmentation_is_found_by_its_names(tmp_path):
    write_segmentation(tmp_path / "a.seg.nrrd", volume(painted(2, 6)), LABELS, structures=["liver", "right kidney"])
    plan = propose(tmp_path / "a.seg.nrrd")
    assert plan.unmapped == () and plan.complete == ()  # a name declares nothing
    assert sorted(plan.targets.values()) == [(2,), (6,)]


def test_plain_values_have_no_meaning_but_presets_that_fit():
    source = Source(volume(painted(3, 12)))
    assert "word" in fitting_presets(source) and "btcv" in fitting_presets(source)
    assert "nih_pancreas" not in fitting_presets(source)


def test_plain_label_map_stays_unmapped(tmp_path):
    write_volume(tmp_path / "a.nii.gz", volume(painted(3, 12)))
    plan = propose(tmp_path / "a.nii.gz")
    assert plan.unmapped == (3, 12) and plan.targets == {}


def nnunet(folder, labels):
    (folder / "labelsTr").mkdir(parents=True)
    (folder / "dataset.json").write_text(json.dumps({"labels": labels}))
    write_volume(folder / "labelsTr" / "p1.nii.gz", volume(painted(1, 2)))
    return folder / "labelsTr" / "p1.nii.gz"


def test_an_nnunet_dataset_says_that_the_rest_is_background(tmp_path):
    plan = propose(nnunet(tmp_path, {"background": 0, "kidney": 1, "tumor": 2, "liver": 3, "ignore": 4}))
    assert plan.targets == {1: (2, 3), 3: (6,), 4: tuple(range(17))} and plan.complete == (2, 3, 6)
    assert plan.unmapped == (2,) and "nnU-Net" in plan.why


def test_regions_need_a_mapping(tmp_path):
    with pytest.raises(UserError, match="no plain `labels`"):
        propose(nnunet(tmp_path, {"background": 0, "whole": [1, 2]}))


def test_overlapping_segments_mean_either():
    source = Source(volume(painted(1, 2, 3)), {1: "liver", 2: "spleen"}, {3: (1, 2)})
    plan = ImportPlan(LABELS, {}, {})
    assert plan.classes_in(source) == {1: (6,), 2: (1,), 3: (1, 6)}


def test_a_segment_follows_the_plan_by_name_whatever_its_number():
    plan = ImportPlan(LABELS, {}, {}).assign(1, ["pancreas"])
    plan = ImportPlan(LABELS, plan.targets, {1: "Gland X"})
    assert plan.classes_in(Source(volume(painted(5)), {5: "gland_x"})) == {5: (10,)}
    with pytest.raises(UserError, match="label gland y is not in the mapping"):
        plan.classes_in(Source(volume(painted(1)), {1: "gland y"}))


def test_unknown_values_are_told_in_one_line():
    plan = ImportPlan(LABELS, {1: (6,)}, {1: "liver", 2: "tumor"})
    with pytest.raises(UserError, match="label tumor, 77 is not in the mapping"):
        plan.classes_in(Source(volume(painted(1, 2, 77))))
    assert np.array_equal(Source(volume(painted(1, 2, 77))).single_values, [1, 2, 77])
