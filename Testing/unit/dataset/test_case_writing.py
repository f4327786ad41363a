"""Cases written are cases read, and half a case is never left."""

import numpy as np
import pytest
from dataset_cases import image, labels, volume

from PartialSegLib.dataset import CaseEntry, load_dataset, read_annotation, read_case, write_case
from PartialSegLib.errors import UserError
from PartialSegLib.image import write_volume
from PartialSegLib.supervision import State


def entry(name="p1", **changes):
    values = {"name": name, "dataset": "d", "modality": "mr", "image": "image.nii.gz", "label": "labels.nii.gz"}
    return CaseEntry(**{**values, **changes})


def test_what_is_written_is_read(tmp_path):
    case = entry(annotated=(2,), slices={"i": {"0-3": (6,)}}, unions={20: (2, 3)}, patient="x")
    written = write_case(tmp_path / "new", case, image(), labels(6, 20, 255))
    read = load_dataset(tmp_path / "new").cases["p1"]
    assert read == written == case.model_copy(update={"image": read.image, "label": read.label})
    scan, painted, record = read_case(read)
    np.testing.assert_array_equal(scan.array, image().array)
    np.testing.assert_array_equal(painted.array, labels(6, 20, 255).array)
    assert (record.x[:4, 6] == State.COMPLETE).all() and not record.x[4:].any()


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_an_image_file_is_linked(tmp_path, suffix):
    source = tmp_path / f"some.where{suffix}"
    write_volume(source, image())
    written = write_case(tmp_path / "new", entry(label=None), source, None)
    assert written.image.name == f"image{suffix}" and written.image.samefile(source)
    assert written.label is None and read_annotation(load_dataset(tmp_path / "new").cases["p1"])[0] is None


def test_an_image_file_is_copied_where_links_do_not_work(tmp_path, monkeypatch):
    def no_links(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", no_links)
    write_volume(tmp_path / "a.nrrd", image())
    written = write_case(tmp_path / "new", entry(label=None), tmp_path / "a.nrrd", None)
    assert written.image.read_bytes() == (tmp_path / "a.nrrd").read_bytes()
    assert not written.image.samefile(tmp_path / "a.nrrd")


def test_several_cases_make_a_dataset(tmp_path):
    for name in ("b", "a"):
        write_case(tmp_path, entry(name), image(), labels(2))
    assert list(load_dataset(tmp_path).entries) == ["a", "b"]


def test_a_case_is_not_written_over(tmp_path):
    write_case(tmp_path, entry(), image(), labels(2))
    with pytest.raises(UserError, match="p1 exists already"):
        write_case(tmp_path, entry(), image(1), labels(6))
    assert read_annotation(load_dataset(tmp_path).cases["p1"])[0].array.max() == 2


def test_files_that_do_not_fit(tmp_path):
    with pytest.raises(UserError, match="do not lie on the same grid"):
        write_case(tmp_path, entry(), image(), volume(np.zeros((2, 2, 2), np.uint8)))
    with pytest.raises(UserError, match=r"none\.nii\.gz does not exist"):
        write_case(tmp_path, entry(label=None), tmp_path / "none.nii.gz", None)
    with pytest.raises(UserError, match="declared annotated, but there are no labels"):
        write_case(tmp_path, entry(annotated=(2,)), image(), None)
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="cannot write"):
        write_case(tmp_path / "file", entry(), image(), labels(2))


@pytest.mark.parametrize("step", ["write_volume", "json.dumps"])
def test_nothing_is_left_of_a_case_whose_writing_was_cut_short(tmp_path, monkeypatch, step):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(f"PartialSegLib.dataset.write.{step}", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_case(tmp_path, entry(), image(), labels(2))
    assert list(tmp_path.iterdir()) == []
