"""What is read of a case: labels, record and image, each in its own axes; and what does not fit together."""

import numpy as np
import pytest
from dataset_cases import SHAPE, image, labels, volume, write_manifest

from PartialSegLib.dataset import content_hash, load_dataset, read_annotation, read_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import write_segmentation, write_volume
from PartialSegLib.structures import load_label_set
from PartialSegLib.supervision import State


def entry(folder, **changes):
    return load_dataset(write_manifest(folder, changes)).cases["p1"]


def test_labels_and_record(tmp_path):
    write_volume(tmp_path / "painted.nii.gz", labels(2, 20, 255))
    case = entry(
        tmp_path, label="painted.nii.gz", annotated=[6], slices={"j": {"1-2": [2]}}, unions={"20": [0, 3]}, in_part=[1]
    )
    painted, record = read_annotation(case)
    assert painted.array.dtype == np.uint8 and painted.array.ravel()[:4].tolist() == [2, 20, 255, 0]
    assert np.flatnonzero(record.volume == State.COMPLETE).tolist() == [6]
    assert np.flatnonzero(record.volume == State.IN_PART).tolist() == [1]
    assert np.argwhere(record.y).tolist() == [[1, 2], [2, 2]] and record.z is None and record.x is None
    assert record.n_classes == 17


def test_a_volume_that_nobody_annotated(tmp_path):
    painted, record = read_annotation(entry(tmp_path, label=None))
    assert painted is None and not record.volume.any() and record.z is None
    scan, painted, _ = read_case(entry(tmp_path, label=None))
    assert painted is None and scan.array.shape == SHAPE


def test_segments_are_found_by_their_names(tmp_path):
    write_segmentation(tmp_path / "s.seg.nrrd", labels(2, 6), load_label_set())
    painted, _ = read_annotation(entry(tmp_path, label="s.seg.nrrd"))
    assert painted.array.ravel()[:3].tolist() == [2, 6, 0]


@pytest.mark.parametrize(
    ("values", "changes", "said"),
    [
        ([2, 17], {}, "case p1: label 17 stands for no structure: map it to one, or remove it"),
        ([254], {"unions": {"20": [1]}}, "label 254 stands for no structure"),
        ([2], {"annotated": [17]}, "case p1: label 17 stands for no structure: use 1 to 16"),
        ([2], {"unions": {"20": [3, 17]}}, "label 17 in `unions` stands for no structure"),
        ([2], {"slices": {"k": {"6": [2]}}}, "case p1: slice 6 across k lies outside the volume.*0 to 5"),
        ([2], {"slices": {"i": {"3-8": [2]}}}, "slice 3-8 across i lies outside"),
    ],
)
def test_labels_and_records_outside_the_set(tmp_path, values, changes, said):
    write_volume(tmp_path / "painted.nii.gz", labels(*values))
    refused(read_annotation, entry(tmp_path, label="painted.nii.gz", **changes), said)


@pytest.mark.parametrize("missing", ["image", "label"])
def test_files_that_are_not_there(tmp_path, missing):
    refused(read_case, entry(tmp_path, **{missing: "none.nii.gz"}), "case p1: .*none.nii.gz does not exist")


def test_a_label_on_another_grid(tmp_path):
    write_volume(tmp_path / "small.nii.gz", volume(np.zeros((6, 7, 9), np.uint8)))
    refused(read_case, entry(tmp_path, label="small.nii.gz"), "case p1: image and label do not lie on the same grid")
    shifted = labels(2)
    object.__setattr__(shifted, "origin", (5.5, -6.0, 7.0))
    write_volume(tmp_path / "shifted.nii.gz", shifted)
    refused(read_case, entry(tmp_path, label="shifted.nii.gz"), "case p1: image and label do not lie on the same grid")


def test_a_label_whose_axes_are_in_another_order(tmp_path):
    """The same voxels, told in mm, are the same grid; the record stays in the label file's axes."""
    painted = labels(2, 6)
    turned = turned_volume(painted)
    write_volume(tmp_path / "turned.nii.gz", turned)
    _, read, record = read_case(entry(tmp_path, label="turned.nii.gz", slices={"k": {"7": [2]}}))
    assert read.array.shape == (8, 6, 7) and record.z.shape == (8, 17)
    np.testing.assert_array_equal(read.array, turned.array)


def test_equal_images_have_equal_hashes(tmp_path):
    scan = image()
    write_volume(tmp_path / "a.nii.gz", scan)
    write_volume(tmp_path / "b.nrrd", scan.like(scan.array.astype(np.float32)))
    cases = [entry(tmp_path, image=name, label=None) for name in ("a.nii.gz", "b.nrrd")]
    hashes = {content_hash(read_case(case)[0]) for case in cases} | {content_hash(turned_volume(scan))}
    assert len(hashes) == 1
    changed = scan.array.copy()
    changed[3, 3, 3] += 1
    assert content_hash(scan.like(changed)) not in hashes and content_hash(image(1)) not in hashes


def turned_volume(given):
    """The same voxels at the same places, stored with index axes along -x of z, x and -y of `given`."""
    array = np.ascontiguousarray(given.array[:, ::-1].transpose(2, 0, 1))
    x, y, z = given.spacing
    direction = np.stack([-given.direction[:, 1], given.direction[:, 2], given.direction[:, 0]], axis=1)
    origin = given.world((0, given.array.shape[1] - 1, 0))
    return type(given)(array, (y, z, x), tuple(origin), direction)


def refused(function, case, said):
    with pytest.raises(UserError, match=said) as caught:
        function(case)
    assert "\n" not in str(caught.value)
