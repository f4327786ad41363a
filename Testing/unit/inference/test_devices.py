import subprocess
import sys

import numpy as np
import pytest

from PartialSegLib.errors import UserError
from PartialSegLib.inference import backends, hardware, openvino_backend, torch_backend
from PartialSegLib.inference.backends import available_devices, choose_device, make_backend


@pytest.fixture
def machine(monkeypatch):
    """Pretend to have these GPUs, and OpenVINO or not."""

    def pretend(gpus=(), openvino=False):
        monkeypatch.setattr(backends, "_gpus", lambda: list(gpus))
        monkeypatch.setattr(backends.importlib.util, "find_spec", lambda name: object() if openvino else None)

    return pretend


def test_the_fastest_device_comes_first_and_is_auto(machine):
    machine(gpus=["cuda", "cuda:1"], openvino=True)
    assert available_devices() == ["cuda", "cuda:1", "openvino", "cpu"]
    assert choose_device("auto") == choose_device("cuda:0") == "cuda"
    assert choose_device("cuda:1") == "cuda:1"
    machine(openvino=True)
    assert choose_device("auto") == "openvino"
    machine()
    assert choose_device("auto") == "cpu"


@pytest.mark.parametrize("name", ["cuda", "cuda:7", "mps", "openvino", "tpu", ""])
def test_an_absent_device_is_refused_with_what_there_is(machine, name):
    machine()
    with pytest.raises(UserError, match="choose one of auto, cpu") as caught:
        choose_device(name)
    assert ("pip install openvino" in str(caught.value)) == (name == "openvino")


def test_auto_falls_back_to_torch_when_openvino_cannot_run_the_network(machine, monkeypatch, make_bundle):
    def refuse(bundle, fast):
        raise RuntimeError("\nno such operation\nmore")

    machine(openvino=True)
    monkeypatch.setattr(openvino_backend, "OpenVinoBackend", refuse)
    backend = make_backend(make_bundle(), "auto", fast=False)
    assert (backend.name, backend.device, backend.precision) == ("torch", "cpu", "fp32")
    with pytest.raises(UserError, match=r"\(no such operation\): use device cpu"):
        make_backend(make_bundle(), "openvino", fast=False)


def test_only_processors_that_multiply_bfloat16_use_it(monkeypatch):
    torch = pytest.importorskip("torch")
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.setattr(torch.cpu, name, lambda: False, raising=False)
    assert torch_backend.fast_precision("cpu") == "fp32"
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: True, raising=False)
    assert torch_backend.fast_precision("cpu") == "bf16"
    assert torch_backend.fast_precision("cuda:1") == "fp16"
    assert torch_backend.fast_precision("mps") == "fp32"


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_torch_gives_float32_logits(make_bundle, precision):
    backend = torch_backend.TorchBackend(make_bundle().network, "cpu", precision)
    window = np.random.default_rng(0).random((2, 1, 4, 5, 6), dtype=np.float32)
    logits = backend(window)
    assert isinstance(logits, np.ndarray) and logits.dtype == np.float32
    levels = np.arange(17).reshape(1, -1, 1, 1, 1) / 16
    expected = 8000 * levels * window - 4000 * levels**2
    np.testing.assert_allclose(logits, expected, atol=0.01 if precision == "fp32" else 80)


def test_a_gpu_out_of_memory_is_explained():
    torch = pytest.importorskip("torch")

    class Greedy(torch.nn.Module):
        def forward(self, batch):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(UserError, match="too little free memory"):
        torch_backend.TorchBackend(Greedy())(np.zeros((1, 1, 2, 2, 2), np.float32))


def test_importing_the_engine_needs_neither_torch_nor_openvino():
    code = "import sys, PartialSegLib.inference; print([m for m in ('torch', 'openvino', 'numba') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_container_limits_count(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "_CGROUP", tmp_path)
    assert hardware.usable_cpus() >= 1
    (tmp_path / "cpu.max").write_text("100000 100000\n")
    assert hardware.usable_cpus() == 1
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert hardware.usable_cpus() >= 1
    (tmp_path / "memory.max").write_text("5000000\n")
    (tmp_path / "memory.current").write_text("2000000\n")
    assert hardware.available_memory() == 3_000_000
