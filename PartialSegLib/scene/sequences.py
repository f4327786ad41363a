"""4D: a sequence's frames one by one, and a segmentation for each that plays along."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import slicer

from PartialSegLib.errors import UserError
from PartialSegLib.scene.hierarchy import place_beside, remove


@dataclass(frozen=True)
class Frame:
    """One item of a sequence. index: its value as text, e.g. "12.5" (s); volume_node: its volume, not in the scene."""

    number: int
    index: str
    volume_node: Any


def browser_of(volume_node: Any) -> Any | None:
    """The sequence browser whose current frame a volume node shows; None for an ordinary volume."""
    return slicer.modules.sequences.logic().GetFirstBrowserNodeForProxyNode(volume_node)


def frames(browser: Any) -> Iterator[Frame]:
    """The volumes of a browser's master sequence; the frame that the views show is not changed.

    UserError when it holds something else than volumes.
    """
    sequence = browser.GetMasterSequenceNode()
    if sequence is None or sequence.GetDataNodeClassName() not in (
        "vtkMRMLScalarVolumeNode",
        "vtkMRMLLabelMapVolumeNode",
    ):
        raise UserError(f"{browser.GetName()} is no sequence of gray volumes: choose one in the Sequences module")
    for number in range(sequence.GetNumberOfDataNodes()):
        yield Frame(number, sequence.GetNthIndexValue(number), sequence.GetNthDataNode(number))


def new_frame_sequence(browser: Any, name: str) -> Any:
    """An empty sequence for the segmentations of a browser's frames, with the same index; `finish` connects it."""
    master = browser.GetMasterSequenceNode()
    name = slicer.mrmlScene.GenerateUniqueName(name)
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    sequence.SetIndexName(master.GetIndexName())
    sequence.SetIndexUnit(master.GetIndexUnit())
    sequence.SetIndexType(master.GetIndexType())
    sequence.SetNumericIndexValueTolerance(master.GetNumericIndexValueTolerance())
    return sequence


def put_frame_segmentation(sequence: Any, frame: Frame, node: Any) -> None:
    """Move a segmentation of one frame from the scene into the sequence."""
    sequence.SetDataNodeAtValue(node, frame.index)
    remove(node)


def finish(browser: Any, sequence: Any) -> Any:
    """Let the segmentations play along with the volumes; returns the node that shows the current one in the scene."""
    browser.AddSynchronizedSequenceNode(sequence)
    browser.SetOverwriteProxyName(sequence, False)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    proxy = browser.GetProxyNode(sequence)
    shown = browser.GetProxyNode(browser.GetMasterSequenceNode())
    proxy.SetName(sequence.GetName())
    if shown is not None:
        place_beside(proxy, shown)
        role = slicer.vtkMRMLSegmentationNode.GetReferenceImageGeometryReferenceRole()
        proxy.SetNodeReferenceID(role, shown.GetID())  # sequences keep what nodes hold, not what they refer to
    return proxy
