"""`partialseg simulate` and `partialseg check` as a person types them."""

import json

import pytest
import yaml

from PartialSegLib.cli import check, simulate
from PartialSegLib.cli.arguments import Parser
from PartialSegLib.cli.failure import guarded
from PartialSegLib.dataset import load_dataset


@pytest.fixture
def command(capsys):
    """Run one of the two commands; gives exit code, stdout and stderr."""

    def run(*words):
        parser = Parser(prog="partialseg")
        commands = parser.add_subparsers(required=True)
        simulate.add_parser(commands)
        check.add_parser(commands)
        try:
            arguments = parser.parse_args([str(word) for word in words])
            code = guarded(lambda: arguments.run(arguments))
        except SystemExit as end:
            code = end.code
        return code, *capsys.readouterr()

    return run


def test_slices_of_named_cases(command, manifest, tmp_path):
    words = ("-o", tmp_path / "new", "--keep-slices", "25", "--axes", "axial,coronal", "--cases", "ct_a")
    code, out, _ = command("simulate", manifest, *words, "--preview", tmp_path / "picture.png")
    assert code == 0 and "5 axial, 6 coronal" in out and str(tmp_path / "new") in out
    cases = load_dataset(tmp_path / "new").cases
    assert set(cases) == {"ct_a"} and set(cases["ct_a"].slices) == {"k", "j"}
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"


def test_every_option_has_its_effect(command, manifest, tmp_path):
    def made(name, *words):
        code, out, err = command("simulate", manifest, "-o", tmp_path / name, "--json", *words)
        assert code == 0, err
        return json.loads(out), load_dataset(tmp_path / name).cases

    amounts, cases = made("a", "--structures", "liver,left kidney")
    assert cases["ct_a"].annotated == (3, 6) and amounts["ct_a"]["complete"] == [3, 6] and set(cases) == set(amounts)
    _, cases = made("b", "--groups", "liver;left kidney,right kidney", "--cases", "ct_a", "--seed", "5")
    assert cases["ct_a"].annotated in ((6,), (2, 3))
    _, cases = made("c", "--keep-structures", "34", "--per", "dataset", "--cases", "ct_a")
    assert len(cases["ct_a"].annotated) == 1
    _, cases = made("d", "--scribbles", "--whole", "liver", "--datasets", "tiny")
    assert cases["ct_a"].annotated == (6,) and cases["ct_a"].in_part == (2, 3)
    amounts, cases = made("e", "--unlabelled")
    assert all(entry.label is None for entry in cases.values()) and amounts["mr"]["voxels"] == 0
    _, cases = made("f", "--keep-slices", "50", "--structures-per-slice", "34", "--cases", "ct_a")
    assert {len(structures) for structures in cases["ct_a"].slices["k"].values()} == {1}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--keep-slices", "0"], "--keep-slices 0 is no percentage"),
        (["--keep-slices", "120"], "above 0, up to 100"),
        (["--axes", "oblique", "--keep-slices", "20"], "--axes has no 'oblique'"),
        (["--structures-per-slice", "50"], "goes with --keep-slices"),
        (["--structures", "livr"], "did you mean liver"),
        (["--structures", ","], "--structures names nothing"),
        (["--cases", "ct_x"], "no case named ct_x"),
        (["--datasets", "amos"], "no dataset named amos: it has tiny"),
        (["--seed", "-1"], "--seed -1 is negative"),
        (["--preview", "picture.jpg"], ".png"),
        (["--scribles"], "--scribles"),
    ],
)
def test_mistakes_are_told_in_one_line(command, manifest, tmp_path, words, line):
    code, out, err = command("simulate", manifest, "-o", tmp_path / "new", *words)
    assert code == 2 and line in err and err.count("\n") == 1 and not out
    assert not (tmp_path / "new").exists()


def test_a_check_prints_the_report_and_its_exit_code_says_whether_to_train(command, manifest, tmp_path):
    settings = {
        "name": "tiny",
        "dataset": str(manifest),
        "train": ["ct_a", "body"],
        "held_out": ["mr"],
        "network": {"name": "unet", "channels": [4, 8], "blocks": [1, 1]},
        "patch_size": [12, 16, 16],
        "steps": 5,
    }
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump(settings))
    code, out, _ = command("check", config)
    assert code == 0 and "liver" in out and "Nothing forbids training." in out
    twice = tmp_path / "twice"
    assert command("simulate", manifest, "-o", twice, "--cases", "ct_a")[0] == 0
    (twice / "ct_a").rename(twice / "ct_z")
    entry = json.loads((twice / "ct_z" / "case.json").read_text())
    (twice / "ct_z" / "case.json").write_text(json.dumps({**entry, "name": "ct_z"}))
    assert command("simulate", manifest, "-o", twice, "--cases", "ct_a")[0] == 0
    overrides = ("--set", f"dataset={twice}", "--set", "train=[ct_a]", "--set", "held_out=[ct_z]")
    code, out, _ = command("check", config, *overrides)
    assert code == 2 and "ct_a (train) and ct_z (held_out) have the same image" in out
    code, out, _ = command("check", config, *overrides, "--json")
    assert code == 2 and set(json.loads(out)) == {"errors", "warnings", "notes", "coverage"}
    code, _, err = command("check", tmp_path / "none.yaml")
    assert code == 2 and err.count("\n") == 1


@pytest.mark.parametrize("name", ["simulate", "check"])
def test_the_help_has_examples(command, name):
    code, out, _ = command(name, "--help")
    assert code == 0 and "examples:" in out and f"partialseg {name}" in out
