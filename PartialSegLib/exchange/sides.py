"""Right and left told apart in a structure that was labelled without its side.

Connected components lie on one side or the other; the patient's axis, from the geometry, says which. Where components
do not settle it, a model's labels may. What stays in doubt stays side unknown and is left to a person.
"""

from dataclasses import dataclass

import numpy as np

from PartialSegLib.image import Volume

_MAIN = 0.1  # of the largest component: smaller ones are fragments, which follow the main ones
_GAP_MM = 8.0  # between the two sides along the patient's left-right axis
_APART_MM = 35.0  # between the centres of the two sides
_SIDEWAYS = 0.5  # of the distance between the centres must be left-right
_MODEL_COVERS, _MODEL_AGREES = 0.2, 0.9  # share of a component that a model labels at all, and as one side


@dataclass(frozen=True)
class SideSplit:
    """How a split went. sure: whether every voxel has its side. reason: one line for people."""

    sure: bool
    reason: str


@dataclass(frozen=True, eq=False)
class _Part:
    """One connected component: index (n, 3) in (z, y, x), and where it lies from right to left (mm, LPS x)."""

    index: np.ndarray
    centre: np.ndarray
    low: float
    high: float

    def __len__(self) -> int:
        return len(self.index)


def split_sides(
    labels: np.ndarray,
    ambiguous_value: int,
    right: int,
    left: int,
    geometry: Volume,
    model_labels: np.ndarray | None = None,
) -> tuple[np.ndarray, SideSplit]:
    """A copy of `labels` (z, y, x) where voxels of `ambiguous_value` became `right` or `left` as far as that is sure.

    geometry: a volume on the grid of `labels`. model_labels: a model's segmentation on that grid, with the values
    `right` and `left`.
    """
    parts = _parts(labels == ambiguous_value, geometry)
    if not parts:
        return labels, SideSplit(True, "nothing is labelled")
    main = [part for part in parts if len(part) >= _MAIN * len(parts[0])]
    votes = {id(part): None if model_labels is None else _vote(part, model_labels, right, left) for part in parts}
    sides, reason = _with_model(*_by_place(main), [votes[id(part)] for part in main])
    result = labels.copy()
    doubtful = 0
    for part in parts:
        side = _side_of(part, main, sides) or (None if None in sides else votes[id(part)])
        if side is None:
            doubtful += len(part)
        else:
            result[tuple(part.index.T)] = right if side == "right" else left
    if doubtful:
        ml = doubtful * geometry.voxel_volume_ml
        return result, SideSplit(False, f"side unknown in {ml:.1f} mL: {reason or 'a fragment lies in between'}")
    return result, SideSplit(True, reason or "one piece on each side")


def _parts(mask: np.ndarray, geometry: Volume) -> list[_Part]:
    """Connected components (neighbours share a face, edge or corner), largest first."""
    from scipy import ndimage

    if not mask.any():
        return []
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    numbered, count = ndimage.label(mask[box], np.ones((3, 3, 3)))
    start = np.array([part.start for part in box])
    index = np.argwhere(numbered)
    owner = numbered[tuple(index.T)]
    order = np.argsort(owner, kind="stable")
    groups = np.split(index[order] + start, np.flatnonzero(np.diff(owner[order])) + 1)
    assert len(groups) == count
    return sorted((_part(group, geometry) for group in groups), key=len, reverse=True)


def _part(index: np.ndarray, geometry: Volume) -> _Part:
    positions = geometry.world(index[:, ::-1])
    # Percentiles: a thin spur must not close the gap between two sides.
    low, high = np.percentile(positions[:, 0], (2, 98))
    return _Part(index, positions.mean(0), float(low), float(high))


def _by_place(main: list[_Part]) -> tuple[list[str | None], str]:
    """The side of each main part, and why it is unknown; the reason is empty when it is known."""
    unknown: list[str | None] = [None] * len(main)
    order = sorted(range(len(main)), key=lambda n: main[n].low)
    ends = np.maximum.accumulate([main[n].high for n in order])
    gaps = [main[n].low - end for n, end in zip(order[1:], ends, strict=False)]
    if len(main) == 1:
        return unknown, "it is one piece; right and left are joined, or one of them is missing"
    widest = int(np.argmax(gaps))
    if gaps[widest] < _GAP_MM:
        return unknown, f"its {len(main)} pieces are not clearly right and left of each other"
    if sum(gap >= _GAP_MM for gap in gaps) > 1:
        return unknown, f"its {len(main)} pieces lie side by side in more than two groups"
    groups = order[: widest + 1], order[widest + 1 :]
    distance = _centre([main[n] for n in groups[1]]) - _centre([main[n] for n in groups[0]])
    if distance[0] < max(_APART_MM, _SIDEWAYS * float(np.linalg.norm(distance))):
        return unknown, "its pieces are too near each other, or lie above or behind each other"
    # LPS: x grows towards the patient's left.
    return ["right" if n in groups[0] else "left" for n in range(len(main))], ""


def _centre(parts: list[_Part]) -> np.ndarray:
    return np.average([part.centre for part in parts], axis=0, weights=[len(part) for part in parts])


def _with_model(sides: list[str | None], reason: str, votes: list[str | None]) -> tuple[list[str | None], str]:
    """Sides with the model's word: it fills in what place leaves open, and its contradiction makes all doubtful."""
    if any(side and vote and side != vote for side, vote in zip(sides, votes, strict=True)):
        return [None] * len(sides), "the model sees the sides the other way round; is the image's orientation right?"
    joined = [side or vote for side, vote in zip(sides, votes, strict=True)]
    if None not in joined:
        return joined, "told by the model" if reason else ""
    return joined, f"{reason}, and the model does not settle it" if any(votes) else reason


def _vote(part: _Part, model: np.ndarray, right: int, left: int) -> str | None:
    values = model[tuple(part.index.T)]
    n_right, n_left = int((values == right).sum()), int((values == left).sum())
    if n_right + n_left < _MODEL_COVERS * len(part):
        return None
    if max(n_right, n_left) < _MODEL_AGREES * (n_right + n_left):
        return None
    return "right" if n_right > n_left else "left"


def _side_of(part: _Part, main: list[_Part], sides: list[str | None]) -> str | None:
    """A main part's own side; a fragment's is that of the main parts it lies beside, not halfway between."""
    for other, side in zip(main, sides, strict=True):
        if other is part:
            return side
    if None in sides or len(set(sides)) < 2:
        return None
    inner_right = max(other.high for other, side in zip(main, sides, strict=True) if side == "right")
    inner_left = min(other.low for other, side in zip(main, sides, strict=True) if side == "left")
    third = (inner_left - inner_right) / 3
    if part.high <= inner_right + third:
        return "right"
    return "left" if part.low >= inner_left - third else None
