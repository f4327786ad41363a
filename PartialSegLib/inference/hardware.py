"""What this machine offers: processors, memory, half-precision arithmetic. Nothing here imports torch."""

import math
import os
import platform
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_GPU_DEVICE_FILES = ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd")


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
        return None


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
