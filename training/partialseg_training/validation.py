"""Follow a run on cases it does not learn from, on the network's own grid."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from partialseg_training.config import TrainConfig
from partialseg_training.data.store import INTENSITY_SCALE, PreparedCase, load_case
from partialseg_training.distributed import Processes
from partialseg_training.learning import autocast
from PartialSegLib.inference.learnt import only_learnt
from PartialSegLib.structures import LabelSet
from PartialSegLib.supervision import candidate_sets

_OVERLAP = 0.25


class Validation:
    """Mean DSC per structure over prepared cases, counted only where it is known what a voxel is."""

    def __init__(self, config: TrainConfig, label_set: LabelSet, folders: list[Path], processes: Processes) -> None:
        self.config, self.label_set, self.processes = config, label_set, processes
        self.cases = [load_case(folder) for folder in folders]
        learnt = {s.value for s in label_set} if config.structures is None else set(config.structures)
        self._unlearnt = [s.value for s in label_set if s.value not in learnt]
        self._independent = bool(config.method.inference().get("independent"))

    def due(self, step: int) -> bool:
        """Whether to validate after `step` steps."""
        return bool(self.cases) and (step % self.config.validate_every == 0 or step == self.config.steps)

    def scores(self, network: nn.Module) -> dict[str, float]:
        """Mean DSC of each structure over the cases in which it is present and known."""
        table = torch.zeros(2, self.label_set.n_classes, dtype=torch.float64)
        for case in self.cases[self.processes.rank :: self.processes.world]:
            dsc = _case_dsc(case, self._segment(network, case), self.label_set.n_classes)
            table += torch.from_numpy(np.stack([np.nan_to_num(dsc), ~np.isnan(dsc)]))
        total, n = self.processes.sum(table.to(self.processes.device)).cpu()
        return {s.name: round(float(total[s.value] / n[s.value]), 4) for s in self.label_set if n[s.value] > 0}

    def _segment(self, network: nn.Module, case: PreparedCase) -> np.ndarray:
        from monai.inferers.utils import sliding_window_inference  # here: a run without validation need not wait for it

        image = torch.from_numpy(case.image[:].astype(np.float32) / INTENSITY_SCALE)[None, None]
        device = self.processes.device

        def predict(windows: torch.Tensor) -> torch.Tensor:
            with autocast(self.config.precision, device):
                logits = self.config.method.logits(network, windows.to(device)).float().cpu()
            return only_learnt(logits, self._unlearnt, self._independent)

        with torch.inference_mode():
            logits = sliding_window_inference(image, self.config.patch_size, 1, predict, _OVERLAP, mode="gaussian")
        return logits[0].argmax(0).numpy()


def _case_dsc(case: PreparedCase, predicted: np.ndarray, n_classes: int) -> np.ndarray:
    """(n_classes,) DSC over the voxels of which it is known whether they are the structure; NaN where none tells."""
    candidates = candidate_sets(case.labels[:], case.completeness, case.unions)
    dsc = np.full(n_classes, np.nan)
    for value in range(1, n_classes):
        truth = candidates == 1 << value
        known = truth | ((candidates & (1 << value)) == 0)
        # Painted, but neither complete nor contradicted anywhere: any prediction at all would count as perfect.
        if truth.any() and not truth[known].all():
            found = (predicted == value) & known
            dsc[value] = 2 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth))
    return dsc
