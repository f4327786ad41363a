import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
from inference_stubs import small_unet

from PartialSegLib.files import user_cache_dir
from PartialSegLib.inference.openvino_backend import OpenVinoBackend
from PartialSegLib.inference.torch_backend import TorchBackend

# Not importorskip: imported plainly, OpenVINO writes to the home folder.
pytestmark = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="OpenVINO is not installed")
PATCH = (16, 24, 32)


@pytest.fixture
def bundle(make_bundle):
    return make_bundle(small_unet(), patch_size=PATCH)


@pytest.fixture
def window():
    return np.random.default_rng(0).random((1, 1, *PATCH), dtype=np.float32)


def test_labels_agree_with_torch_in_float32(bundle, window):
    backend = OpenVinoBackend(bundle, fast=False)
    assert (backend.name, backend.device, backend.precision) == ("openvino", "cpu", "fp32")
    ours, reference = np.array(backend(window)), TorchBackend(small_unet())(window)
    assert ours.shape == reference.shape and ours.dtype == np.float32
    np.testing.assert_allclose(ours, reference, atol=1e-4)
    assert (ours.argmax(1) == reference.argmax(1)).mean() >= 0.999


def test_the_fast_preset_stays_close(bundle, window):
    ours, reference = np.array(OpenVinoBackend(bundle, fast=True)(window)), TorchBackend(small_unet())(window)
    assert np.abs(ours - reference).max() < 0.05 * np.abs(reference).max()


def test_nothing_is_reported_to_the_maker_of_openvino(tmp_path):
    code = """
import sys
from types import SimpleNamespace
from PartialSegLib.inference.openvino_backend import OpenVinoBackend, Path
from PartialSegLib.networks import build_network

weights = Path("models/model.safetensors")
weights.parent.mkdir()
weights.touch()
network = build_network({"name": "unet", "n_classes": 2, "channels": [2, 4], "blocks": [1, 1]}).eval()
bundle = SimpleNamespace(
    path=Path(), weights=weights, network_config={}, patch_size=(8, 8, 8), load_network=lambda: network
)
OpenVinoBackend(bundle, fast=False)
from openvino.tools.ovc import telemetry_utils
print(telemetry_utils.tm.__name__, [name for name in sys.modules if name.startswith("openvino_telemetry.")])
"""
    home = {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **home}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub", "[]"]
    assert {path.name for path in tmp_path.iterdir()} == {"models", "partialseg"}


def test_the_second_start_reads_the_cache_and_computes_the_same(bundle, window):
    first = np.array(OpenVinoBackend(bundle, fast=False)(window))
    second = np.array(OpenVinoBackend(bundle, fast=False)(window))
    assert bundle.loaded == 1
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("name", ["model.bin", "model.xml", "hashes.json"])
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_a_damaged_cache_is_made_anew(bundle, window, name, damage):
    first = np.array(OpenVinoBackend(bundle, fast=False)(window))
    (path,) = user_cache_dir().glob(f"openvino/*/{name}")
    content = path.read_bytes()
    if damage == "remove":
        path.unlink()
    else:
        path.write_bytes(content[:-7] if damage == "truncate" else content[:-1] + bytes([content[-1] ^ 1]))
    np.testing.assert_array_equal(np.array(OpenVinoBackend(bundle, fast=False)(window)), first)
    assert bundle.loaded == 2
    OpenVinoBackend(bundle, fast=False)
    assert bundle.loaded == 2


def test_other_weights_or_windows_have_their_own_cache(bundle):
    OpenVinoBackend(bundle, fast=False)
    (bundle.path / "models" / "model.safetensors").write_bytes(b"other weights")
    OpenVinoBackend(bundle, fast=False)
    bundle.patch_size = (16, 16, 16)
    OpenVinoBackend(bundle, fast=False)
    assert bundle.loaded == 3


def test_the_cache_does_not_grow_without_end_and_leaves_no_scraps(bundle):
    for index in range(6):
        (bundle.path / "models" / "model.safetensors").write_bytes(b"%d" % index)
        OpenVinoBackend(bundle, fast=False)
    folders = list((user_cache_dir() / "openvino").iterdir())
    assert len(folders) == 4 and not any(folder.name.startswith(".partial") for folder in folders)
    OpenVinoBackend(bundle, fast=False)
    assert bundle.loaded == 6


def test_a_cache_that_cannot_be_written_costs_time_only(bundle, window):
    user_cache_dir().parent.mkdir(parents=True, exist_ok=True)
    user_cache_dir().write_text("a file where the folder should be")
    assert np.isfinite(OpenVinoBackend(bundle, fast=False)(window)).all()
