"""The queue of volumes and the one that runs. No widgets, no scene: both are handed in."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.segment.tasks import State, Task


class Scene(Protocol):
    """Where volumes come from and segmentations go."""

    def exists(self, task: Task) -> bool:
        """Whether the nodes of the task are still there."""

    def read(self, task: Task) -> Any:
        """The volume of the task's current frame. Raises UserError."""

    def write(self, task: Task, result: Any) -> Generator[Any, None, str]:
        """Steps that put a result into the scene and return the id of its segmentation; closed early, they undo it."""

    def discard(self, task: Task) -> None:
        """Remove what the finished frames of a task that ends early have left."""


@dataclass(frozen=True)
class Standing:
    """How far the running task is. fraction: 0 to 1 of all its frames. eta_s: seconds left, None while unknown."""

    stage: str
    fraction: float
    eta_s: float | None


class Runs:
    """One volume at a time through worker and scene.

    jobs: see PartialSegPanels.jobs.Jobs. steps(generator, done, failed): runs steps on the GUI thread and returns an
    object with cancel(). changed() is called after every change of a state, told(text) with lines for the log, and
    finished(task) with every result.
    """

    def __init__(
        self,
        jobs: Any,
        steps: Callable[..., Any],
        scene: Scene,
        changed: Callable[[], None],
        told: Callable[[str], None],
        finished: Callable[[Task], None],
    ) -> None:
        self.tasks: list[Task] = []
        self.standing: Standing | None = None
        self.cancelling = False
        self._jobs, self._steps, self._scene = jobs, steps, scene
        self._changed, self._told, self._finished = changed, told, finished
        self._job: int | None = None
        self._writing: Any = None
        self._going = False

    @property
    def running(self) -> Task | None:
        """The task that is being worked on."""
        return next((task for task in self.tasks if task.state is State.RUNNING), None)

    @property
    def waiting(self) -> list[Task]:
        """Tasks whose turn has not come."""
        return [task for task in self.tasks if task.state is State.WAITING]

    def add(self, task: Task) -> None:
        """Put a task at the end of the queue; it starts by itself when the queue is being worked through."""
        self.tasks.append(task)
        self._changed()

    def remove(self, task: Task) -> None:
        """Take a task out of the queue; a running one is cancelled first."""
        if task is self.running:
            self.cancel()
        elif task in self.tasks:
            self.tasks.remove(task)
            self._changed()

    def remove_finished(self) -> None:
        """Keep what waits or runs."""
        self.tasks = [task for task in self.tasks if task.state in (State.WAITING, State.RUNNING)]
        self._changed()

    def start(self) -> None:
        """Work through the queue."""
        if self.running is None and self.waiting:
            self._going = True
            self._next()

    def cancel(self, why: str = "") -> None:
        """Stop the running task and leave the others waiting; `why` is shown with it."""
        task = self.running
        if task is None or self.cancelling:
            return
        self._going = False
        task.message = why
        if self._writing is not None:
            self._writing.cancel()
            self._end(State.CANCELLED, why)
        elif self._job is not None:
            self.cancelling = True
            self._jobs.cancel(self._job)
            self._changed()

    def drop(self) -> None:
        """Forget everything at once: the scene is closing or the module goes."""
        self._going = False
        if self._writing is not None:
            self._writing.cancel()
        if self._job is not None:
            self._jobs.forget(self._job)
        self._job, self._writing, self.standing, self.cancelling = None, None, None, False
        self.tasks = []
        self._changed()

    def check_nodes(self) -> None:
        """Stop what has lost its volume or its segmentation; the rest of the queue goes on."""
        task = self.running
        if task is not None and not self.cancelling and not self._scene.exists(task):
            going = self._going
            self.cancel(_("its volume or segmentation was removed"))
            self._going = going
            if self.running is None:
                self._next()
        for lost in [task for task in self.waiting if not self._scene.exists(task)]:
            self.remove(lost)

    def _next(self) -> None:
        if not self._going or not self.waiting:
            self._going = False
            self._changed()
            return
        task = self.waiting[0]
        task.state = State.RUNNING
        task.message = ""
        self._told(_("{title}: started").format(title=task.title))
        self._begin_frame(task)

    def _begin_frame(self, task: Task) -> None:
        self._stand(task, "start", 0.0, None)
        try:
            volume = self._scene.read(task)
            self._job = self._jobs.start(lambda worker: worker.segment(volume, **task.request.arguments()), self._heard)
        except UserError as error:
            self._end(State.FAILED, str(error))

    def _heard(self, event: Any) -> None:
        from PartialSegLib.worker.events import Cancelled, Failed, Finished, Log, Progress

        task = self.running
        if task is None:
            return
        if isinstance(event, Log):
            self._told(event.text)
        elif isinstance(event, Progress):
            self._stand(task, event.stage, event.fraction, event.eta_s)
        elif isinstance(event, Cancelled) or self.cancelling:  # a result that comes too late is not wanted any more
            self._end(State.CANCELLED, task.message)
        elif isinstance(event, Failed):
            self._end(State.FAILED, event.message)
        elif isinstance(event, Finished):
            self._write(task, event.result)

    def _write(self, task: Task, result: Any) -> None:
        self._job = None
        self._stand(task, "show", 1.0, None)

        def done(output_id: str) -> None:
            self._writing = None
            self._written(task, output_id, result)

        def failed(error: Exception) -> None:
            self._writing = None
            self._end(State.FAILED, str(error))

        self._writing = self._steps(self._scene.write(task, result), done, failed)

    def _written(self, task: Task, output_id: str, result: Any) -> None:
        if task.browser_id is None or task.frame == task.frames[-1]:
            task.output_id = output_id
        task.results[task.frame] = result.without_labels()  # those of many frames would fill the memory
        task.frames_done += 1
        self._told(
            _("{title}: {seconds:.1f} s on {device}").format(
                title=task.title, seconds=result.seconds, device=result.device
            )
        )
        self._finished(task)
        if task.frames_done < len(task.frames):
            self._begin_frame(task)
        else:
            self._end(State.DONE, "")

    def _end(self, state: State, message: str) -> None:
        task = self.running
        self._job, self._writing, self.standing, self.cancelling = None, None, None, False
        if task is not None:
            task.state, task.message = state, message
            if state is not State.DONE:
                self._scene.discard(task)
            self._told(f"{task.title}: {message or state.value}")
        self._next()

    def _stand(self, task: Task, stage: str, fraction: float, eta_s: float | None) -> None:
        frames = len(task.frames)
        # What one frame takes is the best guess for those to come, but only the worker can tell the first one's.
        self.standing = Standing(stage, (task.frames_done + fraction) / frames, eta_s)
        self._changed()
