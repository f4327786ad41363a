"""nnU-Net's raw dataset: checked with nnU-Net's own rules, nothing claimed that was not said."""

import json

import numpy as np
import pytest
from exchange_cases import SHAPE, add_case, image, painted

from PartialSegLib.dataset import load_dataset
from PartialSegLib.errors import UserError
from PartialSegLib.exchange import export_nnunet
from PartialSegLib.image import read_volume

ALL = tuple(range(1, 17))


def export(tmp_path, **options):
    folder = tmp_path / "Dataset501_Abdomen"
    report = export_nnunet(load_dataset(tmp_path / "cases"), folder, **options)
    return report, folder, json.loads((folder / "dataset.json").read_text())


def labels_in(folder, name="p1"):
    return read_volume(folder / "labelsTr" / f"{name}.nii.gz").array


def test_what_is_fully_known_needs_no_ignore_label(tmp_path):
    add_case(tmp_path / "cases", "p1", painted(6, 1, 1), annotated=(1, 6))
    report, folder, description = export(tmp_path)
    assert description["labels"] == {"background": 0, "spleen": 1, "liver": 2}
    assert description["numTraining"] == 1 and description["file_ending"] == ".nii.gz"
    assert description["channel_names"] == {"0": "CT"}
    assert labels_in(folder).ravel()[:4].tolist() == [2, 1, 1, 0]
    assert not any("ignored" in line for line in report.lost)


def test_what_is_open_is_ignored_and_the_report_says_how_much(tmp_path):
    add_case(tmp_path / "cases", "p1", painted(6, 255, 20), annotated=(6,), unions={20: (2, 3)})
    report, folder, description = export(tmp_path)
    assert list(description["labels"]) == ["background", "right_kidney", "left_kidney", "liver", "ignore"]
    assert labels_in(folder).ravel()[:4].tolist() == [3, 0, 4, 4]  # unpainted: any kidney, so not background
    n = np.prod(SHAPE) - 2
    words = report.words()
    assert f"liver: {n:,} voxels known to be none of these are ignored" in words and "declared complete in p1" in words
    assert "Ignored: 1 voxel painted as 'right kidney or left kidney'." in words
    assert "No voxel is labelled right kidney, left kidney" in words
    assert (folder / "partialseg_report.txt").read_text() == words


def test_slices_are_kept_where_one_label_can_say_them(tmp_path):
    add_case(tmp_path / "cases", "p1", painted(1), slices={"k": {"0": (1,)}})
    _, folder, _ = export(tmp_path)
    array = labels_in(folder)
    assert array.ravel()[0] == 1 and (array[0].ravel()[1:] == 0).all() and (array[1:] == 2).all()


def test_chosen_structures_make_the_rest_background(tmp_path):
    add_case(tmp_path / "cases", "p1", painted(6, 1, 255), annotated=(6,))
    _, folder, description = export(tmp_path, structures=(6,))
    assert description["labels"] == {"background": 0, "liver": 1}
    assert labels_in(folder).ravel()[:4].tolist() == [1, 0, 0, 0]


def test_labels_take_the_axes_of_the_image(tmp_path):
    from PartialSegLib.dataset import CaseEntry, write_case

    turned = painted(6, 1)[:, ::-1].transpose(0, 2, 1)
    picture = image()
    direction = picture.direction[:, [1, 0, 2]] * [-1, 1, 1]
    spacing = (picture.spacing[1], picture.spacing[0], picture.spacing[2])
    from PartialSegLib.image import Volume

    labels = Volume(np.ascontiguousarray(turned), spacing, picture.world((0, SHAPE[1] - 1, 0)), direction)
    entry = CaseEntry(name="p1", dataset="d", modality="ct", image="x", label="x", annotated=ALL)
    write_case(tmp_path / "cases", entry, picture, labels)
    _, folder, _ = export(tmp_path)
    written = read_volume(folder / "labelsTr" / "p1.nii.gz")
    assert written.same_grid(read_volume(folder / "imagesTr" / "p1_0000.nii.gz"))
    assert written.array.ravel()[:3].tolist() == [6, 1, 0]


def test_nnunet_accepts_the_dataset(tmp_path):
    pytest.importorskip("nnunetv2")
    from nnunetv2.experiment_planning.verify_dataset_integrity import check_cases, verify_labels
    from nnunetv2.imageio.simpleitk_reader_writer import SimpleITKIO
    from nnunetv2.utilities.label_handling.label_handling import LabelManager
    from nnunetv2.utilities.utils import get_identifiers_from_splitted_dataset_folder

    add_case(tmp_path / "cases", "p1", painted(6, 255, 20), annotated=(6,), unions={20: (2, 3)})
    add_case(tmp_path / "cases", "p2", painted(*ALL), annotated=ALL)
    _, folder, description = export(tmp_path)
    assert {"labels", "channel_names", "numTraining", "file_ending"} <= set(description)
    manager = LabelManager(description["labels"], None)
    assert manager.has_ignore_label and manager.ignore_label == 17 and manager.all_labels == list(range(17))
    names = get_identifiers_from_splitted_dataset_folder(str(folder / "imagesTr"), description["file_ending"])
    assert names.tolist() == ["p1", "p2"]
    for name in names:
        label, picture = str(folder / "labelsTr" / f"{name}.nii.gz"), str(folder / "imagesTr" / f"{name}_0000.nii.gz")
        assert verify_labels(label, SimpleITKIO, list(range(18)))
        assert check_cases([picture], label, 1, SimpleITKIO)


def test_splits_keep_a_patient_on_one_side(tmp_path):
    for n in range(6):
        add_case(tmp_path / "cases", f"p{n}", painted(6), annotated=ALL, patient=f"s{n // 2}")
    report, folder, _ = export(tmp_path)
    splits = json.loads((folder / "splits_final.json").read_text())
    assert sorted(name for split in splits for name in split["val"]) == [f"p{n}" for n in range(6)]
    for split in splits:
        assert {int(n[1]) // 2 for n in split["val"]}.isdisjoint(int(n[1]) // 2 for n in split["train"])
    assert any("copy splits_final.json" in line for line in report.lost)


def test_bad_and_unlabelled_cases_are_told_and_the_others_written(tmp_path):
    add_case(tmp_path / "cases", "good", painted(6), annotated=ALL)
    add_case(tmp_path / "cases", "none")
    add_case(tmp_path / "cases", "bad", painted(99), annotated=ALL)
    add_case(tmp_path / "cases", "mr", painted(6), annotated=ALL, modality="mr")
    report, _, description = export(tmp_path)
    assert report.cases == ("good", "mr") and description["numTraining"] == 2
    assert report.left_out == {"none": "nobody annotated it"}
    assert report.failed["bad"].startswith("label 99 stands for no structure")
    assert description["channel_names"] == {"0": "CT or MR"} and any("mixed" in line for line in report.lost)


@pytest.mark.parametrize("name", ["cases501", "Dataset1_X", "Dataset000_X", "Dataset501"])
def test_a_name_that_nnunet_would_not_find_is_refused(name, tmp_path):
    add_case(tmp_path / "cases", "p1", painted(6), annotated=ALL)
    with pytest.raises(UserError, match="Dataset501_Abdomen"):
        export_nnunet(load_dataset(tmp_path / "cases"), tmp_path / name)


def test_existing_output_and_nothing_to_export(tmp_path):
    add_case(tmp_path / "cases", "p1")
    with pytest.raises(UserError, match="no structure is labelled"):
        export(tmp_path)
    with pytest.raises(UserError, match=r"nothing of .* can be exported: p1: nobody annotated it"):
        export(tmp_path, structures=(6,))
    assert [path.name for path in tmp_path.iterdir()] == ["cases"]
    (tmp_path / "Dataset501_Abdomen").mkdir()
    with pytest.raises(UserError, match="exists already"):
        export(tmp_path, structures=(6,))


def test_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, monkeypatch):
    add_case(tmp_path / "cases", "p1", painted(6), annotated=ALL)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("PartialSegLib.exchange.nnunet.write_volume", full)
    with pytest.raises(UserError, match="No space left on device"):
        export(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cases"]


def test_structures_that_share_a_loss_share_a_sentence_and_a_way_out_is_named(tmp_path):
    add_case(tmp_path / "cases", "p1", painted(6, 1), annotated=(1, 6))
    add_case(tmp_path / "cases", "p2", painted(6, 1, 10), annotated=(1, 6, 10))
    report, _, _ = export(tmp_path)
    n = np.prod(SHAPE) - 2
    (line,) = [line for line in report.lost if "known to be" in line]
    assert line.startswith(f"spleen, liver: {n:,} voxels known to be none of these are ignored")
    assert any("--structures spleen,liver " in line for line in report.lost)
