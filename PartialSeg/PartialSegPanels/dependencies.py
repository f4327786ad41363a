"""First use: the Python packages that Slicer does not ship, installed after one question that says what comes.

Nothing that is installed already is asked for again, so an installation that was interrupted goes on where it stopped.
"""

import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels import packages

TORCH = "torch>=2.8"
REQUESTER = "PartialSeg"
# What 3D Slicer brings along; pip is told to leave these as they are.
SHIPPED = ("numpy", "scipy", "SimpleITK", "pydicom", "pillow", "requests", "vtk")
# Downloads in MB, rounded; torch depends on the graphics card.
_MEGABYTES = {"pydantic": 3, "safetensors": 1, "openvino": 60}
_TORCH_MEGABYTES = (200, 3000)


def missing_packages(requirements: str) -> list[str]:
    """Requirements of the file that this Python does not satisfy, torch first; nothing is imported to find out."""
    wanted = [TORCH, *packages.requirements_in(requirements)]
    return [one for one in wanted if not packages.is_there(one)]


def ensure_dependencies(requirements: str) -> bool:
    """Whether everything is there, if need be after asking and installing; False when the user declines.

    Does nothing while Slicer runs tests. Raises UserError when something cannot be installed.
    """
    missing = missing_packages(requirements)
    if not missing or slicer.app.testingEnabled():
        return True
    if not slicer.util.confirmOkCancelDisplay(question(missing), _("PartialSeg - first use")):
        return False
    if TORCH in missing:
        _install_torch()
    _install([one for one in missing if one != TORCH])
    return not missing_packages(requirements)


def question(missing: list[str]) -> str:
    """What is about to be installed, how large it is, and where it comes from."""
    lines = [f"- {one} ({_size(_name(one))}, {_source(_name(one))})" for one in missing]
    return _(
        "PartialSeg needs these Python packages, which 3D Slicer does not bring along:\n\n{packages}\n\n"
        "They are downloaded and installed into this Slicer; nothing that it brings along is replaced. This happens"
        " once and can take several minutes. Your images stay on this computer."
    ).format(packages="\n".join(lines))


def _name(requirement: str) -> str:
    return requirement.split(">")[0].split("=")[0].strip()


def _size(name: str) -> str:
    if name == "torch":
        low, high = _TORCH_MEGABYTES
        return _("{low} MB, with a CUDA graphics card up to {high} GB").format(low=low, high=high // 1000)
    return _("about {size} MB").format(size=_MEGABYTES.get(name, 10))


def _source(name: str) -> str:
    return _("pytorch.org, through the PyTorch extension") if name == "torch" else _("Python Package Index")


def _install_torch() -> None:
    try:
        import PyTorchUtils
    except ImportError as error:
        raise UserError(
            _("the PyTorch extension is missing: install it in View > Extension Manager, restart Slicer, press again")
        ) from error
    try:
        # Our question has named it already; the extension picks the build that fits the computer.
        torch = PyTorchUtils.PyTorchUtilsLogic().installTorch(askConfirmation=False, torchVersionRequirement=">=2.8")
    except Exception as error:  # the extension runs pip, and raises what that raises
        raise _failure(error) from error
    if not torch:
        raise UserError(_("torch could not be installed: see the application log, then press again to go on"))


def _install(missing: list[str]) -> None:
    if not missing:
        return
    with tempfile.TemporaryDirectory(prefix="partialseg-") as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in _shipped()), encoding="utf-8")
        try:
            packages.install(missing, constraints, REQUESTER)
        except Exception as error:  # pip ends in several ways, and all of them mean the same to the user
            raise _failure(error) from error


def _shipped() -> list[tuple[str, str]]:
    found: list[tuple[str, Any]] = []
    for name in SHIPPED:
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return found


def _failure(error: Exception) -> UserError:
    text = _("installing failed ({error}): check the network, then press again to go on")
    return UserError(text.format(error=_first(error)))


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:160] if lines else type(error).__name__
