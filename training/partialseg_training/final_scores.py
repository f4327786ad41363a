"""Score the model that a run ends with on its validation cases, so that the report can show the worst of them."""

from collections.abc import Callable
from pathlib import Path

from partialseg_training.config import TrainConfig
from partialseg_training.evaluate import evaluate, why_not
from partialseg_training.report.evaluation import write_evaluation_report
from partialseg_training.report.gallery import Gallery
from partialseg_training.scores.files import write_scores
from PartialSegLib.bundle import Bundle
from PartialSegLib.dataset import load_dataset
from PartialSegLib.inference import Engine


def score_validation(
    bundle: Path, config: TrainConfig, folder: Path, device: str, progress: Callable[[int, int], None]
) -> None:
    """Segment the validation cases that can be scored, as a user would, and write their scores into `folder`."""
    cases = load_dataset(config.dataset_path).cases
    names = [name for name in config.validation if why_not(cases[name]) is None]
    if not names:
        return
    model = Bundle.load(bundle)
    gallery = Gallery(model.label_set)
    engine = Engine(model, device="auto" if device == "cpu" else device)
    rows = evaluate(
        engine, config.dataset_path, names, lambda done, total, name: progress(done, total), watch=gallery.add
    )
    write_scores(rows, folder)
    gallery.write(folder)
    write_evaluation_report(folder)
