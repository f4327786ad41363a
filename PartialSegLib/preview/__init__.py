"""One picture of a segmentation: three slices with outlines, a 3D rendering and the volumes; no display, GPU or GL."""

from PartialSegLib.preview.page import draw_preview

__all__ = ["draw_preview"]
