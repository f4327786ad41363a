"""CT or MR: the DICOM tag if there is one, else what the intensities look like.

CT is in Hounsfield units, where air is -1000, fat about -100 and soft tissue about 50, whoever made the scanner. MR has
no unit and no negative values, except for a small tail that filtering and interpolation leave. Many CT volumes are
clipped to a window or stored with 1024 added, which this module knows too.
"""

from dataclasses import dataclass

import numpy as np

from PartialSegLib.image.volume import Modality, Volume

_SAMPLES = 500_000
_AIR_HU = -500.0
_STORED_OFFSET = 1024.0
_NEGATIVE_SHARE = 0.12  # of the highest values
_NAMES = {"ct": "CT", "mr": "MR"}


@dataclass(frozen=True)
class ModalityGuess:
    """What a volume is. `offset` is what must be added to its voxels to get HU: 0, or -1024 for a CT stored with +1024.

    `reason` is one line for people. `confident` is False when the intensities would allow the other answer too.
    """

    modality: Modality
    reason: str
    offset: float = 0.0
    confident: bool = True


def detect_modality(volume: Volume) -> ModalityGuess:
    """Tell CT from MR; the reason says by what, and what to do when that is uncertain."""
    voxels = _sample(volume.array)
    is_offset = _looks_like_stored_offset(voxels)
    if volume.modality is not None:
        offset = -_STORED_OFFSET if volume.modality == "ct" and is_offset else 0.0
        return ModalityGuess(volume.modality, f"the DICOM files say {_NAMES[volume.modality]}", offset)
    if is_offset:
        return ModalityGuess(
            "ct", "no negative values but a soft-tissue peak near 1064: CT stored with 1024 added", -_STORED_OFFSET
        )
    return _from_range(voxels)


def _from_range(voxels: np.ndarray) -> ModalityGuess:
    low, high = np.percentile(voxels, (0.5, 99.5))
    if low < _AIR_HU:
        return ModalityGuess("ct", f"air below -500 HU in {np.mean(voxels < _AIR_HU):.0%} of the voxels")
    # A clipped CT keeps much of its range below zero; what filtering leaves in an MR is small against its range.
    if low <= -50 and -low >= _NEGATIVE_SHARE * high:
        clipped = float(np.mean(voxels == voxels.min())) > 0.01
        return ModalityGuess("ct", f"values from {low:.0f} to {high:.0f}, as in a CT clipped to a window", 0.0, clipped)
    if low < 0 and -low >= _NEGATIVE_SHARE * high:
        return ModalityGuess("mr", f"values from {low:.3g} to {high:.3g} are no HU: MR scaled to zero mean", 0.0, False)
    if high <= 255:
        reason = f"no HU, but with values up to {high:.3g} it could be a windowed CT: set the modality to ct if it is"
        return ModalityGuess("mr", reason, 0.0, False)
    return ModalityGuess("mr", "no negative values to speak of, and no soft-tissue peak of a CT")


def _looks_like_stored_offset(voxels: np.ndarray) -> bool:
    """Whether this is a CT with 1024 added: air near 0, and the body packed between 850 and 1250 with a peak near 1064.

    In an MR the body spreads over its range; nothing empties the band from 600 to 850 and gathers the rest above it.
    """
    body = voxels[voxels > 500]
    if np.percentile(voxels, 0.5) < -100 or body.size < 0.05 * voxels.size:
        return False
    soft = float(np.mean((body > 850) & (body < 1250)))
    gap = float(np.mean((body > 600) & (body < 850)))
    counts, edges = np.histogram(body, np.arange(500, 2000, 20))
    peak = float(edges[np.argmax(counts)]) + 10
    return soft > 0.75 and gap < 0.12 and 880 < peak < 1150


def _sample(array: np.ndarray) -> np.ndarray:
    """About half a million voxels, evenly spread, as float32."""
    step = max(1, round((array.size / _SAMPLES) ** (1 / 3)))
    return array[::step, ::step, ::step].astype(np.float32).ravel()
