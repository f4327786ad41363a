"""The segment editor by simulated mouse: what is painted where, counted in voxels, and undone to the voxel."""

import numpy as np
import pytest

OFFSET = 75.0  # an axial slice through the block, at the center of a voxel layer
CENTER = (0.0, 0.0, OFFSET)


class Bench:
    """A segmentation of two segments, an editor on it, and the axial view."""

    def __init__(self, host, volume):
        import slicer

        self.host = host
        self.volume = host.add_volume(volume, "CT")
        self.node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        self.node.SetReferenceImageGeometryParameterFromVolumeNode(self.volume)
        for name in ("liver", "spleen"):
            self.node.GetSegmentation().AddEmptySegment(name, name.capitalize())
        self.editor = slicer.qMRMLSegmentEditorWidget()
        self.editor.setMRMLScene(slicer.mrmlScene)
        self.parameters = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentEditorNode")
        self.editor.setMRMLSegmentEditorNode(self.parameters)
        self.editor.setSegmentationNode(self.node)
        self.editor.setSourceVolumeNode(self.volume)
        self.view = host.slice_view("Red")
        self.view.scroll_to(OFFSET)

    def mask(self, segment="liver"):
        """A copy of a segment's voxels (z, y, x)."""
        import slicer

        if not self.node.GetBinaryLabelmapInternalRepresentation(segment):
            return np.zeros((24, 36, 40), bool)
        found = slicer.util.arrayFromSegmentBinaryLabelmap(self.node, segment, self.volume)
        return np.array(found, bool) if found is not None else np.zeros((24, 36, 40), bool)

    def choose(self, effect, **parameters):
        self.editor.setActiveEffectByName(effect)
        for name, value in parameters.items():
            self.editor.activeEffect().setParameter(name, value)
        return self.editor.activeEffect()

    def brush(self, diameter=12.0, sphere=0, effect="Paint"):
        active = self.choose(effect)
        active.setCommonParameter("BrushDiameterIsRelative", 0)
        active.setCommonParameter("BrushAbsoluteDiameter", diameter)
        active.setCommonParameter("BrushSphere", sphere)


@pytest.fixture
def bench(empty_scene, small_volume):
    made = Bench(empty_scene, small_volume)
    yield made
    made.editor.uninstallKeyboardShortcuts()
    made.editor.setMRMLSegmentEditorNode(None)


def test_painting_fills_a_disk_in_the_slice_that_is_shown(bench):
    bench.brush(diameter=24.0)
    bench.view.click(CENTER)
    mask = bench.mask()
    layers = np.flatnonzero(mask.any(axis=(1, 2)))
    assert list(layers) == [11]  # (75 - 20) / 5
    expected = np.pi * 12.0**2 / (3.0 * 3.0)
    assert mask.sum() == pytest.approx(expected, rel=0.2)
    _, y, x = np.argwhere(mask).mean(axis=0)
    # LPS: index = (position - origin) / spacing; RAS 0 is LPS 0
    assert (x, y) == pytest.approx((20.0, 50.0 / 3.0), abs=0.6)
    assert not bench.mask("spleen").any()


def test_a_sphere_brush_paints_neighboring_slices(bench):
    bench.brush(diameter=24.0, sphere=1)
    bench.view.click(CENTER)
    assert bench.mask().any(axis=(1, 2)).sum() >= 3


def test_a_stroke_has_no_gaps_and_erasing_takes_it_away(bench):
    bench.brush()
    bench.view.drag([(-30.0, 0.0, OFFSET), (30.0, 0.0, OFFSET)])
    painted = bench.mask()
    assert painted[11].any(axis=0)[10:31].all()
    bench.brush(diameter=40.0, effect="Erase")
    bench.view.click(CENTER)
    left = bench.mask()
    assert 0 < left.sum() < painted.sum() and not (left & ~painted).any()


def test_painting_goes_to_the_chosen_segment_and_takes_from_others(bench):
    bench.brush()
    bench.view.click(CENTER)
    bench.editor.setCurrentSegmentID("spleen")
    bench.view.click(CENTER)
    assert bench.mask("spleen").any() and not bench.mask("liver").any()
    bench.parameters.SetOverwriteMode(bench.parameters.OverwriteNone)
    bench.editor.setCurrentSegmentID("liver")
    bench.view.click(CENTER)
    assert (bench.mask("spleen") & bench.mask("liver")).any()


def test_undo_and_redo_are_exact(bench):
    bench.brush()
    states = [bench.mask()]
    for x in (-20.0, 0.0, 20.0):
        bench.view.click((x, 0.0, OFFSET))
        states.append(bench.mask())
    bench.choose("Threshold", MinimumThreshold=50, MaximumThreshold=200).self().onApply()
    states.append(bench.mask())
    for before in reversed(states[:-1]):
        bench.editor.undo()
        assert np.array_equal(bench.mask(), before)
    for after in states[1:]:
        bench.editor.redo()
        assert np.array_equal(bench.mask(), after)
    bench.editor.redo()
    assert np.array_equal(bench.mask(), states[-1])


def test_saving_a_state_by_hand_lets_undo_come_back_to_it(bench):
    import slicer

    bench.editor.saveStateForUndo()
    full = np.ones((24, 36, 40), np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(full, bench.node, "liver", bench.volume)
    bench.editor.undo()
    assert not bench.mask().any()


def test_threshold_replaces_the_segment(bench):
    bench.brush()
    bench.view.click((50.0, 40.0, OFFSET))
    assert bench.mask().any()
    bench.choose("Threshold", MinimumThreshold=50, MaximumThreshold=200).self().onApply()
    import slicer

    assert np.array_equal(bench.mask(), slicer.util.arrayFromVolume(bench.volume) > 50)


def test_drawing_fills_the_outline(bench):
    bench.choose("Draw")
    bench.view.drag([(-20.0, -20.0, OFFSET), (20.0, -20.0, OFFSET), (20.0, 20.0, OFFSET), (-20.0, 20.0, OFFSET)])
    mask = bench.mask()
    assert list(np.flatnonzero(mask.any(axis=(1, 2)))) == [11]
    assert mask.sum() == pytest.approx(1600 / 9, rel=0.15)


def test_scissors_cut_through_all_slices(bench):
    bench.choose("Threshold", MinimumThreshold=50, MaximumThreshold=200).self().onApply()
    before = bench.mask()
    bench.choose("Scissors", Operation="EraseInside")
    bench.view.drag([(0.0, -50.0, OFFSET), (45.0, -50.0, OFFSET), (45.0, 45.0, OFFSET), (0.0, 45.0, OFFSET)])
    after = bench.mask()
    assert not (after & ~before).any()
    cut = before.sum(axis=(1, 2)) - after.sum(axis=(1, 2))
    assert len(set(cut[before.any(axis=(1, 2))])) == 1 and cut.max() > 0


def test_islands_keep_the_largest(bench):
    bench.brush(diameter=30.0)
    bench.view.click(CENTER)
    large = bench.mask()
    bench.brush(diameter=8.0)
    bench.view.click((45.0, 30.0, OFFSET))
    assert bench.mask().sum() > large.sum()
    bench.choose("Islands", Operation="KEEP_LARGEST_ISLAND").self().onApply()
    assert np.array_equal(bench.mask(), large)


def test_masks_limit_the_brush(bench):
    bench.parameters.SetSourceVolumeIntensityMaskRange(50, 200)
    bench.parameters.SetSourceVolumeIntensityMask(True)
    bench.brush(diameter=200.0)
    bench.view.click(CENTER)
    import slicer

    bright = slicer.util.arrayFromVolume(bench.volume) > 50
    assert bench.mask().any() and not (bench.mask() & ~bright).any()
    bench.parameters.SetSourceVolumeIntensityMask(False)
    bench.parameters.SetMaskMode(slicer.vtkMRMLSegmentationNode.EditAllowedOutsideAllSegments)
    before = bench.mask()
    bench.editor.setCurrentSegmentID("spleen")
    bench.brush(diameter=400.0)
    bench.view.click(CENTER)
    assert np.array_equal(bench.mask(), before)
    assert bench.mask("spleen").any() and not (bench.mask("spleen") & before).any()


def test_without_an_effect_the_mouse_changes_nothing(bench):
    bench.brush()
    bench.editor.setActiveEffect(None)
    assert bench.editor.activeEffect() is None
    bench.view.drag([CENTER, (20.0, 0.0, OFFSET)])
    assert not bench.mask().any()


def test_shortcuts_work_between_install_and_uninstall(bench):
    effects = list(bench.editor.availableEffectNames())
    bench.editor.installKeyboardShortcuts()
    bench.view.key(str(effects.index("Paint") + 1))
    assert bench.editor.activeEffect().name == "Paint"
    bench.view.key("W")
    assert bench.editor.currentSegmentID() == "spleen"
    bench.view.click(CENTER)
    bench.view.key("Z")
    assert not bench.mask("spleen").any()
    bench.view.key("Escape")
    assert bench.editor.activeEffect() is None
    bench.editor.uninstallKeyboardShortcuts()
    bench.view.key("Q")
    assert bench.editor.currentSegmentID() == "spleen"


def test_mistakes_are_told(bench):
    import slicer

    with pytest.raises(ValueError, match="no effect 'Pain'"):
        bench.editor.setActiveEffectByName("Pain")
    with pytest.raises(ValueError, match="BrushSize"):
        bench.choose("Paint").setParameter("BrushSize", 3)
    with pytest.raises(TypeError):
        bench.editor.setSegmentationNode(bench.volume)
    with pytest.raises(RuntimeError, match="setMRMLSegmentEditorNode"):
        slicer.qMRMLSegmentEditorWidget().setSegmentationNode(bench.node)


def test_closing_the_scene_while_painting_leaves_a_usable_editor(bench, small_volume):
    bench.brush()
    bench.view.click(CENTER)
    bench.host.clear()
    assert bench.editor.segmentationNode() is None and bench.editor.activeEffect() is None
    again = Bench(bench.host, small_volume)
    again.brush()
    again.view.click(CENTER)
    painted = again.mask()
    assert painted.any()
    again.editor.undo()
    assert not again.mask().any()
    again.editor.undo()
    again.editor.setMRMLSegmentEditorNode(None)
