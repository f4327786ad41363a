"""An open case on the screen: its volume, the segmentation that is painted, and news of strokes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import slicer
from slicer.i18n import tr as _
from slicer.util import VTKObservationMixin

from PartialSegLib import scene
from PartialSegLib.errors import UserError
from PartialSegLib.image.segments import UNION_VALUES
from PartialSegLib.supervision import PAINTED_BACKGROUND, State

if TYPE_CHECKING:
    from PartialSegPanels.annotate.flow import Steps
    from PartialSegPanels.annotate.session import Session

Unions = Mapping[int, tuple[int, ...]]


class Canvas(VTKObservationMixin):
    """volume_node, segmentation_node: made by `show`, removed with `remove`; nothing else in the scene is touched.

    `stroked` is called whenever voxels of the segmentation may have changed, often several times for one stroke.
    """

    def __init__(self, session: Session, stroked: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._session, self._stroked = session, stroked
        self._changes = 0
        self.volume_node: Any = None
        self.segmentation_node: Any = None
        self.background_id = ""

    def show(self) -> Steps[None]:
        """Steps that put the case into the scene and the slice views. Closed or failed, `remove` puts things back."""
        session = self._session
        self.volume_node = yield from scene.put_volume_stepwise(session.image, session.name)
        yield
        name = _("{case} annotation").format(case=session.name)
        self.segmentation_node = scene.new_segmentation(self.volume_node, session.label_set, name)
        self.background_id = scene.add_background_segment(self.segmentation_node)
        yield
        while not (yield from self.putting(session.labels, session.unions)):
            pass
        if not self.is_here():
            raise UserError(_("the case was removed from the scene while it was being opened: open it again"))
        yield
        self.protect()
        self._observe()
        yield
        slicer.util.setSliceViewerLayers(background=self.volume_node, fit=True)

    def look(self) -> Any:
        """What is painted: labels (z, y, x), unions and warnings."""
        return scene.labels_of(self.segmentation_node, self.volume_node, self._session.label_set)

    def look_stepwise(self) -> Any:
        """`look` in steps, for a timer."""
        return scene.labels_of_stepwise(self.segmentation_node, self.volume_node, self._session.label_set)

    def putting(self, labels: np.ndarray, unions: Unions) -> Steps[bool]:
        """Steps that make `labels` (with these and the session's unions) what is painted.

        Returns False, with all voxels as they were, when somebody paints meanwhile: then `labels` may be out of date.
        """
        label_set, known = self._session.label_set, self._with_own(unions)
        values = (*(structure.value for structure in label_set), PAINTED_BACKGROUND, *known)
        steps = scene.set_labels_stepwise(
            self.segmentation_node, self.volume_node, labels, values, label_set, unions=known
        )
        before = self._changes
        for _fraction in steps:
            if self._changes != before:
                steps.close()
                return False
            yield
        return True

    def _with_own(self, unions: Unions) -> dict[int, tuple[int, ...]]:
        """These unions, and the session's under values that are free: their segments are emptied, not kept."""
        known = dict(unions)
        for members in self._session.unions.values():
            if members not in known.values():
                known[next(value for value in UNION_VALUES if value not in known)] = members
        return known

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
        session = self._session
        return scene.write_record_stepwise(self.segmentation_node, session.declarations.completeness, session.label_set)

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
        """Take the case's nodes out of the scene, as far as they are there."""
        self.release()
        for node in (self.segmentation_node, self.volume_node):
            if node is not None and slicer.mrmlScene.IsNodePresent(node):
                scene.remove(node)

    def _observe(self) -> None:
        segmentation = self.segmentation_node.GetSegmentation()
        kind = slicer.vtkSegmentation
        for event in (kind.SourceRepresentationModified, kind.SegmentAdded, kind.SegmentRemoved):
            self.addObserver(segmentation, event, self._modified)

    def _modified(self, caller: Any, event: Any) -> None:
        self._changes += 1
        self._stroked()
