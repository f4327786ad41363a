"""Tissue maps: every voxel's kind of tissue, from which images of any contrast can be synthesised.

Values 1..16 are the structures of the label set; the rest of the body gets the codes below. A CT's unlabelled voxels
are told apart by their HU, a label map's by the names of its other structures.
"""

import numpy as np
from scipy import ndimage

AIR, FAT, FLUID, MUSCLE, SOFT, ENHANCED, BONE, LUNG, HEART, BOWEL, NERVE = range(32, 43)

# Upper HU limits of what an unlabelled CT voxel is taken for; above the last one it is bone.
_HU_LIMITS = ((-110.0, AIR), (-30.0, FAT), (20.0, FLUID), (60.0, MUSCLE), (110.0, SOFT), (180.0, ENHANCED))

# First match wins; names as in the TotalSegmentator label maps.
_NAME_PARTS = (
    (("lung_", "trachea"), LUNG),
    (("vertebra", "rib_", "sacrum", "hip_", "femur", "humerus", "scapula", "clavicula", "sternum", "skull"), BONE),
    (("costal_cartilages",), SOFT),
    (("colon", "small_bowel"), BOWEL),
    (("heart", "atrial", "artery", "vein", "trunk", "vena_cava", "iliac"), HEART),
    (("spinal_cord", "brain"), NERVE),
    (("gluteus", "autochthon", "iliopsoas"), MUSCLE),
)


def tissue_from_ct(image_hu: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Tissue map (uint8) of a CT in HU and its label map; a little smoothing keeps noise out of the classes."""
    smooth = ndimage.gaussian_filter(image_hu, 0.7)
    codes = np.array([code for _, code in _HU_LIMITS] + [BONE], np.uint8)
    tissue = codes[np.searchsorted([limit for limit, _ in _HU_LIMITS], smooth)]
    return np.where(labels > 0, labels, tissue).astype(np.uint8)


def tissue_from_names(
    label_map: np.ndarray, names: dict[int, str], labels: np.ndarray, voxel_mm: tuple[float, ...]
) -> np.ndarray:
    """Tissue map of a many-structure label map without an image: the body's outline is filled with fat.

    label_map: (z, y, x) integers named by `names`; labels: the same grid in the label set's numbering, which wins.
    """
    lookup = np.full(256, SOFT, np.uint8)
    for value, name in names.items():
        lookup[value] = next((code for parts, code in _NAME_PARTS if any(part in name for part in parts)), SOFT)
    lookup[0] = AIR
    tissue = np.where(labels > 0, labels, lookup[label_map])
    body = _body(label_map > 0, voxel_mm)
    return np.where(body & (tissue == AIR), FAT, tissue).astype(np.uint8)


def _body(labelled: np.ndarray, voxel_mm: tuple[float, ...]) -> np.ndarray:
    """Slice-wise outline around everything labelled, about 15 mm outside the outermost muscles and bones."""
    radius = round(15 / voxel_mm[1])
    body = np.zeros_like(labelled)
    for index, plane in enumerate(labelled):
        near = ndimage.distance_transform_edt(~np.pad(plane, 2 * radius)) <= 2 * radius
        closed = ndimage.distance_transform_edt(ndimage.binary_fill_holes(near)) > radius
        body[index] = closed[2 * radius : -2 * radius, 2 * radius : -2 * radius]
    return body
