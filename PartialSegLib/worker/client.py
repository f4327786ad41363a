"""The near side of the worker: takes jobs without waiting, gives events when asked."""

import atexit
import queue
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from PartialSegLib.image import Volume
from PartialSegLib.worker.events import Cancelled, Event, Failed, Finished, Log, Progress
from PartialSegLib.worker.jobs import Job, plain
from PartialSegLib.worker.runner import Runner
from PartialSegLib.worker.voxels import Region

_EVENTS_AT_ONCE = 1000


class Worker:
    """Segments volumes in a child process that starts at the first job and stays warm for the next ones.

    python: how to start Python, e.g. ["/opt/Slicer/bin/PythonSlicer"]; None takes the one that runs this.
    folder: where voxels pass between the two processes; None takes the system's folder for temporary files.

    All methods return at once, and belong to one thread; jobs run one after the other in the order in which they came.
    """

    def __init__(self, python: Sequence[str] | None = None, folder: Path | None = None) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._runner = Runner(list(python or [sys.executable]), folder, self._events.put)
        self._thread: threading.Thread | None = None
        self._jobs: dict[int, Job] = {}
        self._last = 0

    def segment(
        self,
        volume: Volume,
        *,
        model: Path | None = None,
        device: str = "auto",
        preset: str = "accurate",
        modality: str | None = None,
        structures: Sequence[str | int] | None = None,
        region: Region | None = None,
    ) -> int:
        """Segment `volume`, or the half-open voxel ranges (z, y, x) of `region` in it; Finished brings a SegmentResult.

        Returns the job's number. The voxels are copied a little later: they must not change until the stage after
        "copy" is reported. See `Engine.segment` for the rest; whatever is wrong with it comes as Failed.
        """
        request = {
            "model": plain(model),
            "device": device,
            "preset": preset,
            "modality": modality,
            "structures": None if structures is None else list(structures),
        }
        return self._add("segment", request, volume, region)

    def devices(self) -> int:
        """List what the network can run on; Finished brings a list of Device."""
        return self._add("devices", {})

    def estimate(
        self,
        shape: Sequence[int],
        spacing: Sequence[float],
        *,
        model: Path | None = None,
        device: str = "auto",
        preset: str = "accurate",
    ) -> int:
        """Time and memory for a volume of `shape` (z, y, x) and `spacing` (x, y, z) mm; Finished brings an Estimate."""
        size = {"shape": [int(n) for n in shape], "spacing": [float(step) for step in spacing]}
        return self._add("estimate", {**size, "model": plain(model), "device": device, "preset": preset})

    def poll(self) -> list[Event]:
        """What happened since the last call, in order; of several steps of one stage the last."""
        events: list[Event] = []
        for _ in range(_EVENTS_AT_ONCE):
            try:
                event = self._as_seen(self._events.get_nowait())
            except queue.Empty:
                break
            if event is None:
                continue
            if events and _replaces(event, events[-1]):
                events.pop()
            events.append(event)
        return events

    def cancel(self, job: int) -> None:
        """Stop a job, queued or running; Cancelled follows within two seconds. Of a job that is over: nothing.

        A running segmentation is stopped by ending the child; the next one starts another.
        """
        if job in self._jobs:
            self._jobs[job].cancelled.set()

    def close(self) -> None:
        """Cancel all jobs and end the child process. Nothing can be asked for afterwards."""
        for job in self._jobs.values():
            job.cancelled.set()
        self._runner.close()

    @property
    def busy(self) -> bool:
        """Whether a job is running or queued, or its end was not polled yet."""
        return bool(self._jobs)

    def _add(self, kind: str, request: dict, volume: Volume | None = None, region: Region | None = None) -> int:
        if self._runner.closed:
            raise RuntimeError("the worker was closed")
        self._last += 1
        job = self._jobs[self._last] = Job(self._last, kind, request, volume, region)
        self._runner.add(job)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="PartialSeg worker", daemon=True)
            atexit.register(self._at_exit)
            self._thread.start()
        return job.number

    def _work(self) -> None:
        self._runner.run()
        atexit.unregister(self._at_exit)

    def _as_seen(self, event: Event) -> Event | None:
        """The event as the caller expects it: after `cancel` a job ends with Cancelled, whatever it did meanwhile."""
        job = self._jobs.get(event.job)
        if job is None:
            return None
        if isinstance(event, (Finished, Failed, Cancelled)):
            del self._jobs[event.job]
            return Cancelled(event.job) if job.cancelled.is_set() else event
        is_over = isinstance(event, (Progress, Log)) and job.cancelled.is_set()
        return None if is_over else event

    def _at_exit(self) -> None:
        self.close()
        if self._thread is not None:
            self._thread.join(timeout=3)


def _replaces(event: Event, before: Event) -> bool:
    both = isinstance(event, Progress) and isinstance(before, Progress)
    return both and (event.job, event.stage) == (before.job, before.stage)  # type: ignore[union-attr]
