"""DICOM SEG of a real series: written, re-read with highdicom, every voxel at its place with its code."""

import sys

import numpy as np
import pytest
from exchange_cases import OBLIQUE, SHAPE, add_case, image, only_case, painted, sets_of, volume

from PartialSegLib.dataset import CaseEntry, load_dataset, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.exchange import (
    ImportOptions,
    export_dicom_seg,
    export_dicom_segs,
    find_pairs,
    import_all,
    read_source,
)
from PartialSegLib.image import Volume, fit_to_grid
from PartialSegLib.structures import load_label_set

highdicom = pytest.importorskip("highdicom")
from dicom_series import write_ct  # noqa: E402  needs pydicom


def organs():
    """Liver (6), right kidney (2) touching the far corner, a union (20) and painted background."""
    array = np.zeros(SHAPE, np.uint8)
    array[1:3, 1:4, 2:6] = 6
    array[4:, 5:, 6:] = 2
    array[0, 0, 0], array[5, 0, 0] = 255, 20
    return array


def reread(path):
    """(segment label -> mask Volume on the frames' grid, the segmentation)."""
    seg = highdicom.seg.segread(path)
    found = {}
    for number in seg.segment_numbers:
        stored = seg.get_volume(segment_numbers=[number])
        matrix = stored.affine[:3, 2::-1]
        spacing = np.linalg.norm(matrix, axis=0)
        mask = stored.array[..., 0].astype(np.uint8)
        found[seg.get_segment_description(number).SegmentLabel] = Volume(
            mask, tuple(spacing), tuple(stored.affine[:3, 3]), matrix / spacing
        )
    return found, seg


@pytest.mark.parametrize("direction", [np.eye(3), OBLIQUE, OBLIQUE[:, [1, 2, 0]]], ids=["axial", "oblique", "other"])
def test_voxels_geometry_and_codes(direction, tmp_path):
    picture = image(direction=direction)
    series = write_ct(tmp_path / "series", picture)
    case = add_case(tmp_path / "cases", "p1", organs(), direction=direction, annotated=(2, 6, 9), unions={20: (2, 3)})
    report = export_dicom_seg(case, series, tmp_path / "p1.dcm")
    masks, seg = reread(tmp_path / "p1.dcm")
    assert list(masks) == ["right kidney", "liver"]
    for name, value in (("right kidney", 2), ("liver", 6)):
        np.testing.assert_array_equal(fit_to_grid(masks[name], picture).array, organs() == value)
    kidney = seg.get_segment_description(1)
    assert kidney.segmented_property_type == highdicom.sr.CodedConcept("64033007", "SCT", "Kidney")
    assert kidney.segmented_property_category.value == "123037004"
    modifier = kidney.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0]
    assert (modifier.CodeValue, modifier.CodeMeaning) == ("24028007", "Right")
    assert "complete in the whole volume" in kidney.SegmentDescription
    assert len(kidney.RecommendedDisplayCIELabValue) == 3
    words = report.words()
    assert "1 voxel painted as 'right kidney or left kidney'" in words and "Known absent: postcava" in words
    assert "1 voxel painted as background" in words


def test_it_refers_to_the_slices_of_the_series(tmp_path):
    from pydicom import dcmread

    series = write_ct(tmp_path / "series", image())
    case = add_case(tmp_path / "cases", "p1", organs(), annotated=(6,))
    with pytest.raises(UserError):  # 20 is no union here
        export_dicom_seg(case, series, tmp_path / "p1.dcm")
    labels = np.where(organs() == 6, organs(), 0)
    case = add_case(tmp_path / "cases", "p2", labels, annotated=(6,))
    export_dicom_seg(case, series, tmp_path / "p2.dcm")
    seg = dcmread(tmp_path / "p2.dcm")
    headers = {h.SOPInstanceUID: h for h in map(dcmread, series.iterdir())}
    any_header = next(iter(headers.values()))
    assert seg.StudyInstanceUID == any_header.StudyInstanceUID and seg.PatientID == "4711"
    assert seg.FrameOfReferenceUID == any_header.FrameOfReferenceUID and seg.Modality == "SEG"
    for frame in seg.PerFrameFunctionalGroupsSequence:
        source = frame.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID
        position = frame.PlanePositionSequence[0].ImagePositionPatient
        assert list(position) == list(headers[source].ImagePositionPatient)


def test_labels_of_a_turned_copy_land_on_the_series(tmp_path):
    """A NIfTI converted from DICOM often runs the other way."""
    picture = image(direction=OBLIQUE)
    series = write_ct(tmp_path / "series", picture)
    array = np.where(organs() == 6, 6, 0).astype(np.uint8)
    flipped = Volume(array[::-1, :, ::-1].copy(), picture.spacing, picture.world((SHAPE[2] - 1, 0, SHAPE[0] - 1)),
                     picture.direction * [-1, 1, -1])  # fmt: skip
    entry = CaseEntry(name="p1", dataset="d", modality="ct", image="x", label="x", annotated=(6,))
    case = write_case(tmp_path / "cases", entry, picture, flipped)
    export_dicom_seg(case, series, tmp_path / "p1.dcm")
    np.testing.assert_array_equal(fit_to_grid(reread(tmp_path / "p1.dcm")[0]["liver"], picture).array, array == 6)


def test_an_anonymised_series_is_enough(tmp_path):
    lacking = ("PatientName", "PatientID", "PatientSex", "PatientBirthDate", "StudyDate", "StudyTime", "StudyID",
               "AccessionNumber", "SeriesNumber")  # fmt: skip
    series = write_ct(tmp_path / "series", image(), leave_out=lacking)
    case = add_case(tmp_path / "cases", "p1", painted(6), annotated=(6,))
    export_dicom_seg(case, series, tmp_path / "p1.dcm")
    assert list(reread(tmp_path / "p1.dcm")[0]) == ["liver"]


def test_every_structure_keeps_its_code_and_can_be_read_back_as_a_source(tmp_path):
    picture = volume(np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.int16))
    series = write_ct(tmp_path / "series", picture)
    labels = painted(*range(17))
    case = add_case(tmp_path / "cases", "p1", labels, annotated=tuple(range(1, 17)))
    export_dicom_seg(case, series, tmp_path / "p1.dcm")
    _, seg = reread(tmp_path / "p1.dcm")
    for structure in load_label_set():
        described = seg.get_segment_description(structure.value)
        assert described.segmented_property_type.value == structure.type.value
        assert described.SegmentLabel == structure.name and described.tracking_id == structure.key
    source = read_source(tmp_path / "p1.dcm")
    assert source.names == {s.value: s.name for s in load_label_set()} and source.may_be_cropped
    np.testing.assert_array_equal(fit_to_grid(source.labels, picture).array, labels)


def test_out_and_in_again_keeps_what_was_painted(tmp_path):
    picture = image(direction=OBLIQUE)
    series = write_ct(tmp_path / "series", picture)
    labels = np.where(organs() < 20, organs(), 0).astype(np.uint8)
    before = add_case(tmp_path / "cases", "p1", labels, direction=OBLIQUE, annotated=(2, 6))
    export_dicom_seg(before, series, tmp_path / "p1.dcm")
    options = ImportOptions(complete=("liver", "right kidney"))
    assert import_all(find_pairs(series, tmp_path / "p1.dcm"), tmp_path / "again", options).failed == {}
    after = only_case(tmp_path / "again")
    np.testing.assert_array_equal(sets_of(after), sets_of(before))
    assert after.modality == "ct" and after.image.is_file()


def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(highdicom.seg.Segmentation, "save_as", full)
    refused(tmp_path, "No space left on device")


def refused(tmp_path, words, series=None, labels=None, **options):
    case = add_case(tmp_path / "cases", "p1", painted(6) if labels is None else labels, annotated=(6,))
    with pytest.raises(UserError, match=words) as caught:
        export_dicom_seg(case, series or write_ct(tmp_path / "series", image()), tmp_path / "p1.dcm", **options)
    assert "\n" not in str(caught.value) and "Doe" not in str(caught.value)
    assert not (tmp_path / "p1.dcm").exists()


def test_no_series(tmp_path):
    refused(tmp_path, "is no folder", tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="holds no DICOM image"):
        export_dicom_seg(load_dataset(tmp_path / "cases").cases["p1"], tmp_path / "empty", tmp_path / "p1.dcm")


def test_several_series_need_a_choice(tmp_path):
    series = write_ct(tmp_path / "series", image(), number=3)
    other = write_ct(tmp_path / "other", image(), number=4)
    for path in other.iterdir():
        path.rename(series / f"other_{path.name}")
    refused(tmp_path, "2 series.*--series", series)
    case = load_dataset(tmp_path / "cases").cases["p1"]
    export_dicom_seg(case, series, tmp_path / "p1.dcm", series=4)
    assert list(reread(tmp_path / "p1.dcm")[0]) == ["liver"]


def test_another_grid(tmp_path):
    other = Volume(image().array, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), np.eye(3))
    refused(tmp_path, "do not lie on the voxels of the DICOM series", write_ct(tmp_path / "series", other))


def test_labels_beyond_the_series(tmp_path):
    part = image()
    series = write_ct(tmp_path / "series", Volume(part.array[2:], part.spacing, part.world((0, 0, 2)), np.eye(3)))
    refused(tmp_path, "reach beyond the DICOM series", series)


def test_nothing_painted(tmp_path):
    refused(tmp_path, "no structure is painted", labels=painted())


def test_missing_identifiers(tmp_path):
    refused(tmp_path, "no FrameOfReferenceUID", write_ct(tmp_path / "s", image(), leave_out=["FrameOfReferenceUID"]))


@pytest.mark.filterwarnings("ignore")  # pydicom warns while the test writes such headers
def test_headers_against_the_standard_are_told_without_the_name(tmp_path, caplog, recwarn):
    wrong = {"StudyDate": "yesterday", "PatientName": "Jane Doe"}
    refused(tmp_path, "not as the standard wants", write_ct(tmp_path / "s", image(), **wrong))
    recwarn.clear()
    series = write_ct(tmp_path / "series", image(), PatientName="Jane Doe")
    export_dicom_seg(load_dataset(tmp_path / "cases").cases["p1"], series, tmp_path / "p1.dcm")
    assert "Doe" not in caplog.text and not [w for w in recwarn if "Doe" in str(w.message)]


def test_existing_output_is_kept(tmp_path):
    (tmp_path / "p1.dcm").write_text("mine")
    case = add_case(tmp_path / "cases", "p1", painted(6), annotated=(6,))
    with pytest.raises(UserError, match="exists already"):
        export_dicom_seg(case, tmp_path, tmp_path / "p1.dcm")


def test_a_missing_package_names_the_extra(tmp_path, monkeypatch):
    for name in [*(m for m in sys.modules if m.split(".")[0] == "highdicom"), "highdicom"]:
        monkeypatch.setitem(sys.modules, name, None)
    refused(tmp_path, r"pip install 'partialseg\[dicom\]'")


def test_a_dataset_with_its_series(tmp_path):
    write_ct(tmp_path / "series" / "p1", image())
    for name in ("p1", "p2"):
        add_case(tmp_path / "cases", name, painted(6), annotated=(6,))
    add_case(tmp_path / "cases", "p3")
    report = export_dicom_segs(load_dataset(tmp_path / "cases"), tmp_path / "seg", tmp_path / "series")
    assert report.cases == ("p1",) and "has no folder p2" in report.failed["p2"] and list(report.left_out) == ["p3"]
    assert [path.name for path in (tmp_path / "seg").iterdir()] == ["p1.dcm"]
    with pytest.raises(UserError, match="name the folder of the series with --dicom"):
        export_dicom_segs(load_dataset(tmp_path / "cases"), tmp_path / "seg2")
