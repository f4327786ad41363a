"""The primary button that becomes Cancel, progress, estimate, queue and log."""

from collections.abc import Callable
from typing import Any

import qt
from slicer.i18n import tr as _

from PartialSegPanels.segment.runs import Runs
from PartialSegPanels.segment.tasks import State, Task
from PartialSegPanels.segment.words import progress_words, state_words


class RunSection:
    """Shows the queue and what runs.

    segment, enqueue: called when the user presses the buttons. select(task): the user chose an entry of the queue.
    """

    def __init__(
        self,
        ui: Any,
        runs: Runs,
        segment: Callable[[], None],
        enqueue: Callable[[], None],
        select: Callable[[Task], None],
    ) -> None:
        self._ui, self._runs, self._segment, self._select = ui, runs, segment, select
        self._items: list[tuple[Task, Any]] = []
        self._filling = False
        ui.segmentButton.connect("clicked()", self._pressed)
        ui.queueButton.connect("clicked()", enqueue)
        ui.removeButton.connect("clicked()", self._remove)
        ui.clearButton.connect("clicked()", runs.remove_finished)
        ui.queueList.connect("itemSelectionChanged()", self._selected)
        self.show("")

    def show(self, reason: str) -> None:
        """Bring everything up to date; `reason`: why a new run cannot be started, empty when it can."""
        self._show_button(reason)
        self._show_progress()
        self._show_queue()

    def log(self, text: str) -> None:
        """One line for the log."""
        self._ui.logText.appendPlainText(text)

    def show_estimate(self, text: str) -> None:
        """Time and memory beside the button; hidden when there is nothing to say."""
        self._ui.estimateLabel.text = text
        self._ui.estimateLabel.visible = bool(text) and self._runs.running is None

    def _pressed(self) -> None:
        if self._runs.running is not None:
            self._runs.cancel()
        else:
            self._segment()

    def _show_button(self, reason: str) -> None:
        button, waiting = self._ui.segmentButton, self._runs.waiting
        running = self._runs.running is not None
        self._ui.queueButton.enabled = not reason
        self._ui.queueButton.toolTip = reason or _("Segment this volume too, after those that are waiting")
        if running:
            button.text = _("Cancelling...") if self._runs.cancelling else _("Cancel")
            button.enabled = not self._runs.cancelling
            button.toolTip = _("Stop now; volumes that wait in the queue stay there")
        elif waiting:
            one, more = _("Segment 1 queued volume"), _("Segment {count} queued volumes")
            button.text = one if len(waiting) == 1 else more.format(count=len(waiting))
            button.enabled, button.toolTip = True, _("Work through the queue")
        else:
            button.text = _("Segment")
            button.enabled = not reason
            button.toolTip = reason or _("Segment the volume; the window stays usable meanwhile")

    def _show_progress(self) -> None:
        task, standing = self._runs.running, self._runs.standing
        busy = task is not None
        self._ui.progressBar.visible = busy
        if task is not None and standing is not None:
            self._ui.progressBar.value = round(1000 * standing.fraction)
            self._ui.progressLabel.text = progress_words(task, standing)
        elif not busy:
            self._ui.progressLabel.text = self._last_words()
        self._ui.progressLabel.visible = bool(self._ui.progressLabel.text)
        self._ui.estimateLabel.visible = bool(self._ui.estimateLabel.text) and not busy

    def _last_words(self) -> str:
        """How the last run ended, until the next one starts."""
        over = [task for task in self._runs.tasks if task.state not in (State.WAITING, State.RUNNING)]
        return f"{over[-1].title}: {state_words(over[-1])}" if over else ""

    def _show_queue(self) -> None:
        """One row per task; only what changed is touched, so that the selection stays."""
        tree = self._ui.queueList
        if [task for task, _item in self._items] != self._runs.tasks:
            self._filling = True
            tree.clear()
            self._items = [(task, qt.QTreeWidgetItem(tree)) for task in self._runs.tasks]
            self._filling = False
        for task, item in self._items:
            item.setText(0, task.title)
            item.setText(1, state_words(task))
            item.setToolTip(1, state_words(task))
        tree.resizeColumnToContents(0)
        # One volume needs no queue: progress says all there is to say about it.
        self._ui.queueSection.visible = len(self._runs.tasks) > 1 or bool(self._runs.waiting)
        self._ui.removeButton.enabled = bool(self._selected_tasks())
        self._ui.removeButton.toolTip = _("Take the selected volumes out of the queue; what runs is cancelled")
        self._ui.clearButton.toolTip = _("Take everything out that neither waits nor runs; the results stay")

    def _selected_tasks(self) -> list[Task]:
        return [task for task, item in self._items if item.isSelected()]

    def _selected(self) -> None:
        if self._filling:
            return
        self._ui.removeButton.enabled = bool(self._selected_tasks())
        for task in self._selected_tasks()[:1]:
            self._select(task)

    def _remove(self) -> None:
        for task in self._selected_tasks():
            self._runs.remove(task)
