"""Stand-ins for Slicer's widgets that show MRML: `install(slicer)` makes them attributes of the slicer module.

The segment editor's widget is not here: segment_editor.py brings its own.
"""

from types import ModuleType

from PySide6.QtWidgets import QWidget

from Testing.host import ui_loader
from Testing.host.mrml_widgets_base import qMRMLWidget, qSlicerWidget
from Testing.host.mrml_widgets_nodes import qMRMLNodeComboBox
from Testing.host.mrml_widgets_segments import qMRMLSegmentationShow3DButton, qMRMLSegmentsTableView
from Testing.host.mrml_widgets_sliders import qMRMLRangeWidget, qMRMLSliderWidget, qMRMLSpinBox

CLASSES: tuple[type[QWidget], ...] = (
    qMRMLNodeComboBox,
    qMRMLRangeWidget,
    qMRMLSegmentationShow3DButton,
    qMRMLSegmentsTableView,
    qMRMLSliderWidget,
    qMRMLSpinBox,
    qMRMLWidget,
    qSlicerWidget,
)


def install(slicer: ModuleType) -> None:
    """Put the classes into the slicer module and let .ui files name them."""
    for cls in CLASSES:
        setattr(slicer, cls.__name__, cls)
    ui_loader.register(*CLASSES)
