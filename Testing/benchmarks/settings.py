"""How large the benchmark is, and where its files lie."""

from dataclasses import dataclass
from pathlib import Path

from Testing.benchmarks.children import RunJob, run_here, run_isolated


@dataclass(frozen=True)
class Settings:
    """ct_shape: (z, y, x) voxels. ct_spacing, network_spacing: (x, y, z) mm. patch, channels, blocks: of the network
    that stands in where no trained one is. loss_size: edge of the cube of the loss. rounds: how often contenders
    alternate; inside one process they alternate `quick_rounds` times.
    """

    folder: Path
    rounds: int
    quick: bool
    ct_shape: tuple[int, int, int] = (200, 512, 512)
    # 200 slices of 1.9 mm are just the length of the phantom.
    ct_spacing: tuple[float, float, float] = (0.8, 0.8, 1.9)
    network_spacing: tuple[float, float, float] = (2.0, 2.0, 3.0)
    patch: tuple[int, int, int] = (64, 96, 96)
    channels: tuple[int, ...] = (16, 32, 64, 128, 256)
    blocks: tuple[int, ...] = (1, 2, 3, 3, 3)
    loss_size: int = 96

    @property
    def run_job(self) -> RunJob:
        """Jobs of a quick look share this process."""
        return run_here if self.quick else run_isolated

    @property
    def quick_rounds(self) -> int:
        """For work of a second."""
        return self.rounds if self.quick else 3 * self.rounds

    @property
    def grid_shape(self) -> tuple[int, int, int]:
        """(z, y, x) of the network's grid over the CT."""
        axes = zip(self.ct_shape, self.ct_spacing[::-1], self.network_spacing[::-1], strict=True)
        z, y, x = (round(n * s / t) for n, s, t in axes)
        return z, y, x

    @property
    def ct(self) -> Path:
        """The CT that is segmented."""
        return self.folder / f"ct_{'x'.join(map(str, self.ct_shape[::-1]))}.nii.gz"


def full(folder: Path, rounds: int) -> Settings:
    """The sizes that the targets are stated for."""
    return Settings(folder, rounds, quick=False)


def quick(folder: Path) -> Settings:
    """Everything once, as small as it works: shows that the benchmark runs, its numbers mean nothing."""
    return Settings(
        folder,
        rounds=1,
        quick=True,
        ct_shape=(48, 64, 64),
        ct_spacing=(8.0, 8.0, 8.0),
        network_spacing=(12.0, 12.0, 12.0),
        patch=(16, 16, 16),
        channels=(4, 8),
        blocks=(1, 1),
        loss_size=16,
    )
