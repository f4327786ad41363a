"""What the tabs share: the label set, the worker's jobs, settings, and how to speak to the user."""

import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegLib.structures import LabelSet, load_label_set
from PartialSegPanels.jobs import Jobs
from PartialSegPanels.timers import Timers
from PartialSegPanels.worker import make_worker

SETTINGS = "PartialSeg"


class Context:
    """One for each module widget.

    parameters: the scene's typed parameter node, None while the scene is being closed.
    resource: path (str) of a file in the module's Resources folder, by its name there.
    results: what the worker found, by the id of the segmentation that shows it; the voxels are in the scene alone.
    jobs: the worker's; `jobs.start(lambda worker: worker.segment(...), hear)`. The child process starts with the first.
    timers: for work in steps on the GUI thread, or in a thread.
    """

    def __init__(self, resource: Callable[[str], str]) -> None:
        self.resource = resource
        self.parameters: Any = None
        self.results: dict[str, Any] = {}
        self.timers = Timers()
        self.jobs: Jobs = self.timers.jobs(make_worker)

    @cached_property
    def label_set(self) -> LabelSet:
        """The structures that are segmented and annotated."""
        return load_label_set()

    def close(self) -> None:
        """End the child process with whatever it was doing, and every timer."""
        self.jobs.close()
        self.timers.close()

    def ensure_dependencies(self) -> bool:
        """Whether the Python packages that the work needs are there, after asking to install them where they are not.

        Blocks while installing: call it from an act of the user only.
        """
        from PartialSegPanels.dependencies import ensure_dependencies

        return ensure_dependencies(self.resource("requirements.txt"))

    def has_dependencies(self) -> bool:
        """Whether the packages are there already; asks and installs nothing."""
        from PartialSegPanels.dependencies import missing_packages

        return not missing_packages(self.resource("requirements.txt"))

    def setting(self, name: str, default: str = "") -> str:
        """A preference of this user, kept across scenes and sessions."""
        value = qt.QSettings().value(f"{SETTINGS}/{name}", default)
        return default if value is None else str(value)

    def set_setting(self, name: str, value: str) -> None:
        """Keep a preference of this user."""
        qt.QSettings().setValue(f"{SETTINGS}/{name}", value)

    def status(self, text: str) -> None:
        """A short message in the status bar."""
        slicer.util.showStatusMessage(text, 5000)

    def show_error(self, error: Exception) -> None:
        """Tell the user: a UserError is its own one line, anything else is a defect and goes to the log whole."""
        if isinstance(error, UserError):
            slicer.util.errorDisplay(str(error), windowTitle="PartialSeg")
            return
        logging.error("PartialSeg: unexpected error", exc_info=error)
        slicer.util.errorDisplay(
            _("Something went wrong: {error}. The application log has the details.").format(error=error),
            windowTitle="PartialSeg",
        )
