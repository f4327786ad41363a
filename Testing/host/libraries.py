"""Which system libraries the host needs and this computer lacks.

Wheels of Qt and VTK bring everything but the graphics stack. Only Linux can lack it. `python -m Testing.host.libraries`
names the packages that are missing; with `screen` also those that a window on a screen needs.
"""

import ctypes
import sys

# Library that is loaded -> Debian and Ubuntu package that has it.
_NEEDED = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libEGL_mesa.so.0": "libegl-mesa0",
    "libX11.so.6": "libx11-6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
}
_NEEDED_ON_A_SCREEN = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}


def missing_packages(on_a_screen: bool = False) -> list[str]:
    """Packages to install before the host can start; empty when it can."""
    if sys.platform != "linux":
        return []
    needed = {**_NEEDED, **(_NEEDED_ON_A_SCREEN if on_a_screen else {})}
    return [package for library, package in needed.items() if not _loads(library)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    print(" ".join(missing_packages(sys.argv[1:] == ["screen"])))
