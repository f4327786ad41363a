"""Slice and 3D widgets with the names of Slicer's: real MRML views of trame_slicer inside."""

from contextlib import contextmanager

import slicer
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget
from trame_slicer.views import SliceView, ThreeDView, ViewLayoutDefinition
from trame_slicer.views.render_scheduler import NoScheduleRendering
from trame_slicer.views.view_factory import IViewFactory
from trame_slicer.views.view_layout_definition import ViewType
from vtkmodules.vtkCommonCore import vtkObject

from .rendering import RenderWidget

_SLIDER_STEPS = 10000


class ViewFactory(IViewFactory):
    """Makes views that draw off-screen, and only when their widget asks."""

    def can_create_view(self, view: ViewLayoutDefinition) -> bool:
        return view.view_type in (ViewType.SLICE_VIEW, ViewType.THREE_D_VIEW)

    def _create_view(self, view: ViewLayoutDefinition, scene, app_logic):
        kind = SliceView if view.view_type == ViewType.SLICE_VIEW else ThreeDView
        # trame_slicer observes an event that this VTK only warns of; resize_view() below does what it was for.
        with _vtk_warnings_off():
            made = kind(scene, app_logic, view.singleton_tag, scheduled_render_strategy=NoScheduleRendering())
        made.render_window().SetOffScreenRendering(True)
        made.set_view_properties(view.properties)
        return made

    def _get_slicer_view(self, view):
        return view


@contextmanager
def _vtk_warnings_off():
    before = vtkObject.GetGlobalWarningDisplay()
    vtkObject.SetGlobalWarningDisplay(0)
    try:
        yield
    finally:
        vtkObject.SetGlobalWarningDisplay(before)


class qMRMLSliceView(RenderWidget):  # noqa: N801
    def resize_view(self, width: int, height: int) -> None:
        super().resize_view(width, height)
        slicer.app.applicationLogic().GetSliceLogic(self.mrmlSliceNode()).ResizeSliceNode(width, height)

    def renderWindow(self):  # noqa: N802
        return self.view.render_window()

    def interactor(self):
        return self.view.interactor()

    def mrmlSliceNode(self):  # noqa: N802
        return self.view.get_view_node()

    def scheduleRender(self) -> None:  # noqa: N802
        self.picture_is_old()

    def forceRender(self) -> None:  # noqa: N802
        self.draw_now()


class qMRMLThreeDView(RenderWidget):  # noqa: N801
    def renderWindow(self):  # noqa: N802
        return self.view.render_window()

    def mrmlViewNode(self):  # noqa: N802
        return self.view.get_view_node()

    def resetFocalPoint(self) -> None:  # noqa: N802
        self.view.reset_focal_point()
        self.picture_is_old()

    def resetCamera(self) -> None:  # noqa: N802
        self.view.reset_camera()
        self.picture_is_old()

    def scheduleRender(self) -> None:  # noqa: N802
        self.picture_is_old()

    def forceRender(self) -> None:  # noqa: N802
        self.draw_now()


class qMRMLSliceControllerWidget(QWidget):  # noqa: N801
    """The bar above a slice: its letter in its color, the slider of the offset, the offset in mm."""

    def __init__(self, view: SliceView, letter: str) -> None:
        super().__init__()
        self._view = view
        self._following = False
        self._label = QLabel(letter)
        self._label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._label.setMinimumWidth(18)
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setObjectName("SliceOffsetSlider")
        self._slider.setRange(0, _SLIDER_STEPS)
        self._offset = QLabel()
        self._bar = QHBoxLayout(self)
        self._bar.setContentsMargins(2, 0, 2, 0)
        for widget in (self._label, self._slider, self._offset):
            self._bar.addWidget(widget)
        self._slider.valueChanged.connect(self._slid)

    def barLayout(self) -> QHBoxLayout:  # noqa: N802
        """Where scripts add their own buttons beside the slider."""
        return self._bar

    def sliceOffsetSlider(self) -> QSlider:  # noqa: N802
        return self._slider

    def set_color(self, color: str) -> None:
        self._label.setStyleSheet(f"background-color: {color}; color: black")

    def follow(self) -> None:
        """Shows where the slice is."""
        low, high = self._view.get_slice_range()
        value = self._view.get_slice_value()
        self._following = True
        self._slider.setValue(round((value - low) / (high - low) * _SLIDER_STEPS) if high > low else 0)
        self._offset.setText(f"{value:.1f} mm")
        self._following = False

    def _slid(self, step: int) -> None:
        if not self._following:
            low, high = self._view.get_slice_range()
            self._view.set_slice_value(low + (high - low) * step / _SLIDER_STEPS)


class qMRMLSliceWidget(QWidget):  # noqa: N801
    """A slice view below its bar."""

    nodeAboutToBeEdited = Signal(object)  # noqa: N815

    def __init__(self, view: SliceView, name: str, color: str) -> None:
        super().__init__()
        self.setObjectName(f"qMRMLSliceWidget{name}")
        self._slice_view = qMRMLSliceView(view)
        self._controller = qMRMLSliceControllerWidget(view, name[0])
        self._controller.set_color(color)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._controller)
        box.addWidget(self._slice_view, 1)
        view.modified.connect(lambda *_: self._controller.follow())
        self._observed = view.get_view_node().AddObserver("ModifiedEvent", lambda *_: self._controller.follow())

    def sliceView(self) -> qMRMLSliceView:  # noqa: N802
        return self._slice_view

    def sliceController(self) -> qMRMLSliceControllerWidget:  # noqa: N802
        return self._controller

    def sliceLogic(self):  # noqa: N802
        return slicer.app.applicationLogic().GetSliceLogic(self.mrmlSliceNode())

    def mrmlSliceNode(self):  # noqa: N802
        return self._slice_view.mrmlSliceNode()

    def mrmlSliceCompositeNode(self):  # noqa: N802
        return self.sliceLogic().GetSliceCompositeNode()

    def interactorObserver(self):  # noqa: N802
        return self._slice_view.view._interactor_observer

    def fitSliceToBackground(self) -> None:  # noqa: N802
        self._slice_view.view.fit_view_to_content()


class qMRMLThreeDWidget(QWidget):  # noqa: N801
    def __init__(self, view: ThreeDView) -> None:
        super().__init__()
        self._threed_view = qMRMLThreeDView(view)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._threed_view)

    def threeDView(self) -> qMRMLThreeDView:  # noqa: N802
        return self._threed_view

    def mrmlViewNode(self):  # noqa: N802
        return self._threed_view.mrmlViewNode()
