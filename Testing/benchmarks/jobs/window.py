"""How long the module keeps the window's thread while it segments, in the stand-in host."""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PartialSegLib.image import read_volume
from PartialSegLib.models import install_model

_ROOT = Path(__file__).parents[3]
_PATIENCE_S = 600.0
_STAGE = "segment"


def run(ct: str, bundle: str) -> dict:
    """Segment `ct` with `bundle` into a new segmentation, refresh that, and cancel a third run.

    {"new" and "refresh": {call of ours: longest in processor seconds}, "cancel": seconds from the click to the end}.
    Drawing is done by the processor here and by a graphics card in Slicer, so only calls of ours count; in processor
    time, because the clock says little on a computer that has other things to do.
    """
    with tempfile.TemporaryDirectory(prefix="partialseg-bench-") as folder:
        places = {"XDG_DATA_HOME": folder, "LOCALAPPDATA": folder}
        with patch.dict(os.environ, {"QT_QPA_PLATFORM": "offscreen", **places}):
            window = _Window(Path(folder))
            try:
                window.choose(ct, bundle)
                new = window.segment()
                window.refresh_what_is_there()
                return {"new": new, "refresh": window.segment(), "cancel": window.cancel()}
            finally:
                window.close()


class _Window:
    """The module, open in the host; `folder` takes what it keeps for its user."""

    def __init__(self, folder: Path) -> None:
        from Testing.host import start
        from Testing.host.libraries import missing_packages

        if lacking := missing_packages():
            raise RuntimeError(f"the window needs system packages: apt-get install {' '.join(lacking)}")
        sys.path.append(str(_ROOT / "PartialSeg"))
        self._longest: dict[str, float] = {}
        self._host = start(settings_folder=folder)
        self._host.resize(1000, 620)
        self._shell: Any = None

    def choose(self, ct: str, bundle: str) -> None:
        """Load the CT, open the module and choose both."""
        model = install_model(Path(bundle))
        volume = self._host.add_volume(read_volume(ct), "CT")
        self._host.module()  # makes the panels importable
        self._watch()
        self._shell = self._host.reload_module().shell
        parameters = self._shell.context.parameters
        parameters.input_volume, parameters.model = volume, str(model.path)
        self._host.process(1.0)

    def refresh_what_is_there(self) -> None:
        """Let the next run go to the segmentation of the last one."""
        (task,) = self._shell.segment.runs.tasks
        self._shell.context.parameters.output_segmentation = self._host.scene.GetNodeByID(task.output_id)
        self._host.process(0.5)

    def segment(self) -> dict[str, float]:
        """Press Segment and wait; the longest call of each kind."""
        self._longest.clear()
        task = self._start()
        self._until_idle()
        if task.state.value != "done":
            raise RuntimeError(task.message)
        return dict(self._longest)

    def cancel(self) -> float:
        """Press Segment, and Cancel while the network runs."""
        self._start()
        runs = self._shell.segment.runs
        self._host.wait_for(lambda: runs.standing is not None and runs.standing.stage == _STAGE, _PATIENCE_S)
        start = time.perf_counter()
        self._shell.segment.ui.segmentButton.click()
        self._until_idle()
        return time.perf_counter() - start

    def close(self) -> None:
        """End the worker with the module."""
        self._host.close_module()

    def _start(self) -> Any:
        self._shell.segment.ui.segmentButton.click()
        return self._shell.segment.runs.running

    def _until_idle(self) -> None:
        self._host.wait_for(lambda: self._shell.segment.runs.running is None, _PATIENCE_S)
        self._host.process(0.5)

    def _watch(self) -> None:
        """Take the time of everything that the event loop calls."""
        from PartialSegPanels.jobs import Jobs
        from PartialSegPanels.segment.panel import SegmentPanel
        from PartialSegPanels.steps import Steps

        calls = ((Jobs, "tick"), (Steps, "tick"), (SegmentPanel, "segment"), (SegmentPanel, "_refresh"))
        for owner, name in calls:
            setattr(owner, name, self._timed(getattr(owner, name), f"{owner.__name__}.{name.strip('_')}"))

    def _timed(self, function: Callable, name: str) -> Callable:
        def call(*arguments: Any) -> Any:
            start = time.thread_time()
            try:
                return function(*arguments)
            finally:
                self._longest[name] = max(self._longest.get(name, 0.0), time.thread_time() - start)

        return call
