"""What this machine offers: processors, memory, half-precision arithmetic. Nothing here imports torch."""

import math
import os
import platform
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_GPU_DEVICE_FILES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")
_WINDOWS_FIELDS = (
    "ullTotalPhys", "ullAvailPhys", "ullTotalPageFile", "ullAvailPageFile", "ullTotalVirtual", "ullAvailVirtual",
    "ullAvailExtendedVirtual",
)  # fmt: skip


def usable_cpus() -> int:
    """Processors this process may keep busy: its affinity, and the quota of its container if there is one."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _read(_CGROUP / "cpu.max").partition(" ")
    if quota.isdigit() and period.strip().isdigit():
        count = min(count, math.ceil(int(quota) / int(period)))
    return max(1, count)


def available_memory() -> int | None:
    """Bytes that can be allocated without swapping, None where the system does not say."""
    system = _linux_memory() if sys.platform == "linux" else _sysconf_memory()
    limit, used = _read(_CGROUP / "memory.max"), _read(_CGROUP / "memory.current")
    if limit.isdigit() and used.isdigit():
        container = max(0, int(limit) - int(used))
        return container if system is None else min(system, container)
    return system


def total_memory() -> int | None:
    """Bytes of memory that this machine, or its container, has; None where the system does not say."""
    try:
        system: int | None = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        system = _windows_memory("ullTotalPhys")
    limit = _read(_CGROUP / "memory.max")
    return min(system, int(limit)) if system is not None and limit.isdigit() else system


def may_have_gpu() -> bool:
    """False only when asking torch for a GPU would be in vain, so that a CPU run need not import torch to learn it."""
    if sys.platform == "linux":
        return any(Path(name).exists() for name in _GPU_DEVICE_FILES)
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return True


def _linux_memory() -> int | None:
    for line in _read(Path("/proc/meminfo")).splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _sysconf_memory() -> int | None:
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return _windows_memory("ullAvailPhys")


def _windows_memory(field: str) -> int | None:
    """A field of what Windows says about its memory; None elsewhere."""
    if sys.platform != "win32":
        return None
    import ctypes

    class MemoryStatus(ctypes.Structure):
        """MEMORYSTATUSEX of the Windows API."""

        _fields_ = [
            ("dwLength", ctypes.c_ulong),
            ("dwMemoryLoad", ctypes.c_ulong),
            *((name, ctypes.c_ulonglong) for name in _WINDOWS_FIELDS),
        ]

    status = MemoryStatus(dwLength=ctypes.sizeof(MemoryStatus))
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status))
    return int(getattr(status, field)) if known else None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
