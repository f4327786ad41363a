"""Stages, durations and memory in the words that the panel shows."""

from typing import Any

from slicer.i18n import tr as _

from PartialSegPanels.segment.tasks import State, Task


def stage_words(stage: str) -> str:
    """What is going on in a stage of the worker, or while the result is put into the scene ("show")."""
    stages = {
        "start": _("Starting"),
        "copy": _("Reading the volume"),
        "prepare": _("Preparing"),
        "load": _("Loading the model"),
        "coarse": _("Finding the region"),
        "segment": _("Segmenting"),
        "finish": _("Finishing"),
        "write": _("Writing the result"),
        "show": _("Showing the result"),
    }
    return stages.get(stage, stage)


def duration(seconds: float) -> str:
    """A duration that promises no more than an estimate knows: "3 s", "40 s", "2 min"."""
    if seconds < 10:
        return _("{count} s").format(count=max(1, round(seconds)))
    if seconds < 90:
        return _("{count} s").format(count=round(seconds / 5) * 5)
    return _("{count} min").format(count=round(seconds / 60))


def device_words(device: Any) -> str:
    """A device of the worker's list with its memory: "CPU (8 cores), 16 GB"."""
    if device.memory_bytes is None:
        return str(device.name)
    return f"{device.name}, {device.memory_bytes / 1e9:.0f} GB"


def progress_words(task: Task, standing: Any) -> str:
    """The line under the progress bar: "Liver CT: Segmenting, about 20 s left"."""
    text = f"{task.title}: {stage_words(standing.stage)}"
    if len(task.frames) > 1:
        text += _(", frame {frame} of {count}").format(frame=task.frames_done + 1, count=len(task.frames))
    if standing.eta_s is not None:
        text += _(", about {time} left").format(time=duration(standing.eta_s))
    return text


def state_words(task: Task) -> str:
    """A task's state for the queue, with what went wrong."""
    states = {
        State.WAITING: _("waiting"),
        State.RUNNING: _("running"),
        State.DONE: _("done"),
        State.FAILED: _("failed"),
        State.CANCELLED: _("cancelled"),
    }
    return f"{states[task.state]}: {task.message}" if task.message else states[task.state]
