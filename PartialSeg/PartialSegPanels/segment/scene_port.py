"""The scene as the Segment tab needs it; every act is done by PartialSegLib.scene."""

from collections.abc import Generator
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegLib.modality import ModalityGuess, detect_modality
from PartialSegLib.scene import (
    browser_of,
    finish,
    frames,
    jump_to,
    new_frame_sequence,
    new_segmentation,
    protected,
    put_frame_segmentation,
    region_of,
    remove,
    set_labels_stepwise,
    volume_of,
)
from PartialSegLib.scene.segments import add_structure
from PartialSegLib.scene.sequences import Frame
from PartialSegLib.scene.volumes import shape_of
from PartialSegLib.structures import LabelSet
from PartialSegPanels.segment.keep import kept_voxels
from PartialSegPanels.segment.tasks import Region, Task


class ScenePort:
    """Reads volumes for the worker and writes its results; raises UserError with what to do."""

    def __init__(self, label_set: LabelSet) -> None:
        self._label_set = label_set

    def exists(self, task: Task) -> bool:
        """Whether the nodes of the task are still there."""
        return all(node_of(name) is not None for name in (task.volume_id, task.output_id, task.browser_id) if name)

    def read(self, task: Task) -> Any:
        """The volume of the task's current frame."""
        if task.frame is not None:
            return volume_of(frame_of(_present(task.browser_id), task.frame).volume_node)
        return volume_of(_present(task.volume_id))

    def write(self, task: Task, result: Any) -> Generator[Any, None, str]:
        """Steps that put a result into a new segmentation, or into the unlocked segments of the task's; returns its id.

        Closed early, nothing has changed.
        """
        volume_node = _present(task.volume_id)
        if task.browser_id is not None:
            output = yield from self._frame(volume_node, result, task)
            return str(output.GetID())
        if task.output_id is not None:
            node = _present(task.output_id)
            yield from self._refresh(node, volume_node, result, task)
        else:
            node = yield from self._new(volume_node, result, task)
        return str(node.GetID())

    def _new(self, volume_node: Any, result: Any, task: Task) -> Generator[Any, None, Any]:
        name = _("{volume} segmentation").format(volume=task.title)
        values = sorted(result.volumes_ml)
        node = new_segmentation(volume_node, self._label_set, name, ())
        whole = False
        try:
            for value in values:  # every new segment makes the application's widgets look at the node again
                yield 0.0
                add_structure(node, self._label_set.by_value(value))
            yield 0.0
            yield from set_labels_stepwise(node, volume_node, result.labels.array, values, self._label_set)
            whole = True
        finally:
            if not whole:
                remove(node)
        return node

    def _frame(self, volume_node: Any, result: Any, task: Task) -> Generator[Any, None, Any]:
        """One frame's segmentation goes into the sequence; the last one makes the sequence play."""
        browser = _present(task.browser_id)
        if task.sequence_id is None:
            name = _("{volume} segmentation").format(volume=task.title)
            task.sequence_id = new_frame_sequence(browser, name).GetID()
        sequence = _present(task.sequence_id)
        node = yield from self._new(volume_node, result, task)
        put_frame_segmentation(sequence, frame_of(browser, task.frame or 0), node)
        return finish(browser, sequence) if task.frame == task.frames[-1] else sequence

    def discard(self, task: Task) -> None:
        """Remove what an unfinished task has left: the segmentations of its first frames."""
        sequence = node_of(task.sequence_id) if task.sequence_id else None
        if sequence is not None:
            slicer.mrmlScene.RemoveNode(sequence)
        task.sequence_id = None

    def _refresh(self, node: Any, volume_node: Any, result: Any, task: Task) -> Generator[Any, None, None]:
        locked = yield from kept_voxels(node, volume_node, self._label_set, task.request.region)
        kept = protected(node, self._label_set)
        values = sorted(result.volumes_ml)
        yield from set_labels_stepwise(node, volume_node, result.labels.array, values, self._label_set, kept, locked)

    def modality(self, volume_node: Any) -> ModalityGuess:
        """CT or MR, told from a sample of the voxels (20 ms whatever the size)."""
        return detect_modality(volume_of(volume_node))

    def voxels_changed(self, volume_node: Any) -> int:
        """A number that is another one after the voxels were replaced or edited."""
        image = volume_node.GetImageData()
        return 0 if image is None else int(image.GetMTime())

    def output_problem(self, volume_node: Any, node: Any, all_frames: bool) -> str:
        """Why results of the volume cannot be written into the segmentation; empty when they can."""
        if volume_node is None or node is None:
            return ""
        if all_frames:
            return _("Frames of a sequence go to a new segmentation: choose Create new segmentation as output")
        role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
        reference = node.GetNodeReference(role)
        if reference is None or reference is volume_node:
            return ""
        return _("{segmentation} belongs to {volume}: choose another output segmentation").format(
            segmentation=node.GetName(), volume=reference.GetName()
        )

    def browser_of(self, volume_node: Any) -> Any:
        """The sequence browser that a volume belongs to; None for an ordinary volume."""
        return None if volume_node is None else browser_of(volume_node)

    def n_frames(self, browser: Any) -> int:
        """Number of frames of a sequence."""
        return int(browser.GetMasterSequenceNode().GetNumberOfDataNodes())

    def browser(self, task: Task) -> Any:
        """The sequence browser of a task; None for a single volume."""
        return node_of(task.browser_id) if task.browser_id else None

    def shown_result(self, task: Task) -> Any:
        """The result of the frame that the views show; of the last finished one when that has none yet."""
        browser = self.browser(task)
        shown = None if browser is None else browser.GetSelectedItemNumber()
        return task.results.get(shown, list(task.results.values())[-1])

    def region(self, roi_node: Any, volume_node: Any) -> Region:
        """Voxel ranges of a box. Raises UserError."""
        return region_of(roi_node, volume_node)

    def fit_region(self, roi_node: Any, volume_node: Any) -> None:
        """Let a new box start as large as the volume, to be made smaller with its handles."""
        bounds = [0.0] * 6
        volume_node.GetRASBounds(bounds)
        low, high = np.array(bounds[::2]), np.array(bounds[1::2])
        roi_node.SetCenterWorld(*((low + high) / 2).tolist())
        roi_node.SetSizeWorld(*(high - low).tolist())

    def shape_and_spacing(self, volume_node: Any) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
        """(z, y, x) voxels and (x, y, z) mm of a volume."""
        return shape_of(volume_node), tuple(volume_node.GetSpacing())

    def jump(self, task: Task, value: int) -> None:
        """Show a structure in all slice views. Raises UserError."""
        jump_to(_present(task.volume_id), value, _present(task.output_id), self._label_set)

    def protected_values(self, node: Any) -> frozenset[int]:
        """Structures of a segmentation that stay as they are."""
        return frozenset(protected(node, self._label_set)) if node is not None else frozenset()

    def protected_names(self, node: Any) -> list[str]:
        """Names of the structures that stay as they are."""
        kept = self.protected_values(node)
        return [structure.name for structure in self._label_set if structure.value in kept]


def frame_of(browser: Any, number: int) -> Frame:
    """One frame of a sequence; UserError when it has become shorter."""
    found = next((frame for frame in frames(browser) if frame.number == number), None)
    if found is None:
        raise UserError(_("the sequence has lost frames: segment it again"))
    return found


def node_of(name: str) -> Any:
    """The node with an id; None when it is gone."""
    return slicer.mrmlScene.GetNodeByID(name)


def _present(name: str | None) -> Any:
    node = node_of(name) if name else None
    if node is None:
        raise UserError(_("the volume or its segmentation was removed: choose another one"))
    return node
