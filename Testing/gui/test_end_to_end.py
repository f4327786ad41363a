"""From a scan to a training step: segment, correct, declare two slices complete, save, reopen, train."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from PartialSegLib.annotation.reading import open_reading
from PartialSegLib.dataset import load_dataset, read_annotation
from PartialSegLib.phantom import make_phantom
from PartialSegLib.scene import show_slice
from PartialSegLib.supervision import candidate_sets, everything

LIVER, SECONDS = 6, 60.0


@pytest.fixture
def shell(empty_scene, tiny_bundle, tmp_path, monkeypatch):
    """The module with a phantom CT loaded and a tiny model chosen."""
    volume = empty_scene.add_volume(make_phantom((8.0, 8.0, 8.0))[0], "Phantom")
    shell = empty_scene.module().shell
    monkeypatch.setattr("PartialSegPanels.annotate.cases_section.confirm", lambda text, button: True)
    shell.segment.inputs.model.install(Path(shutil.make_archive(str(tmp_path / "tiny"), "zip", tiny_bundle)))
    empty_scene.wait_for(lambda: shell.segment.inputs.model.model.name == "tiny", SECONDS)
    shell.volume = volume
    yield shell
    shell.tabs.setCurrentIndex(0)
    shell.annotate.door.close()
    idle(empty_scene, shell.annotate)


def segment(host, shell):
    """Click the button; the segmentation that comes of it."""
    QTest.mouseClick(shell.segment.ui.segmentButton, Qt.MouseButton.LeftButton)
    host.wait_for(lambda: shell.segment.runs.running is None, SECONDS)
    (node,) = host.scene.GetNodesByClass("vtkMRMLSegmentationNode")
    return node


def idle(host, tab):
    """Wait until the Annotate tab has done what it was told to."""
    host.process()
    host.wait_for(lambda: not tab.flow.busy, SECONDS)


def open_as_case(host, tab, volume, folder):
    """Make a dataset, put the volume into it and open it."""
    tab.ui.folderEdit.currentPath, tab.ui.readerEdit.text = str(folder), "reader-1"
    tab.ui.openFolderButton.click()
    idle(host, tab)
    tab.ui.addVolumeSelector.setCurrentNode(volume)
    tab.ui.addCaseButton.click()
    idle(host, tab)
    tab.ui.openCaseButton.click()
    idle(host, tab)
    assert tab.session is not None


def correct(host, tab, k):
    """Paint a stroke of liver with the mouse in axial slice k, and declare liver complete there with its key."""
    image = tab.session.image
    _, y, x = image.array.shape
    show_slice(host.slice_view("Red").slice_widget.mrmlSliceNode(), tab.canvas.volume_node, "k", k)
    host.process()
    points = [(-a, -b, c) for a, b, c in (image.world((x // 2 + step, y // 2, k)) for step in range(4))]
    tab.structures.tick((LIVER,))
    tab.paint.select(LIVER)
    tab.ui.editor.setActiveEffectByName("Paint")
    host.process()
    host.slice_view("Red").drag(points)
    host.wait_for(lambda: not tab.strokes.pending, SECONDS)
    host.slice_view("Red").key("C")
    host.process()


def train(folder, output):
    """Two steps on the dataset, as a user would start them; the log's lines."""
    settings = ("phantoms=0", f"dataset={folder}", "train=[case_001]", "validation=[]", "steps=2")
    command = [sys.executable, "-m", "PartialSegLib.cli", "train", "smoke", "--output", str(output), "--quiet"]
    done = subprocess.run(
        [*command, *(word for setting in settings for word in ("--set", setting))], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return [json.loads(line) for line in (output / "log.jsonl").read_text().splitlines()]


def test_what_is_declared_in_the_window_is_what_training_sees(empty_scene, shell, tmp_path):
    host, tab, folder = empty_scene, shell.annotate, tmp_path / "dataset"
    prediction = segment(host, shell)
    shell.tabs.setCurrentIndex(1)
    open_as_case(host, tab, shell.volume, folder)
    tab.structures.tick((LIVER,))
    tab.ui.predictionSelector.setCurrentNode(prediction)
    tab.ui.copyPredictionButton.click()
    idle(host, tab)
    z = tab.session.labels.shape[0]
    declared = [z // 2, z // 2 + 1]
    for k in declared:
        correct(host, tab, k)
    painted = tab.session.labels.copy()
    assert (painted[declared] == LIVER).any(axis=(1, 2)).all()
    tab.ui.saveButton.click()
    host.wait_for(lambda: tab.session.is_saved, SECONDS)

    reading = open_reading(folder / "case_001", "reader-1")
    assert reading.warnings == () and np.array_equal(reading.labels.array, painted)
    (entry,) = load_dataset(folder).entries.values()
    labels, record = read_annotation(entry)
    candidates = candidate_sets(labels.array, record)
    told = candidates != everything(record.n_classes)
    where = np.zeros(z, bool)
    where[declared] = True
    expected = (painted != 0) | where[:, None, None]
    assert np.array_equal(told, expected)
    not_liver = everything(record.n_classes) & ~(1 << LIVER)
    assert (candidates[declared][painted[declared] == 0] == not_liver).all()

    losses = [line["loss"] for line in train(folder, tmp_path / "run") if "loss" in line]
    assert len(losses) == 2 and np.isfinite(losses).all()
