"""The worst cases of an evaluation as pictures: truth beside prediction, on the slice that costs most Dice."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from partialseg_training.evaluate import Outcome
from partialseg_training.report.case_picture import draw_case
from PartialSegLib.files import atomic_path
from PartialSegLib.structures import LabelSet

FOLDER, INDEX = "worst", "worst.json"
_SHOWN = 6


@dataclass(frozen=True)
class Shown:
    """One picture of the gallery. file: relative to the scores' folder. scores: structure -> DSC, worst first."""

    file: str
    case: str
    dataset: str
    mean_dsc: float
    scores: dict[str, float]


class Gallery:
    """Keeps pictures of the few worst cases among those added."""

    def __init__(self, label_set: LabelSet) -> None:
        self._label_set = label_set
        self._worst: list[tuple[Shown, Image.Image]] = []

    def add(self, outcome: Outcome) -> None:
        """Draw the case if it is one of the worst so far, by its mean DSC over structures."""
        scored = {row.structure: row.scores.dsc for row in outcome.rows if row.scores.dsc is not None}
        if not scored:
            return
        mean = float(np.mean(list(scored.values())))
        if len(self._worst) == _SHOWN and mean >= self._worst[-1][0].mean_dsc:
            return
        ordered = dict(sorted(scored.items(), key=lambda item: item[1]))
        shown = Shown(f"{FOLDER}/{outcome.entry.name}.png", outcome.entry.name, outcome.entry.dataset, mean, ordered)
        self._worst.append((shown, draw_case(outcome, self._label_set)))
        self._worst = sorted(self._worst, key=lambda pair: pair[0].mean_dsc)[:_SHOWN]

    def write(self, folder: Path) -> None:
        """Write the pictures into `folder`/worst and what they show into worst.json; those of before are removed."""
        for stale in (folder / FOLDER).glob("*.png"):
            stale.unlink()
        for shown, picture in self._worst:
            with atomic_path(folder / shown.file) as path:
                picture.save(path, format="PNG", optimize=True)
        with atomic_path(folder / INDEX) as path:
            path.write_text(json.dumps([asdict(shown) for shown, _ in self._worst], indent=1), encoding="utf-8")


def read_gallery(folder: Path) -> list[Shown]:
    """What `Gallery.write` wrote, worst first; empty without."""
    index = folder / INDEX
    return [Shown(**item) for item in json.loads(index.read_text(encoding="utf-8"))] if index.is_file() else []
