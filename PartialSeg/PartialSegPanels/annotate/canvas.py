"""An open case on the screen: its volume, the segmentation that is painted, and news of strokes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
from slicer.util import VTKObservationMixin

from PartialSegLib import scene
from PartialSegLib.supervision import PAINTED_BACKGROUND, State

if TYPE_CHECKING:
    from PartialSegPanels.annotate.session import Session


class Canvas(VTKObservationMixin):
    """volume_node, segmentation_node: made here, removed with `remove`; nothing else in the scene is touched.

    `stroked` is called whenever voxels of the segmentation may have changed, often several times for one stroke.
    """

    def __init__(self, session: Session, stroked: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._session, self._stroked = session, stroked
        self.volume_node = scene.put_volume(session.image, session.name)
        self.segmentation_node = scene.new_segmentation(
            self.volume_node, session.label_set, f"{session.name} annotation"
        )
        self.background_id = scene.add_background_segment(self.segmentation_node)
        self.put(session.labels)
        self.protect()
        self._observe()
        slicer.util.setSliceViewerLayers(background=self.volume_node, fit=True)

    def look(self) -> Any:
        """What is painted: labels (z, y, x), unions and warnings."""
        return scene.labels_of(self.segmentation_node, self.volume_node, self._session.label_set)

    def look_stepwise(self) -> Any:
        """`look` in steps, for a timer."""
        return scene.labels_of_stepwise(self.segmentation_node, self.volume_node, self._session.label_set)

    def put(self, labels: np.ndarray) -> None:
        """Make `labels` (with the session's unions) what is painted."""
        label_set, unions = self._session.label_set, self._session.unions
        values = (*(structure.value for structure in label_set), PAINTED_BACKGROUND, *unions)
        scene.set_labels(self.segmentation_node, self.volume_node, labels, values, label_set, unions=unions)

    def protect(self) -> None:
        """Lock the structures that are complete in the volume against tools, and no others."""
        session = self._session
        before = scene.protected(self.segmentation_node, session.label_set)
        states = session.declarations.completeness.volume
        for structure in session.label_set:
            complete = bool(states[structure.value] == State.COMPLETE)
            if complete != (structure.value in before) and self._has_segment(structure.value):
                scene.set_protected(self.segmentation_node, structure.value, complete, session.label_set)

    def write_record(self) -> Any:
        """Steps that write what is declared into the segments' tags, where it survives a scene saved by Slicer."""
        from PartialSegLib.scene.records import write_record_stepwise

        session = self._session
        return write_record_stepwise(self.segmentation_node, session.declarations.completeness, session.label_set)

    def _has_segment(self, value: int) -> bool:
        return scene.segment_of(self.segmentation_node, value, self._session.label_set) is not None

    def is_here(self) -> bool:
        """Whether both nodes are still in the scene: the user may delete them."""
        nodes = (self.volume_node, self.segmentation_node)
        return all(slicer.mrmlScene.IsNodePresent(node) for node in nodes)

    def release(self) -> None:
        """Listen to nothing any more."""
        self.removeObservers()

    def remove(self) -> None:
        """Take the case's nodes out of the scene."""
        self.release()
        for node in (self.segmentation_node, self.volume_node):
            if slicer.mrmlScene.IsNodePresent(node):
                slicer.mrmlScene.RemoveNode(node)

    def _observe(self) -> None:
        segmentation = self.segmentation_node.GetSegmentation()
        kind = slicer.vtkSegmentation
        for event in (kind.SourceRepresentationModified, kind.SegmentAdded, kind.SegmentRemoved):
            self.addObserver(segmentation, event, self._modified)

    def _modified(self, caller: Any, event: Any) -> None:
        self._stroked()
