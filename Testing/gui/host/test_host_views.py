"""Slice views show MRML as Slicer does: the right way round, the segmentation on top, moved by mouse and scripts."""

import numpy as np
import pytest

BLOCK = (0.0, 0.0, 75.0)  # RAS (mm) inside the bright block of the small volume


@pytest.fixture
def shown(empty_scene, small_volume):
    node = empty_scene.add_volume(small_volume, "CT")
    return empty_scene, node


def picture(host, name="Red"):
    """Pixels (rows, columns, RGB) of a slice view as it is on the screen."""
    view = host.app.layoutManager().sliceWidget(name).sliceView()
    view.draw_now()
    image = view.picture
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def pixel(host, ras, name="Red"):
    driver = host.slice_view(name)
    driver.show(ras)
    place = driver.place(ras)
    return picture(host, name)[place.y(), place.x()]


def test_views_exist_and_have_slicers_nodes(shown):
    host, node = shown
    manager = host.app.layoutManager()
    assert manager.sliceViewNames() == ("Red", "Green", "Yellow")
    red = manager.sliceWidget("Red")
    assert red.mrmlSliceNode().GetID() == "vtkMRMLSliceNodeRed"
    assert red.mrmlSliceNode().GetOrientation() == "Axial"
    assert manager.sliceWidget("Green").mrmlSliceNode().GetOrientation() == "Coronal"
    assert red.mrmlSliceCompositeNode().GetBackgroundVolumeID() == node.GetID()
    assert manager.sliceWidget("Blue") is None


def test_the_patients_right_is_on_the_left_and_front_is_up(shown):
    host, _ = shown
    driver = host.slice_view("Red")
    driver.show(BLOCK)
    right, left = driver.place((30.0, 0.0, 75.0)), driver.place((-30.0, 0.0, 75.0))
    front, back = driver.place((0.0, 30.0, 75.0)), driver.place((0.0, -30.0, 75.0))
    assert right.x() < left.x() and front.y() < back.y()
    coronal = host.slice_view("Green")
    coronal.show(BLOCK)
    assert coronal.place((0.0, 0.0, 100.0)).y() < coronal.place((0.0, 0.0, 40.0)).y()


def test_the_picture_shows_voxels_where_they_are(shown):
    host, _ = shown
    for name in ("Red", "Green", "Yellow"):
        assert pixel(host, BLOCK, name).min() > 150, name
        assert pixel(host, (50.0, -45.0, 130.0), name).max() < 40, name


def test_a_segment_is_drawn_over_the_image(shown):
    host, node = shown
    import slicer

    before = pixel(host, BLOCK)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(node)
    added = segmentation.GetSegmentation().AddEmptySegment("liver", "Liver", (1.0, 0.0, 0.0))
    mask = (slicer.util.arrayFromVolume(node) > 0).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, segmentation, added, node)
    host.process()
    red, green, _ = pixel(host, BLOCK)
    assert red >= before[0] - 40 and green < before[1] - 40
    segmentation.GetDisplayNode().SetVisibility(False)
    host.process()
    assert np.array_equal(pixel(host, BLOCK), before)


def test_wheel_and_offset_move_the_slice(shown):
    host, _ = shown
    driver = host.slice_view("Red")
    logic = driver.slice_widget.sliceLogic()
    driver.scroll_to(70.0)
    assert logic.GetSliceOffset() == pytest.approx(70.0)
    driver.wheel(2)
    assert abs(logic.GetSliceOffset() - 70.0) == pytest.approx(10.0)
    slider = driver.slice_widget.sliceController().sliceOffsetSlider()
    slider.value = slider.maximum
    assert logic.GetSliceOffset() > 110.0


def test_points_off_the_slice_or_the_view_are_refused(shown):
    host, _ = shown
    driver = host.slice_view("Red")
    driver.show(BLOCK)
    with pytest.raises(ValueError, match="mm off the slice"):
        driver.click((0.0, 0.0, 100.0))
    with pytest.raises(ValueError, match="outside"):
        driver.click((4000.0, 0.0, 75.0))


def test_hidden_and_paused_views_do_not_draw(shown):
    host, _ = shown
    view = host.app.layoutManager().sliceWidget("Red").sliceView()
    host.process()
    before = view.pictures_drawn
    for offset in (60.0, 65.0, 70.0):
        host.app.layoutManager().sliceWidget("Red").sliceLogic().SetSliceOffset(offset)
    host.process()
    assert view.pictures_drawn == before + 1
    host.app.layoutManager().setLayout(8)
    host.slice_view("Red").scroll_to(50.0)
    host.app.pauseRender()
    host.app.layoutManager().setLayout(3)
    host.process()
    assert view.pictures_drawn == before + 1
    host.app.resumeRender()
    host.process()
    assert view.pictures_drawn == before + 2


def test_screenshot_is_written(shown, tmp_path):
    from PySide6.QtGui import QImage

    host, _ = shown
    path = host.screenshot(tmp_path / "window.png")
    assert QImage(str(path)).width() == host.window.width


def test_files_are_loaded_and_saved_through_slicer_util(shown, tmp_path):
    host, node = shown
    import slicer

    assert slicer.util.saveNode(node, str(tmp_path / "ct.nrrd"))
    again = slicer.util.loadVolume(tmp_path / "ct.nrrd")
    assert np.array_equal(slicer.util.arrayFromVolume(again), slicer.util.arrayFromVolume(node))
    assert slicer.util.saveScene(str(tmp_path / "scene.mrb"))
    host.clear()
    slicer.util.loadScene(str(tmp_path / "scene.mrb"))
    assert slicer.util.getNode("CT").GetImageData().GetDimensions() == (40, 36, 24)
    with pytest.raises(RuntimeError, match="Failed to load"):
        slicer.util.loadVolume(tmp_path / "missing.nrrd")
