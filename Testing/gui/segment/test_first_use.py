"""First use: one question, then only what is missing is installed; and the sample CT in Sample Data."""

import subprocess
import sys
import types
from pathlib import Path

import pytest
import slicer

from PartialSegLib.errors import UserError

pytestmark = pytest.mark.usefixtures("panels")


@pytest.fixture
def first_use(monkeypatch, host, tmp_path):
    """openvino and torch are missing, nobody is testing, and the question is answered with yes."""
    import slicer.packaging  # the host makes it

    asked = []
    monkeypatch.setattr(slicer.packaging, "pretended_missing", {"openvino", "torch"})
    monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda app: False)
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda text, *_, **__: asked.append(text) or True)
    slicer.packaging.requested.clear()
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pydantic>=2.9\nopenvino>=2025.4\n")
    yield types.SimpleNamespace(asked=asked, requirements=str(requirements))
    slicer.packaging.requested.clear()


def torch_extension(monkeypatch, found):
    class PyTorchUtilsLogic:
        def installTorch(self, askConfirmation, torchVersionRequirement):  # noqa: N802, N803  the extension's names
            slicer.packaging.pretended_missing.discard("torch")
            return found

    monkeypatch.setitem(sys.modules, "PyTorchUtils", types.SimpleNamespace(PyTorchUtilsLogic=PyTorchUtilsLogic))


def test_one_question_says_what_how_large_and_from_where(first_use, monkeypatch):
    from PartialSegPanels.dependencies import ensure_dependencies

    torch_extension(monkeypatch, found=object())
    ensure_dependencies(first_use.requirements)
    (question,) = first_use.asked
    for word in ("torch", "openvino", "MB", "PyTorch extension", "Python Package Index"):
        assert word in question
    assert "pydantic" not in question
    (request,) = slicer.packaging.requested
    assert request["requirements"] == ["openvino>=2025.4"] and request["requester"] == "PartialSeg"


def test_what_slicer_ships_is_held_where_it_is(first_use, monkeypatch):
    import numpy
    from PartialSegPanels.dependencies import ensure_dependencies

    torch_extension(monkeypatch, found=object())
    held = []
    monkeypatch.setattr(
        slicer.packaging, "pip_ensure", lambda *_, constraints, **__: held.append(Path(constraints).read_text())
    )
    ensure_dependencies(first_use.requirements)
    assert f"numpy=={numpy.__version__}\n" in held[0]


def test_without_the_extension_it_says_where_to_get_it(first_use, monkeypatch):
    from PartialSegPanels.dependencies import ensure_dependencies

    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    with pytest.raises(UserError, match="Extension Manager"):
        ensure_dependencies(first_use.requirements)


def test_an_interrupted_installation_goes_on_where_it_stopped(first_use, monkeypatch):
    from PartialSegPanels.dependencies import ensure_dependencies, missing_packages

    torch_extension(monkeypatch, found=object())

    def broken(*_, **__):
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(slicer.packaging, "pip_ensure", broken)
    with pytest.raises(UserError, match="press again"):
        ensure_dependencies(first_use.requirements)
    assert missing_packages(first_use.requirements) == ["openvino>=2025.4"]

    installed = []
    monkeypatch.setattr(
        slicer.packaging,
        "pip_ensure",
        lambda wanted, **_: (installed.extend(wanted), slicer.packaging.pretended_missing.clear()),
    )
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)  # not asked for again
    assert ensure_dependencies(first_use.requirements) and installed == ["openvino>=2025.4"]
    assert "torch" not in first_use.asked[-1] and "openvino" in first_use.asked[-1]


def test_declining_installs_nothing(first_use, monkeypatch):
    from PartialSegPanels.dependencies import ensure_dependencies

    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda *_, **__: False)
    assert not ensure_dependencies(first_use.requirements) and slicer.packaging.requested == []


def test_nothing_is_installed_while_slicer_tests(first_use, monkeypatch):
    from PartialSegPanels.dependencies import ensure_dependencies

    monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda app: True)
    assert ensure_dependencies(first_use.requirements) and first_use.asked == [] and slicer.packaging.requested == []


def test_the_sample_loads_from_sample_data(empty_scene, monkeypatch, phantom_ct):
    import SampleData
    from PartialSegPanels import sample_data

    from PartialSegLib import sample

    found = sample.SampleCt(phantom_ct, "real", "a CT")
    monkeypatch.setattr(sample, "sample_ct", lambda: found)
    SampleData.sources.pop("PartialSeg", None)
    sample_data.register_sample_data()
    (source,) = SampleData.sources["PartialSeg"]
    (node,) = source.customDownloader(source)
    assert node.IsA("vtkMRMLScalarVolumeNode") and node.GetName() == "PartialSeg CT"
