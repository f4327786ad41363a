"""Draws the pictures of the tutorial from the running module: `python -m Testing.tutorial FOLDER`."""

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from PartialSegLib.dataset.worklist import Worklist
from PartialSegLib.image import read_volume
from PartialSegLib.sample import sample_ct
from Testing.host import start
from Testing.host.libraries import missing_packages

_LIVER = 6
_TICKED = (1, 2, 3, 6)  # spleen, kidneys, liver
_SECONDS = 60.0
_SIZE = (1500, 940)
_PLACE = (0.78, 0.55, 0.42)  # through liver, right kidney and spleen, as fractions of the sample's slices


class Tutorial:
    """Walks through the tutorial's steps as a reader would, and takes a picture of each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._host = start()
        self._host.resize(*_SIZE)

    def draw(self) -> None:
        """All pictures, in the order of the text."""
        image = replace(read_volume(sample_ct().path), modality="ct")
        with tempfile.TemporaryDirectory() as folder:
            Worklist.create(Path(folder), "reader-1").add(image, name="case_001")
            self._volume = self._host.add_volume(image, "Sample CT")
            shell = self._host.module().shell
            self._segment(shell.segment)
            shell.tabs.setCurrentIndex(1)
            self._annotate(shell.annotate, Path(folder))
            self._plan(shell.annotate)
            self._host.close()

    def _segment(self, panel: Any) -> None:
        ui, runs = panel.ui, panel.runs
        self._wait(lambda: ui.segmentButton.enabled and ui.estimateLabel.text)
        self._take("load")
        ui.segmentButton.click()
        self._wait(lambda: runs.standing is not None and runs.standing.stage == "segment")
        self._take("running")
        self._wait(lambda: runs.running is None)
        self._fold(ui, "inputsButton", "outputsButton")
        (self._prediction,) = self._host.scene.GetNodesByClass("vtkMRMLSegmentationNode")
        self._show(self._volume, _PLACE)
        self._take("segment")

    def _annotate(self, tab: Any, folder: Path) -> None:
        ui = tab.ui
        ui.folderEdit.currentPath = str(folder)
        ui.readerEdit.text = "reader-1"
        ui.openFolderButton.click()
        self._wait(lambda: ui.openCaseButton.enabled)
        ui.openCaseButton.click()
        self._wait(lambda: tab.session is not None and not tab.flow.busy)
        self._take("worklist")
        tab.structures.tick(_TICKED)
        ui.predictionSelector.setCurrentNode(self._prediction)
        self._wait(lambda: ui.copyPredictionButton.enabled)
        ui.copyPredictionButton.click()
        self._wait(lambda: not tab.flow.busy and (tab.session.labels == _LIVER).any())
        self._declare(tab)
        self._fold(ui, "worklistSection")
        self._take("annotate")

    def _declare(self, tab: Any) -> None:
        """Liver, spleen and kidneys complete in every tenth slice through them, the liver in a stretch of ten."""
        there = [k for k, plane in enumerate(tab.session.labels) if (plane == _LIVER).any()]
        middle = there[len(there) // 2]
        tab.declare(lambda said: said.complete_between([_LIVER], "k", middle - 5, middle + 5), "")
        for k in there[::10]:
            tab.declare(lambda said, k=k: said.complete_in_slice(_TICKED, "k", k), "")
        self._show(tab.canvas.volume_node, _PLACE)

    def _plan(self, tab: Any) -> None:
        self._fold(tab.ui, "completenessSection", "paintSection")
        tab.ui.planSection.collapsed = False
        tab.ui.planButton.click()
        self._wait(lambda: not tab.flow.busy)
        self._take("plan")

    def _show(self, volume_node: Any, place: tuple[float, float, float]) -> None:
        """Show the slices through a place, given as fractions of the volume's (k, j, i)."""
        from PartialSegLib.scene import show_slice, volume_of

        shape = volume_of(volume_node).array.shape
        for view, axis, part, count in zip(("Yellow", "Green", "Red"), "ijk", place[::-1], shape[::-1], strict=True):
            node = self._host.scene.GetNodeByID(f"vtkMRMLSliceNode{view}")
            show_slice(node, volume_node, axis, int(part * count))

    def _fold(self, ui: Any, *names: str) -> None:
        for name in names:
            getattr(ui, name).collapsed = True

    def _wait(self, condition: Callable[[], Any]) -> None:
        self._host.wait_for(condition, _SECONDS)

    def _take(self, name: str) -> None:
        self._host.process(0.5)
        path = self._host.screenshot(self._folder / f"{name}.png")
        with Image.open(path) as picture:
            few_colors = picture.convert("RGB").quantize(256)  # a third of the size
        few_colors.save(path, optimize=True)


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
