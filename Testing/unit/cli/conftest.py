import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "image"))  # the DICOM writer


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys):
    """Run the command in this process."""
    from PartialSegLib.cli.main import main

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse ends so
            code = end.code
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def child(tmp_path):
    """Run the command as a person does, in a process of its own."""

    def run(*arguments, **options):
        command = [sys.executable, "-m", "PartialSegLib.cli", *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, **options)
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def fake_engine(monkeypatch):
    """An engine that calls all soft tissue liver, without a network; returns the list of volumes it was given."""
    from PartialSegLib.inference.engine import Engine
    from PartialSegLib.inference.result import Segmentation, count_voxels, touching_edge

    seen = []

    def segment(self, volume, modality=None, structures=None, progress=None):
        seen.append(volume)
        progress("network", 0.5)
        kept = [self.bundle.label_set.find(name).value for name in structures or range(1, 17)]
        labels = np.where(volume.array > 0, 6, 0).astype(np.uint8) * (6 in kept)
        voxels = count_voxels(labels, kept)
        return Segmentation(
            labels=volume.like(labels),
            modality=modality or "ct",
            modality_reason="chosen by the user" if modality else "a test said so",
            confidence={value: 0.9 if voxels[value] else None for value in kept},
            voxels=voxels,
            volumes_ml={value: count * volume.voxel_volume_ml for value, count in voxels.items()},
            touches_edge=touching_edge(labels, kept),
            timings={"network": 0.1},
            backend="fake",
            device="cpu",
            precision="fp32",
            windows=1,
        )

    monkeypatch.setattr(Engine, "segment", segment)
    return seen
