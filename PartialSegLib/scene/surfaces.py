"""3D on demand: surfaces cost seconds, so nobody waits for them who did not ask."""

from typing import Any

import numpy as np
import slicer
import vtk

from PartialSegLib.scene.layers import voxels_of
from PartialSegLib.scene.segments import LABELMAP, segment_ids
from PartialSegLib.scene.steps import Steps, run

_SURFACE = "Closed surface"


def show_3d(node: Any) -> None:
    """Make the surfaces of all segments and show them."""
    run(show_3d_stepwise(node))


def show_3d_stepwise(node: Any) -> Steps[None]:
    """`show_3d`, one segment per step; a liver of 2 million voxels takes half a second."""
    segmentation = node.GetSegmentation()
    ids = segment_ids(node)
    surfaces = {}
    for number, segment_id in enumerate(ids):
        if (segment := segmentation.GetSegment(segment_id)) is not None:
            surfaces[segment_id] = (segment.GetRepresentation(LABELMAP), _surface(segmentation, segment))
        yield (number + 1) / len(ids)
    for segment_id, (image, surface) in surfaces.items():
        segment = segmentation.GetSegment(segment_id)
        if segment is not None and surface is not None and segment.GetRepresentation(LABELMAP) is image:
            segment.AddRepresentation(_SURFACE, surface)
    node.CreateClosedSurfaceRepresentation()  # what is missing, e.g. of segments that came in between
    node.GetDisplayNode().SetVisibility3D(True)


def hide_3d(node: Any) -> None:
    """Take the surfaces away; painting is faster without."""
    node.RemoveClosedSurfaceRepresentation()


def _surface(segmentation: Any, segment: Any) -> Any:
    """As Slicer makes it, with the segmentation's own smoothing, but from the box around the segment only: much faster.

    None without a label map.
    """
    image = segment.GetRepresentation(LABELMAP)
    if image is None:
        return None
    alone = slicer.vtkSegment()
    alone.SetLabelValue(1)
    alone.AddRepresentation(LABELMAP, _cut_out(image, segment.GetLabelValue()))
    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(LABELMAP)
    copy.CopyConversionParameters(segmentation)
    copy.AddSegment(alone, "alone")
    copy.CreateRepresentation(_SURFACE)
    return alone.GetRepresentation(_SURFACE)


def _cut_out(image: Any, value: int) -> Any:
    """A label map with 1 where `image` has `value`, no larger than that."""
    mask = voxels_of(image) == value
    matrix = vtk.vtkMatrix4x4()
    image.GetImageToWorldMatrix(matrix)
    result = slicer.vtkOrientedImageData()
    result.SetImageToWorldMatrix(matrix)
    if not mask.any():
        result.SetExtent(0, -1, 0, -1, 0, -1)
        return result
    rows, plane = mask.any(axis=(1, 2)), mask.any(axis=0)
    ends = [np.flatnonzero(line)[[0, -1]] for line in (rows, plane.any(axis=1), plane.any(axis=0))]
    start = [image.GetExtent()[n] for n in (4, 2, 0)]
    bounds = [(int(low) + s, int(high) + s) for (low, high), s in zip(ends, start, strict=True)]
    result.SetExtent([end for pair in reversed(bounds) for end in pair])
    result.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    voxels_of(result)[:] = mask[tuple(slice(int(low), int(high) + 1) for low, high in ends)]
    return result
