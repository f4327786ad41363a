"""From a checkpoint to a bundle that PartialSeg loads."""

import json
import shutil
from datetime import date
from pathlib import Path

from safetensors.torch import save_file

from partialseg_training.checkpoint import checkpoint_config, checkpoint_step, checkpoint_weights
from partialseg_training.config import validated
from partialseg_training.model_card import model_card
from PartialSegLib.bundle import CARD, FORMAT_VERSION, INFERENCE, METADATA, WEIGHTS, write_sums
from PartialSegLib.files import atomic_path
from PartialSegLib.structures import LabelSet, load_label_set


def export_bundle(checkpoint: Path, folder: Path, version: str, metrics: dict[str, dict] | None = None) -> None:
    """Write the averaged weights of `checkpoint` as a bundle in `folder`, float16 to halve its size.

    metrics: "datasets" of what `scores.summary.summarise` returned for cases that no training saw.
    """
    # Through TrainConfig, so that a checkpoint older than a setting gets that setting's default.
    run = validated(checkpoint_config(checkpoint), f"checkpoint {checkpoint}")
    label_set = load_label_set(run.label_set)
    config = run.model_dump(mode="json")
    for name in (METADATA, WEIGHTS, CARD):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
    weights = run.method.deployed_weights(checkpoint_weights(checkpoint))
    weights = {name: t.half() if t.is_floating_point() else t for name, t in weights.items()}
    with atomic_path(folder / WEIGHTS) as temporary:
        save_file(weights, temporary, {"format": "pt"})
    metadata = _metadata(config, label_set, version, checkpoint_step(checkpoint), metrics or {})
    inference = {
        "network": run.method.network_config(run.network, label_set),
        "patch_size": config["patch_size"],
        "smallest_part": config["smallest_part"],
        "preprocessing": config["preprocessing"],
        **({} if run.structures is None else {"structures": list(run.structures)}),
        **run.method.inference(),
    }
    for name, source in run.method.files().items():
        with atomic_path(folder / name) as temporary:
            shutil.copyfile(source, temporary)
    _write_json(folder / METADATA, metadata)
    _write_json(folder / INFERENCE, inference)
    (folder / CARD).write_text(model_card(metadata, config), encoding="utf-8")
    write_sums(folder)


def _metadata(config: dict, label_set: LabelSet, version: str, steps: int, metrics: dict[str, dict]) -> dict:
    return {
        "format_version": FORMAT_VERSION,
        "name": config["name"],
        "version": version,
        "date": date.today().isoformat(),
        "label_set": config["label_set"],
        "intended_use": "Research and annotation. Not for clinical use.",
        "terms": config["terms"],
        "training": {
            "cases": config["train"],
            "held_out": config["held_out"],
            "steps": steps,
            "seed": config["seed"],
            "method": config["method"],
        },
        "metrics": metrics,
        "network_data_format": {
            "inputs": {"image": {"num_channels": 1, "value_range": [0, 1], "modality": ["CT", "MR"]}},
            "outputs": {"pred": {"channel_def": {"0": "background"} | {str(s.value): s.name for s in label_set}}},
        },
    }


def _write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
