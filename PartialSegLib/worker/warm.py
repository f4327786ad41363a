"""The one network that stays loaded between jobs, until another is asked for or its files change."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PartialSegLib.bundle import SHIPPED, SUMS, Bundle
from PartialSegLib.resources import resource_path

if TYPE_CHECKING:
    from PartialSegLib.inference import Engine

# Name, size and time of every file, and the list of their hashes.
Files = tuple


class WarmEngine:
    """Holds a verified bundle and the engine that runs it."""

    def __init__(self) -> None:
        self._bundle: tuple[Files, Bundle] | None = None
        self._engine: tuple[Files, str, str, Any] | None = None

    def bundle(self, model: str | None) -> Bundle:
        """The bundle in folder `model`, or the one that ships; verified when it is new or changed. Raises UserError."""
        folder = resource_path(*SHIPPED) if model is None else Path(model)
        files = _files(folder)
        if self._bundle is None or self._bundle[0] != files:
            self._bundle = files, Bundle.load(folder)
        return self._bundle[1]

    def holds(self, model: str | None, device: str, preset: str) -> bool:
        """Whether `engine` would give the one that is loaded."""
        folder = resource_path(*SHIPPED) if model is None else Path(model)
        return self._engine is not None and self._engine[:3] == (_files(folder), device, preset)

    def engine(self, model: str | None, device: str, preset: str) -> "Engine":
        """An engine for these settings; loads its network at its first run. Raises UserError."""
        if self.holds(model, device, preset) and self._engine is not None:
            return self._engine[3]
        from PartialSegLib.inference import Engine

        self._engine = None  # two networks may be more than memory holds
        bundle = self.bundle(model)
        engine = Engine(bundle, device, preset)
        self._engine = _files(bundle.path), device, preset, engine
        return engine


def _files(folder: Path) -> Files:
    """What changes when any file of a model does, told without reading the weights again."""
    try:
        sums = (folder / SUMS).read_bytes()
        found = sorted(path for path in folder.rglob("*") if path.is_file())
        stats = [(path, path.stat()) for path in found]
    except OSError:
        return (str(folder),)
    return (str(folder), sums, *((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in stats))
