"""Volumes with geometry: read, written, and turned to the patient's axes."""

from PartialSegLib.image.grid import fit_to_grid
from PartialSegLib.image.kinds import SUFFIXES, holds_dicom, is_volume_file
from PartialSegLib.image.labels import read_labels
from PartialSegLib.image.orientation import LpsView, lps_spacing, to_lps
from PartialSegLib.image.read import read_volume
from PartialSegLib.image.segmentation import write_segmentation
from PartialSegLib.image.volume import Modality, Volume
from PartialSegLib.image.write import write_volume, written_suffix

__all__ = [
    "SUFFIXES",
    "LpsView",
    "Modality",
    "Volume",
    "fit_to_grid",
    "holds_dicom",
    "is_volume_file",
    "lps_spacing",
    "read_labels",
    "read_volume",
    "to_lps",
    "write_segmentation",
    "write_volume",
    "written_suffix",
]
