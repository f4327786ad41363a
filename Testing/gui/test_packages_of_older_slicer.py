"""Slicer 5.10 has no slicer.packaging: packages are looked up and installed there without it."""

import sys
from pathlib import Path

import pytest
import slicer

from PartialSegLib.errors import UserError


@pytest.fixture
def installed(host, monkeypatch):
    """A Slicer without slicer.packaging, that nobody tests; the list of what pip was asked for."""
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    monkeypatch.setattr(type(slicer.app), "testingEnabled", lambda app: False)
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", lambda *_, **__: True)
    asked = []
    monkeypatch.setattr(slicer.util, "pip_install", asked.append)
    host.module()
    return asked


@pytest.fixture
def requirements(tmp_path):
    path = tmp_path / "requirements.txt"
    path.write_text("# what it is for\nnumpy>=1.20\nno-such-package-as-this>=2\n")
    return str(path)


def test_what_is_missing_is_found(installed, requirements):
    from PartialSegPanels.dependencies import missing_packages

    assert missing_packages(requirements) == ["no-such-package-as-this>=2"]


def test_too_old_is_missing_too(installed, requirements):
    from PartialSegPanels.dependencies import missing_packages

    Path(requirements).write_text("numpy>=999\n")
    assert missing_packages(requirements) == ["numpy>=999"]


def test_pip_gets_what_is_missing_and_what_must_stay(installed, requirements):
    from PartialSegPanels.dependencies import ensure_dependencies

    assert not ensure_dependencies(requirements)  # pip was only told
    ((option, constraints, wanted),) = installed
    assert option == "--constraint" and constraints.endswith("constraints.txt")
    assert wanted == "no-such-package-as-this>=2"


def test_the_torch_extension_failing_is_told_in_one_line(installed, requirements, monkeypatch):
    from PartialSegPanels import dependencies, packages

    class PyTorchUtilsLogic:
        def installTorch(self, askConfirmation, torchVersionRequirement):  # noqa: N802, N803  the extension's names
            raise RuntimeError("no network\nand much more")

    extension = type(sys)("PyTorchUtils")
    extension.PyTorchUtilsLogic = PyTorchUtilsLogic
    monkeypatch.setitem(sys.modules, "PyTorchUtils", extension)
    monkeypatch.setattr(packages, "is_there", lambda requirement: requirement != dependencies.TORCH)
    with pytest.raises(UserError, match=r"no network\): check the network"):
        dependencies.ensure_dependencies(requirements)
