"""How long runs took on this computer, kept so that the next one's time can be told beforehand."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path, user_cache_dir

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle

_KEPT = 64
# A window of a network of width 16 takes a core about this long for each million of its voxels.
_CPU_SECONDS = 2.0
_GPU_SECONDS = 0.02
_VOXEL_SECONDS = 8e-8
_LOAD_SECONDS = 4.0


@dataclass(frozen=True)
class Speed:
    """window: seconds for each window over the whole volume (windows in air, which are left out, count as well).

    voxel: seconds for each voxel of the volume. load: seconds to load the network. measured: False for a guess.
    """

    window: float
    voxel: float
    load: float
    measured: bool = True


def speed_key(bundle: "Bundle", device: str, preset: str) -> str:
    """What a speed is kept under."""
    return f"{bundle.metadata.get('name')} {bundle.metadata.get('version')} {device} {preset}"


def known_speed(key: str) -> Speed | None:
    """The speed of the last run with this key, None where there was none."""
    try:
        return Speed(**_read()[key])
    except (KeyError, TypeError):
        return None


def guessed_speed(patch_voxels: int, width: int, on_gpu: bool, cores: int) -> Speed:
    """A rule of thumb for a network that never ran here."""
    per_million = _GPU_SECONDS if on_gpu else _CPU_SECONDS / cores
    return Speed(patch_voxels / 1e6 * width / 16 * per_million, _VOXEL_SECONDS, _LOAD_SECONDS, measured=False)


def remember_speed(key: str, speed: Speed) -> None:
    """Keep a measured speed. A cache that cannot be written costs a good guess, nothing else."""
    speeds = _read()
    speeds.pop(key, None)
    newest = list(speeds.items())[-_KEPT + 1 :]
    try:
        with atomic_path(_file()) as temporary:
            temporary.write_text(json.dumps({**dict(newest), key: asdict(speed)}, indent=1), encoding="utf-8")
    except UserError:
        pass


def _file() -> Path:
    return user_cache_dir() / "speeds.json"


def _read() -> dict:
    try:
        speeds = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return speeds if isinstance(speeds, dict) else {}
