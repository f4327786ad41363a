"""Labels that models give where people left them open."""

from partialseg_training.pseudo.fusion import agreement, fuse
from partialseg_training.pseudo.label import pseudo_label
from partialseg_training.pseudo.stage import relabelled

__all__ = ["agreement", "fuse", "pseudo_label", "relabelled"]
