"""The record of what is complete where: its file format, and how it follows a volume to other axes and grids."""

from PartialSegLib.annotation.orientation import reorient
from PartialSegLib.annotation.record import AXES, completeness_of, parse_range, ranges_of
from PartialSegLib.annotation.resampling import resample_annotation

__all__ = ["AXES", "completeness_of", "parse_range", "ranges_of", "reorient", "resample_annotation"]
