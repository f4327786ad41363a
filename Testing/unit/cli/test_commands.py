"""The commands around `segment`, and how every command ends."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from PartialSegLib import __version__
from PartialSegLib.sample import SampleCt


def test_version(cli):
    assert cli("--version").out == f"partialseg {__version__}\n"


@pytest.mark.parametrize("command", [[], ["segment"], ["info"], ["sample"], ["train"], ["evaluate"]])
def test_help_has_examples(command, cli):
    done = cli(*command, "--help")
    assert done.code == 0 and "examples:" in done.out and f"partialseg {' '.join(command)}".strip() in done.out


def test_no_command_is_a_mistake_in_one_line(cli):
    done = cli()
    assert done.code == 2 and done.err.count("\n") == 1


def test_info_describes_the_model(cli, sealed_bundle):
    done = cli("info", sealed_bundle)
    assert done.code == 0
    for text in ("tiny 0.0.1", "portal vein and splenic vein", "8 x 8 x 8 mm", "SHA-256", "Not for clinical use"):
        assert text in done.out
    facts = json.loads(cli("info", sealed_bundle, "--json").out)
    assert len(facts["structures"]) == 16 and facts["patch_size"] == [32, 32, 32] and facts["devices"][0] == "auto"


def test_info_shows_the_scores_of_an_evaluation(capsys):
    from PartialSegLib.cli.console import print_scores

    liver = {"n": 2, "missed": 1, "dsc": {"mean": 0.912, "sd": None}, "nsd": {"mean": 0.8, "sd": 0.1}, "hd95_mm": None}
    overall = {"dsc": 0.912, "nsd": 0.8}
    print_scores({"btcv": {"cases": ["a", "b"], "mean_over_structures": overall, "structures": {"liver": liver}}})
    printed = capsys.readouterr().out
    assert "btcv, 2 cases" in printed and "0.912" in printed and "0.800" in printed


@pytest.fixture
def sample(monkeypatch, tmp_path):
    def use(source):
        path = tmp_path / "cached.nii.gz"
        path.write_bytes(b"voxels")
        found = SampleCt(path, source, "a note on where it is from")
        monkeypatch.setattr("PartialSegLib.sample.sample_ct", lambda progress=None: found)
        return path

    return use


def test_sample_prints_the_path_alone_on_stdout(cli, sample):
    path = sample("real")
    assert cli("sample", "--quiet") == (0, f"{path}\n", "")
    done = cli("sample")
    assert done.out == f"{path}\n" and "a note" in done.err


def test_a_phantom_is_announced_even_when_quiet(cli, sample):
    sample("phantom")
    assert "a note" in cli("sample", "--quiet").err


def test_sample_copies_but_does_not_overwrite(cli, sample, tmp_path):
    sample("real")
    target = tmp_path / "here" / "ct.nii.gz"
    assert cli("sample", "-o", target).out == f"{target}\n" and target.read_bytes() == b"voxels"
    assert cli("sample", "-o", target).code == 2
    assert json.loads(cli("sample", "-o", target, "--overwrite", "--json").out)["path"] == str(target)
    assert cli("sample", "-o", tmp_path / "ct.txt").code == 2


@pytest.mark.parametrize("command", [["train", "run.yaml", "-o", "runs"], ["evaluate", "list.json", "-o", "scores"]])
def test_without_the_training_package_the_command_says_what_to_install(command, cli, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.startswith("partialseg_training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "partialseg_training", None)
    done = cli(*command)
    assert done.code == 2 and "partialseg[train]" in done.err and done.err.count("\n") == 1


def test_train_hands_over_configuration_overrides_and_device(cli, monkeypatch, tmp_path):
    config = pytest.importorskip("partialseg_training.config")
    trainer = pytest.importorskip("partialseg_training.trainer")
    calls = []

    def train(*arguments):
        calls.append(arguments)
        *_, progress, say = arguments
        progress("train", 1, 1, {"loss": 0.25, "samples_per_s": 3.0})
        say("the spleen is nowhere")
        return Path("runs/bundle")

    monkeypatch.setattr(config, "load_config", lambda path, overrides: (path, overrides))
    monkeypatch.setattr(trainer, "train", train)
    done = cli("train", "c.yaml", "-o", "runs", "--resume", "--device", "cpu", "--set", "steps=5", "--set", "a.b=x=y")
    assert done.code == 0 and "runs/bundle" in done.out and "runs/report.html" in done.out
    assert "loss 0.2500, 3 patches/s" in done.err and "warning: the spleen is nowhere" in done.err
    assert calls[0][:4] == (("c.yaml", {"steps": "5", "a.b": "x=y"}), Path("runs"), True, "cpu")


@pytest.mark.parametrize(
    "arguments, text",
    [(["--set", "steps"], "KEY=VALUE"), (["--device", "abacus"], "abacus"), ([], "c.yaml")],
)
def test_mistakes_of_train(arguments, text, cli, monkeypatch, tmp_path):
    config = pytest.importorskip("partialseg_training.config")
    monkeypatch.chdir(tmp_path)
    if "--device" in arguments:
        monkeypatch.setattr(config, "load_config", lambda *_: None)
    done = cli("train", "c.yaml", "-o", "runs", *arguments)
    assert done.code == 2 and text in done.err and done.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_an_unexpected_error_leaves_a_log_and_one_line(cli, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr("PartialSegLib.bundle.Bundle.load", fail)
    done = cli("info")
    assert done.code == 1 and done.out == ""
    assert done.err.count("\n") == 1 and "secret detail" not in done.err
    log = Path(done.err.strip().rpartition(" ")[2])
    assert "ZeroDivisionError: secret detail" in log.read_text() and __version__ in log.read_text()


def test_the_log_goes_elsewhere_when_the_cache_cannot_be_written(cli, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    monkeypatch.setattr("PartialSegLib.bundle.Bundle.load", lambda *_: 1 / 0)
    log = Path(cli("info").err.strip().rpartition(" ")[2])
    assert log.exists()
    log.unlink()


def test_old_logs_are_removed(monkeypatch, tmp_path):
    from PartialSegLib.files import user_cache_dir
    from PartialSegLib.log import write_error_log

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = user_cache_dir() / "logs"
    folder.mkdir(parents=True)
    for number in range(30):
        (folder / f"partialseg-2001{number:04d}.log").touch()
    newest = write_error_log(ValueError())
    left = sorted(folder.iterdir())
    assert len(left) == 20 and left[-1] == newest


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")])
def test_too_little_memory_is_said_plainly(error, cli, monkeypatch):
    def fail(*_):
        raise error

    monkeypatch.setattr("PartialSegLib.bundle.Bundle.load", fail)
    done = cli("info")
    assert done.code == 2 and "not enough memory" in done.err and "log" not in done.err


def test_a_name_that_the_terminal_cannot_show_is_no_error(child, sealed_bundle, tmp_path):
    shutil.copytree(sealed_bundle, tmp_path / "mödel")
    done = child("info", "mödel", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.code == 0 and "m\\xf6del" in done.out
