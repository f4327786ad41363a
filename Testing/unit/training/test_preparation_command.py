"""`partialseg prepare` as it is typed: what it prints, where the store is, and mistakes in one line."""

import numpy as np
import pytest
from tiny_dataset import SPACING, write_config

from partialseg_training.data.store import load_case
from PartialSegLib.cli import prepare
from PartialSegLib.cli.arguments import Parser
from PartialSegLib.cli.failure import guarded
from PartialSegLib.dataset import load_dataset, write_case
from PartialSegLib.image import read_labels, read_volume

TEXT_SPACING = ",".join(map(str, SPACING))


def run(*words):
    parser = Parser(prog="partialseg")
    prepare.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["prepare", *map(str, words)])
    return guarded(lambda: arguments.run(arguments))


def test_a_manifest_is_prepared_and_summed_up(manifest, tmp_path, capsys):
    assert run(manifest, "-o", tmp_path / "store", "--spacing", TEXT_SPACING, "--workers", 2) == 0
    out = capsys.readouterr().out
    rows = {tuple(line.split()) for line in out.splitlines()}
    assert {("tiny", "CT", "2", "2", "0", "0", "0", "3"), ("tiny", "MR", "1", "1", "0", "0", "0", "1")} <= rows
    assert ("labelmaps", "CT", "1", "1", "0", "0", "0", "16") in rows
    assert f"Store  {tmp_path / 'store'} (4 x 4 x 5 mm, abdomen16)" in out
    assert {path.name for path in (tmp_path / "store").iterdir()} == {"store.json", "ct_a", "ct_b", "mr", "body"}


def test_every_kind_of_annotation_has_its_column(manifest, tmp_path, capsys):
    entry = load_dataset(manifest).cases["ct_a"]
    labels, none = read_labels(entry.label), {"label": None, "annotated": ()}
    for name, changes, painted in (
        ("a", {"slices": {"k": {"5": (2, 9)}}, "annotated": ()}, labels),
        ("b", {"annotated": ()}, labels),
        ("c", none, None),
        ("d", none, None),
    ):
        case = entry.model_copy(update={"name": name, "dataset": "mixed", **changes})
        write_case(tmp_path / "data", case, read_volume(entry.image), painted)
    assert run(tmp_path / "data", "-o", tmp_path / "store", "--spacing", TEXT_SPACING) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if "mixed" in line)
    assert line.split() == ["mixed", "CT", "4", "0", "1", "1", "2", "4"]


def test_settings_of_a_training(manifest, tmp_path, capsys):
    config = write_config(tmp_path / "config.yaml", dataset=str(manifest))
    assert run(manifest, "-o", tmp_path / "store", "--config", config, "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    np.testing.assert_array_equal(load_case(tmp_path / "store" / "mr").record.shape, (20, 24, 28))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--spacing", "2,2"], "--spacing 2,2 is no voxel size: write three positive numbers"),
        (["--spacing", "2,2,nan"], "is no voxel size"),
        (["--spacing", "2,2,-2"], "is no voxel size"),
        (["--workers", "0"], "--workers 0 does no work: give 1 or more"),
        (["--config", "none.yaml"], "none.yaml cannot be read"),
    ],
)
def test_mistakes(manifest, tmp_path, capsys, options, said):
    assert run(manifest, "-o", tmp_path / "store", *options) == 2
    error = capsys.readouterr().err
    assert said in error and len(error.splitlines()) == 1
    assert not (tmp_path / "store").exists()


def test_a_dataset_that_is_not_there(tmp_path, capsys):
    assert run(tmp_path / "none.json", "-o", tmp_path / "store") == 2
    assert "none.json does not exist: give a manifest file or a folder of cases" in capsys.readouterr().err
