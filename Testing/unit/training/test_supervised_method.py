"""The reference on complete labels."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from monai.losses import DiceCELoss
from naive_losses import only, random_batch, supervision
from torch import Tensor

from partialseg_training.config import TrainConfig
from partialseg_training.losses.supervision import Supervision
from partialseg_training.methods.base import Batch
from partialseg_training.methods.supervised import Supervised
from PartialSegLib.errors import UserError

N = 6
EVERY = tuple(range(1, N))


def losses(logits: Tensor, said: Supervision, **settings) -> dict[str, Tensor]:
    batch = Batch(torch.zeros(len(logits), 1, *logits.shape[2:]), said)
    return Supervised(**settings).losses(lambda _: logits, batch, 0)


def whole(labels: Tensor, phi: tuple[int, ...] = EVERY) -> Supervision:
    return supervision(only(labels, phi), [[(None, 0, phi)]] * len(labels), N)


def test_with_complete_labels_it_is_the_dice_ce_of_monai() -> None:
    logits, labels = random_batch(n=2, n_classes=N)
    expected = DiceCELoss(softmax=True, to_onehot_y=True)(logits, labels[:, None])
    torch.testing.assert_close(losses(logits, whole(labels))["loss"], expected, rtol=1e-7, atol=0)


def test_structures_that_no_case_annotates_are_background() -> None:
    """As for whoever has only these labels; over the Dice of the others, and never to be chosen."""
    logits, labels = random_batch(n=2, n_classes=N)
    phi = (1, 2, 3)
    got = losses(logits, whole(labels, phi), structures=phi)
    seen = only(labels, phi)
    monai = DiceCELoss(softmax=True, to_onehot_y=True, reduction="mean")
    torch.testing.assert_close(got["ce"], monai.ce(logits, seen[:, None]))
    onehot = torch.nn.functional.one_hot(seen, N).movedim(-1, 1)[:, :4]
    dice = DiceCELoss().dice(torch.softmax(logits, 1)[:, :4], onehot)
    torch.testing.assert_close(got["dice"], dice, rtol=1e-7, atol=0)
    (gradient,) = torch.autograd.grad(got["loss"], logits)
    assert (gradient[:, [4, 5]] > 0).all()


def test_painted_structures_that_are_not_learned_are_background_too() -> None:
    logits, labels = random_batch(n=1, n_classes=N)
    a, b = (losses(logits, whole(labels, phi), structures=(1, 2)) for phi in ((1, 2), EVERY))
    torch.testing.assert_close(a["loss"], b["loss"])


def test_a_structure_that_is_known_to_be_absent_is_learned() -> None:
    logits, labels = random_batch(n=1, n_classes=N)
    labels = labels * (labels != 3)
    assert torch.isfinite(losses(logits, whole(labels))["loss"])


def test_open_voxels_count_in_nothing() -> None:
    logits, labels = random_batch(n=1, n_classes=N)
    said = whole(labels)
    candidates = said.candidates.clone()
    candidates[..., 0] = (1 << N) - 1  # outside the image
    candidates[..., 1] = 1 << 2 | 1 << 3  # one of two
    got = losses(logits, Supervision(candidates, said.volume))
    inside = Supervision(said.candidates[..., 2:].contiguous(), said.volume)
    torch.testing.assert_close(got["loss"], losses(logits[..., 2:], inside)["loss"])
    (gradient,) = torch.autograd.grad(got["loss"], logits)
    assert (gradient[..., :2] == 0).all()


@pytest.mark.parametrize(
    "declared", [[(None, 0, (1, 2))], [(0, z, EVERY) for z in range(4)], []], ids=["partial", "slices", "nothing"]
)
def test_incomplete_labels_are_refused(declared: list) -> None:
    logits, labels = random_batch(n=2, n_classes=N)
    said = supervision(0 * labels, [[(None, 0, EVERY)], declared], N)
    with pytest.raises(UserError, match=r"structure \d is not complete in every training case: leave it out"):
        losses(logits, said)


def stages(folder: Path, annotated: dict[str, tuple[int, ...]], train: tuple[str, ...] = (), **settings):
    """A run of `Supervised(**settings)` on cases that annotate this."""
    cases = [
        {"name": name, "dataset": "d", "modality": "ct", "image": f"{name}.nii", "label": f"{name}_l.nii",
         "annotated": structures}
        for name, structures in annotated.items()
    ]  # fmt: skip
    for case in cases:
        (folder / case["image"]).touch()
        (folder / case["label"]).touch()
    (folder / "manifest.json").write_text(json.dumps({"cases": cases}), encoding="utf-8")
    config = TrainConfig(
        name="t",
        dataset=folder / "manifest.json",
        train=train,
        method=Supervised(**settings),
        network={"name": "unet"},
        patch_size=(8, 8, 8),
        steps=1,
    )
    return SimpleNamespace(config=config, output=folder)


def test_what_every_training_case_annotates_is_learned(tmp_path: Path) -> None:
    cases = {"a": (1, 2, 3, 4), "b": (2, 3, 4, 16), "c": (5,)}
    run = stages(tmp_path, cases, train=("a", "b"))
    config = run.config.method.first_stages(run)
    assert config.method == Supervised(structures=(2, 3, 4))
    assert config.model_copy(update={"method": run.config.method}) == run.config


def test_what_is_asked_for_is_kept(tmp_path: Path) -> None:
    run = stages(tmp_path, {"a": (1, 2)}, structures=(1,))
    assert run.config.method.first_stages(run) == run.config


def test_cases_with_nothing_in_common_are_refused(tmp_path: Path) -> None:
    run = stages(tmp_path, {"a": (1, 2), "b": (3,)})
    with pytest.raises(UserError, match="no structure is complete in all training cases, at the latest with b"):
        run.config.method.first_stages(run)


def test_structures_that_do_not_exist_are_refused(tmp_path: Path) -> None:
    run = stages(tmp_path, {"a": (1, 2)}, structures=(1, 99))
    with pytest.raises(UserError, match="abdomen16 has no structure 99"):
        run.config.method.first_stages(run)
