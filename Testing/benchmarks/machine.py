"""The machine and the versions that numbers belong to."""

import os
import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from PartialSegLib import __version__
from PartialSegLib.inference.hardware import usable_cpus

_PACKAGES = ("torch", "openvino", "numba", "numpy", "SimpleITK", "monai", "nnunetv2")


def describe_machine() -> dict[str, str]:
    """What to print above the results; asks nothing that would import a heavy library."""
    installed = {name: _version(name) for name in _PACKAGES}
    return {
        "processor": f"{_processor()}, {usable_cpus()} cores",
        "memory": f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 1e9:.1f} GB",
        "system": f"{_distribution()}, {platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join([f"partialseg {__version__}", *(f"{name} {v}" for name, v in installed.items() if v)]),
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "load before": f"{os.getloadavg()[0]:.1f} processes were running (the fewer, the better to compare)",
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
