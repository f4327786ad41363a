"""slicer.app.layoutManager(): three slice views and a 3D view, side by side or one alone."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QGridLayout, QWidget
from trame_slicer.views import ViewLayoutDefinition

from .views import ViewFactory, qMRMLSliceWidget, qMRMLThreeDWidget

_FOUR_UP = 3  # vtkMRMLLayoutNode.SlicerLayoutFourUpView
_SLICES = {
    "Red": (ViewLayoutDefinition.axial_view, "#F34A33", (0, 0)),
    "Green": (ViewLayoutDefinition.coronal_view, "#6DAD4A", (1, 0)),
    "Yellow": (ViewLayoutDefinition.sagittal_view, "#EFD64D", (1, 1)),
}
_THREED_PLACE = (0, 1)
# vtkMRMLLayoutNode's numbers of the arrangements that show one view alone.
_ALONE = {4: "ThreeD", 6: "Red", 7: "Yellow", 8: "Green"}


class Viewport(QWidget):
    """The grid of views."""


class LayoutManager(QObject):
    """Stand-in for qSlicerLayoutManager; knows four-up and the single views."""

    layoutChanged = Signal(int)  # noqa: N815

    def __init__(self, view_manager, app_logic) -> None:
        super().__init__()
        self._app_logic = app_logic
        self._viewport = Viewport()
        self._grid = QGridLayout(self._viewport)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        self._layout = _FOUR_UP
        view_manager.register_factory(ViewFactory())
        self._slices = {name: self._add_slice(view_manager, name) for name in _SLICES}
        self._threed = qMRMLThreeDWidget(view_manager.create_view(ViewLayoutDefinition.threed_view(name="1")))
        self._grid.addWidget(self._threed, *_THREED_PLACE)
        view_manager.set_current_view_ids([*_SLICES, "1"])

    def _add_slice(self, view_manager, name: str) -> qMRMLSliceWidget:
        definition, color, place = _SLICES[name]
        widget = qMRMLSliceWidget(view_manager.create_view(definition()), name, color)
        self._grid.addWidget(widget, *place)
        return widget

    def viewport(self) -> Viewport:
        return self._viewport

    def sliceViewNames(self) -> tuple[str, ...]:  # noqa: N802
        return tuple(self._slices)

    def sliceWidget(self, name: str) -> qMRMLSliceWidget | None:  # noqa: N802
        return self._slices.get(name)

    @property
    def threeDViewCount(self) -> int:  # noqa: N802
        return 1

    def threeDWidget(self, index: int) -> qMRMLThreeDWidget | None:  # noqa: N802
        return self._threed if index == 0 else None

    def mrmlSliceLogics(self):  # noqa: N802
        return self._app_logic.GetSliceLogics()

    @property
    def layout(self) -> int:
        return self._layout

    def setLayout(self, number: int) -> None:  # noqa: N802
        """Four-up, or one view alone, by the numbers of vtkMRMLLayoutNode."""
        alone = _ALONE.get(number)
        if alone is None and number != _FOUR_UP:
            raise NotImplementedError(f"The stand-in host has no layout {number}")
        for name, widget in {**self._slices, "ThreeD": self._threed}.items():
            widget.setVisible(alone in (None, name))
        self._layout = number
        self.layoutChanged.emit(number)

    def resetSliceViews(self) -> None:  # noqa: N802
        for widget in self._slices.values():
            widget.fitSliceToBackground()

    def resetThreeDViews(self) -> None:  # noqa: N802
        self._threed.threeDView().resetFocalPoint()
        self._threed.threeDView().resetCamera()

    def pause_render(self) -> None:
        self._set_paused(True)

    def resume_render(self) -> None:
        self._set_paused(False)

    def _set_paused(self, paused: bool) -> None:
        for view in self.render_widgets():
            view.paused = paused
            if not paused:
                view.picture_is_old()

    def render_widgets(self) -> list:
        """Every view's widget, whether shown or not."""
        return [*(widget.sliceView() for widget in self._slices.values()), self._threed.threeDView()]
