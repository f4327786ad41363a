"""Which structures lie above or below what was scanned, told from where the others were found."""

from collections.abc import Iterable, Mapping
from itertools import product
from statistics import median

from PartialSegLib.image import Volume

# Typical height (mm towards the head) of each structure's centre above the middle of the kidneys:
# medians over 23 public CTs of adults, rounded. They vary by about 20 mm near the kidneys and 40 mm in the pelvis.
_LEVELS = {
    "right_kidney": 0,
    "left_kidney": 0,
    "spleen": 62,
    "gallbladder": 15,
    "esophagus": 118,
    "liver": 60,
    "stomach": 55,
    "aorta": 55,
    "postcava": 35,
    "pancreas": 25,
    "right_adrenal_gland": 52,
    "left_adrenal_gland": 46,
    "duodenum": -20,
    "bladder": -225,
    "prostate_uterus": -265,
    "portal_vein_and_splenic_vein": 45,
}
# What the scan cuts off shifts their centre, so these do not say where in the body the scan is.
_LONG = {"aorta", "postcava", "esophagus"}


def outside_field_of_view(missing: Iterable[str], found: Mapping[str, float], volume: Volume) -> set[str]:
    """Those of the `missing` structures' keys whose usual place lies above or below `volume`.

    found: key -> height (mm, S of the patient's axes) of the centre of a structure that was found whole.
    Empty when nothing was found that could tell where in the body the volume is.
    """
    shifts = [height - _LEVELS[key] for key, height in found.items() if key in _LEVELS and key not in _LONG]
    if not shifts:
        return set()
    low, high = _extent(volume)
    shift = median(shifts)
    return {key for key in missing if key in _LEVELS and not low <= _LEVELS[key] + shift <= high}


def _extent(volume: Volume) -> tuple[float, float]:
    last = [n - 1 for n in reversed(volume.array.shape)]
    heights = [float(volume.world(corner)[2]) for corner in product(*((0, n) for n in last))]
    return min(heights), max(heights)
