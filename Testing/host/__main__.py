"""`python -m Testing.host [--volume FILE]`: opens the module in the stand-in host on the screen."""

import argparse
import sys
from pathlib import Path

from Testing.host.libraries import missing_packages


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m Testing.host", description="Opens PartialSeg in a stand-in for 3D Slicer, on the screen."
    )
    parser.add_argument("--volume", type=Path, metavar="FILE", help="a CT or MR to start with (file or DICOM folder)")
    arguments = parser.parse_args()
    lacking = missing_packages(on_a_screen=True)
    if lacking:
        print(f"The stand-in host needs system packages; install them: apt-get install {' '.join(lacking)}")
        return 1
    return run(arguments.volume)


def run(path: Path | None) -> int:
    """Shows the window until it is closed."""
    from PartialSegLib.errors import UserError
    from PartialSegLib.files import user_cache_dir
    from Testing.host import start

    volume = None
    if path is not None:
        from PartialSegLib.image import read_volume

        try:
            volume = read_volume(path)
        except UserError as error:
            print(error, file=sys.stderr)
            return 1
    host = start(settings_folder=user_cache_dir() / "stand-in-host", testing=False)
    if volume is not None:
        host.add_volume(volume, path.name.split(".")[0])
    host.module()
    from PySide6.QtWidgets import QApplication

    status = QApplication.exec()
    host.close()
    return status


if __name__ == "__main__":
    sys.exit(main())
