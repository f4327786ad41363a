"""Draws the pictures of the tutorial from the running module: `python -m Testing.host.tutorial FOLDER`."""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PartialSegLib.image import read_volume
from PartialSegLib.sample import fetch_sample
from Testing.host import start
from Testing.host.libraries import missing_packages

_SPLEEN, _LIVER = 1, 6
_SECONDS = 600.0
_SIZE = (1500, 940)


class Tutorial:
    """Walks through the tutorial's steps as a reader would, and takes a picture of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._host = start()
        self._host.resize(*_SIZE)

    def draw(self) -> None:
        """All pictures, in the order of the text."""
        sample = fetch_sample()
        volume = self._host.add_volume(read_volume(sample.path), "Sample CT")
        shell = self._host.module().shell
        self._segment(shell.segment, volume)
        with tempfile.TemporaryDirectory() as folder:
            self._annotate(shell, volume, Path(folder) / "dataset")
        self._host.close()

    def _segment(self, panel: Any, volume: Any) -> None:
        self._wait(lambda: panel.ui.segmentButton.isEnabled())
        self._take("load")
        panel.ui.segmentButton.click()
        self._wait(lambda: panel.runs.standing is not None and panel.runs.standing.stage == "segment")
        self._take("running")
        self._wait(lambda: panel.runs.running is None)
        panel.jump_to(_LIVER)
        self._take("segment")

    def _annotate(self, shell: Any, volume: Any, folder: Path) -> None:
        from PartialSegLib.dataset.worklist import Worklist

        tab = shell.annotate
        shell.tabs.setCurrentIndex(1)
        Worklist.create(folder, "reader-1").add(read_volume(fetch_sample().path), name="case_001")
        tab.ui.folderEdit.setProperty("currentPath", str(folder))
        tab.ui.readerEdit.setText("reader-1")
        tab.ui.openFolderButton.click()
        tab.ui.openCaseButton.click()
        self._take("worklist")

    def _wait(self, condition: Callable[[], Any]) -> None:
        self._host.wait_for(condition, _SECONDS)

    def _take(self, name: str) -> None:
        self._host.process(0.5)
        self._host.screenshot(self._folder / f"{name}.png")


def main(folder: Path) -> int:
    """Draw everything into the folder."""
    lacking = missing_packages()
    if lacking:
        print(f"Drawing needs system packages; install them: apt-get install {' '.join(lacking)}", file=sys.stderr)
        return 1
    folder.mkdir(parents=True, exist_ok=True)
    Tutorial(folder).draw()
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
