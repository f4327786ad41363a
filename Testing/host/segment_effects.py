"""The effects of the segment editor under Slicer's names and parameters; trame_slicer does the editing."""

from typing import TYPE_CHECKING, ClassVar

from trame_slicer.segmentation import (
    ModificationMode,
    SegmentationEffect,
    SegmentationEffectDraw,
    SegmentationEffectErase,
    SegmentationEffectIslands,
    SegmentationEffectPaint,
    SegmentationEffectScissors,
    SegmentationEffectThreshold,
    SegmentationEffectVolumeIntensityMask,
)
from trame_slicer.segmentation.paint_effect_parameters import BrushDiameterMode
from trame_slicer.segmentation.scissors_effect_parameters import ScissorsEffectFillMode, ScissorsEffectRangeMode
from trame_slicer.segmentation.segmentation_effect_islands import SegmentationIslandsMode

if TYPE_CHECKING:
    from .segment_editor import SegmentEditor


class SteadyOpacity:
    """In place of trame_slicer's blinking preview, which needs an asyncio loop."""

    def set_active(self, is_active: bool) -> None:
        pass


class Effect:
    """Slicer's face of an effect. Parameters are attributes of the editor node, so they are saved with the scene."""

    name = ""
    kind: type[SegmentationEffect]
    defaults: ClassVar[dict[str, object]] = {}
    common: ClassVar[dict[str, object]] = {}
    # What the panel shows of them under which words, which of them are yes or no, and the choices that some have.
    shown: ClassVar[dict[str, str]] = {}
    switches: ClassVar[tuple[str, ...]] = ()
    choices: ClassVar[dict[str, list[str]]] = {}

    def __init__(self, engine: "SegmentEditor") -> None:
        self._engine = engine
        self.title = self.name

    @property
    def trame(self) -> SegmentationEffect:
        return self._engine.editor.get_effect(self.kind)

    def active(self) -> bool:
        return self._engine.active_effect() is self

    def parameterSetNode(self):  # noqa: N802
        return self._engine.node

    def parameter(self, name: str) -> str:
        node = self._engine.node
        return node.GetAttribute(f"{self.name}.{name}") or node.GetAttribute(name) or self._default(name)

    def _default(self, name: str) -> str:
        known = {**self.defaults, **self.common}
        if name not in known:
            raise ValueError(f"{self.name} has no parameter '{name}'; there are {sorted(known)}")
        return str(known[name])

    def integerParameter(self, name: str) -> int:  # noqa: N802
        return int(float(self.parameter(name)))

    def doubleParameter(self, name: str) -> float:  # noqa: N802
        return float(self.parameter(name))

    def setParameter(self, name: str, value) -> None:  # noqa: N802
        self._default(name)
        self._engine.node.SetAttribute(f"{self.name}.{name}", str(value))
        self._engine.sync()

    def setCommonParameter(self, name: str, value) -> None:  # noqa: N802
        self._default(name)
        self._engine.node.SetAttribute(name, str(value))
        self._engine.sync()

    def set_defaults(self) -> None:
        """Writes what was not chosen yet into the node."""
        node = self._engine.node
        own = {f"{self.name}.{key}": value for key, value in self.defaults.items()}
        for name, value in {**own, **self.common}.items():
            if node.GetAttribute(name) is None:
                node.SetAttribute(name, str(value))

    def push(self) -> None:
        """Tells trame_slicer the parameters; called when the effect is chosen and when the node changes."""

    def saveStateForUndo(self) -> None:  # noqa: N802
        self._engine.logic.SaveStateForUndo()


class ScriptedEffect(Effect):
    """Effects that Slicer writes in Python: self() is where their methods are."""

    def self(self):
        return self


class PaintEffect(Effect):
    name = "Paint"
    kind = SegmentationEffectPaint
    # Slicer shares the brush between Paint and Erase; a relative diameter is percent of the view's height.
    common: ClassVar = {
        "BrushAbsoluteDiameter": 5.0,
        "BrushRelativeDiameter": 3.0,
        "BrushDiameterIsRelative": 1,
        "BrushSphere": 0,
    }
    shown: ClassVar = {
        "BrushRelativeDiameter": "Diameter (% of view)",
        "BrushAbsoluteDiameter": "Diameter (mm)",
        "BrushDiameterIsRelative": "Relative to view",
        "BrushSphere": "Sphere brush",
    }
    switches: ClassVar = ("BrushDiameterIsRelative", "BrushSphere")

    def push(self) -> None:
        self.trame.set_use_sphere_brush(bool(self.integerParameter("BrushSphere")))
        self.trame.set_brush_diameter(self._diameter(), BrushDiameterMode.Absolute)

    def _diameter(self) -> float:
        if not self.integerParameter("BrushDiameterIsRelative"):
            return self.doubleParameter("BrushAbsoluteDiameter")
        views = self._engine.editor._view_manager.get_slice_views()
        heights = [view.get_view_node().GetFieldOfView()[1] for view in views]
        return max(heights) * self.doubleParameter("BrushRelativeDiameter") / 100.0


class EraseEffect(PaintEffect):
    name = "Erase"
    kind = SegmentationEffectErase


class DrawEffect(ScriptedEffect):
    name = "Draw"
    kind = SegmentationEffectDraw


class ScissorsEffect(Effect):
    name = "Scissors"
    kind = SegmentationEffectScissors
    defaults: ClassVar = {"Operation": "EraseInside", "Shape": "FreeForm", "SliceCutMode": "Unlimited",
                          "SliceCutDepthMm": 0.0}  # fmt: skip
    _fill: ClassVar = {
        "EraseInside": ScissorsEffectFillMode.ERASE_INSIDE,
        "EraseOutside": ScissorsEffectFillMode.ERASE_OUTSIDE,
        "FillInside": ScissorsEffectFillMode.FILL_INSIDE,
        "FillOutside": ScissorsEffectFillMode.FILL_OUTSIDE,
    }
    shown: ClassVar = {"Operation": "Operation"}
    choices: ClassVar = {"Operation": list(_fill)}
    _range: ClassVar = {
        "Unlimited": ScissorsEffectRangeMode.UNLIMITED,
        "Positive": ScissorsEffectRangeMode.POSITIVE,
        "Negative": ScissorsEffectRangeMode.NEGATIVE,
        "Symmetric": ScissorsEffectRangeMode.SYMMETRIC,
    }

    def push(self) -> None:
        self.trame.set_fill_mode(self._fill[self.parameter("Operation")])
        self.trame.set_range_mode(self._range[self.parameter("SliceCutMode")])
        self.trame.set_symmetric_distance(self.doubleParameter("SliceCutDepthMm"))


class ThresholdEffect(ScriptedEffect):
    name = "Threshold"
    kind = SegmentationEffectThreshold
    defaults: ClassVar = {"MinimumThreshold": 0.0, "MaximumThreshold": 0.0}
    shown: ClassVar = {"MinimumThreshold": "From", "MaximumThreshold": "To"}

    def __init__(self, engine: "SegmentEditor") -> None:
        super().__init__(engine)
        # Not through self.trame: that would put the effect into the scene before there are views.
        for kind in (SegmentationEffectThreshold, SegmentationEffectVolumeIntensityMask):
            engine.editor._effects[kind.get_effect_name()]._opacity_blinker = SteadyOpacity()

    def set_defaults(self) -> None:
        node = self._engine.node
        if node.GetAttribute("Threshold.MinimumThreshold") is None:
            low, high = node.GetSourceVolumeNode().GetImageData().GetScalarRange()
            node.SetAttribute("Threshold.MinimumThreshold", str(low + (high - low) * 0.25))
            node.SetAttribute("Threshold.MaximumThreshold", str(high))

    def push(self) -> None:
        # Slicer's Threshold replaces what the segment held.
        self.trame.set_mode(ModificationMode.Set)
        wanted = (self.doubleParameter("MinimumThreshold"), self.doubleParameter("MaximumThreshold"))
        if self.trame.get_threshold_min_max_values() != wanted:
            self.trame.set_threshold_min_max_values(wanted)

    def onApply(self) -> None:  # noqa: N802
        self.trame.apply()

    def onUseForPaint(self) -> None:  # noqa: N802
        """Paints only where the volume is in the range: sets the mask and goes to the effect used last."""
        node = self._engine.node
        node.SetSourceVolumeIntensityMaskRange(
            self.doubleParameter("MinimumThreshold"), self.doubleParameter("MaximumThreshold")
        )
        node.SetSourceVolumeIntensityMask(True)
        node.SetActiveEffectName("Paint")


class IslandsEffect(ScriptedEffect):
    name = "Islands"
    kind = SegmentationEffectIslands
    defaults: ClassVar = {"Operation": "KEEP_LARGEST_ISLAND", "MinimumSize": 1000}
    _modes: ClassVar = {
        "KEEP_LARGEST_ISLAND": SegmentationIslandsMode.KEEP_LARGEST_ISLAND,
        "REMOVE_SMALL_ISLANDS": SegmentationIslandsMode.REMOVE_SMALL_ISLANDS,
        "SPLIT_ISLANDS_TO_SEGMENTS": SegmentationIslandsMode.SPLIT_TO_SEGMENTS,
        "KEEP_SELECTED_ISLAND": SegmentationIslandsMode.KEEP_SELECTED,
        "REMOVE_SELECTED_ISLAND": SegmentationIslandsMode.REMOVE_SELECTED,
        "ADD_SELECTED_ISLAND": SegmentationIslandsMode.ADD_SELECTED,
    }
    shown: ClassVar = {"Operation": "Operation", "MinimumSize": "Smallest size (voxels)"}
    choices: ClassVar = {"Operation": list(_modes)}

    def push(self) -> None:
        self.trame.set_island_mode(self._modes[self.parameter("Operation")])
        self.trame.set_minimum_island_size(self.integerParameter("MinimumSize"))

    def onApply(self) -> None:  # noqa: N802
        self.trame.apply()


EFFECTS = (ThresholdEffect, PaintEffect, DrawEffect, EraseEffect, ScissorsEffect, IslandsEffect)
