"""Between MRML, 3D Slicer's scene, and the library: the only part of it that imports slicer and vtk.

Whatever may take longer than a frame of the screen also exists as `..._stepwise`, to be driven by a timer.
"""

from PartialSegLib.image.segment_tags import BACKGROUND_ID
from PartialSegLib.scene.hierarchy import place_beside, remove
from PartialSegLib.scene.protection import protected, set_protected
from PartialSegLib.scene.read import LabelsOf, labels_of, labels_of_stepwise
from PartialSegLib.scene.reader import LabelReader
from PartialSegLib.scene.records import (
    read_record,
    read_record_stepwise,
    reference_of,
    write_record,
    write_record_stepwise,
)
from PartialSegLib.scene.region import region_of
from PartialSegLib.scene.segments import (
    add_background_segment,
    new_segmentation,
    segment_of,
    structure_of,
)
from PartialSegLib.scene.sequences import browser_of, finish, frames, new_frame_sequence, put_frame_segmentation
from PartialSegLib.scene.slices import SlicePosition, jump_to, show_slice, slice_position
from PartialSegLib.scene.steps import run
from PartialSegLib.scene.surfaces import hide_3d, show_3d, show_3d_stepwise
from PartialSegLib.scene.volumes import put_volume, put_volume_stepwise, volume_of
from PartialSegLib.scene.write import set_labels, set_labels_stepwise

__all__ = [
    "BACKGROUND_ID",
    "LabelReader",
    "LabelsOf",
    "SlicePosition",
    "add_background_segment",
    "browser_of",
    "finish",
    "frames",
    "hide_3d",
    "jump_to",
    "labels_of",
    "labels_of_stepwise",
    "new_frame_sequence",
    "new_segmentation",
    "place_beside",
    "protected",
    "put_frame_segmentation",
    "put_volume",
    "put_volume_stepwise",
    "read_record",
    "read_record_stepwise",
    "reference_of",
    "region_of",
    "remove",
    "run",
    "segment_of",
    "set_labels",
    "set_labels_stepwise",
    "set_protected",
    "show_3d",
    "show_3d_stepwise",
    "show_slice",
    "slice_position",
    "structure_of",
    "volume_of",
    "write_record",
    "write_record_stepwise",
]
