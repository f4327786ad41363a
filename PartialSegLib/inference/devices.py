"""What a person may choose to run the network on, with names and memory instead of the keys of `make_backend`."""

from dataclasses import dataclass

from PartialSegLib.inference.backends import available_devices
from PartialSegLib.inference.hardware import available_memory, total_memory, usable_cpus


@dataclass(frozen=True)
class Device:
    """One device. key: what `make_backend` takes. Memory in bytes, None where the system does not say."""

    key: str
    name: str
    memory_bytes: int | None
    free_bytes: int | None


def list_devices() -> list[Device]:
    """Every device of this machine that can run a network, the one that "auto" takes first."""
    return [_describe(key) for key in available_devices()]


def _describe(key: str) -> Device:
    if key.startswith("cuda"):
        return _cuda(key)
    if key == "mps":
        return Device(key, "Apple GPU", total_memory(), available_memory())
    cores = usable_cpus()
    words = f"{cores} core" if cores == 1 else f"{cores} cores"
    name = f"CPU with OpenVINO ({words})" if key == "openvino" else f"CPU ({words})"
    return Device(key, name, total_memory(), available_memory())


def _cuda(key: str) -> Device:
    import torch

    index = int(key.partition(":")[2] or 0)
    name = torch.cuda.get_device_name(index)
    try:
        free, total = torch.cuda.mem_get_info(index)
    except RuntimeError:  # so full that not even its memory can be asked for
        return Device(key, name, torch.cuda.get_device_properties(index).total_memory, 0)
    return Device(key, name, total, free)
