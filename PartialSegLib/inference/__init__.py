"""The inference engine. Nothing here imports torch before a network has to run on it."""

from PartialSegLib.inference.backends import available_devices
from PartialSegLib.inference.engine import PRESETS, Engine, Preset
from PartialSegLib.inference.export import labels_from_logits
from PartialSegLib.inference.progress import Cancelled, ProgressCallback
from PartialSegLib.inference.result import Segmentation

__all__ = [
    "PRESETS",
    "Cancelled",
    "Engine",
    "Preset",
    "ProgressCallback",
    "Segmentation",
    "available_devices",
    "labels_from_logits",
]
