"""Segment a volume: prepare, find the body or the region of a cascade, run windows, stitch, label, measure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from PartialSegLib.errors import UserError
from PartialSegLib.image import Volume, to_lps
from PartialSegLib.inference.backends import Backend, choose_device, make_backend
from PartialSegLib.inference.body import Body, find_body
from PartialSegLib.inference.cascade import Cascade
from PartialSegLib.inference.memory import prepare_bytes, require_memory
from PartialSegLib.inference.parts import remove_islands
from PartialSegLib.inference.progress import ProgressCallback, Stopwatch
from PartialSegLib.inference.result import Segmentation, count_voxels, touching_edge
from PartialSegLib.inference.run import Run
from PartialSegLib.inference.slice_confidence import confidence_along
from PartialSegLib.modality import ModalityGuess, detect_modality
from PartialSegLib.preprocessing import Prepared

if TYPE_CHECKING:
    from PartialSegLib.bundle import Bundle


@dataclass(frozen=True)
class Preset:
    """How much to spend.

    overlap: of neighbouring windows, as a fraction of their size. half: compute in half precision where that pays.
    """

    overlap: float
    half: bool


PRESETS = {"accurate": Preset(overlap=0.5, half=False), "fast": Preset(overlap=0.25, half=True)}


class Engine:
    """Keeps a network loaded and segments one volume after the other.

    device: see `make_backend`. backend: runs the network instead of the one that `device` names.
    Raises UserError for an unknown preset or a device that is not there.
    """

    def __init__(
        self, bundle: "Bundle", device: str = "auto", preset: str = "accurate", backend: Backend | None = None
    ) -> None:
        if preset not in PRESETS:
            raise UserError(f"preset {preset!r} is unknown: choose one of {', '.join(PRESETS)}")
        self.bundle = bundle
        self.preset = PRESETS[preset]
        if backend is None:
            choose_device(device)
        self._device = device
        self._backend = backend
        coarse = bundle.coarse
        self._cascade = None if coarse is None else Cascade(bundle, coarse, device, self.preset.half)

    def segment(
        self,
        volume: Volume,
        modality: str | None = None,
        structures: Sequence[str | int] | None = None,
        progress: ProgressCallback | None = None,
    ) -> Segmentation:
        """Segment `volume`; `structures` (names, keys or values) limits what is kept, not how voxels are decided.

        progress(stage, fraction of the whole) is called after every window; what it raises (`Cancelled`) ends the run.
        Raises UserError for unknown structures and when memory does not suffice.
        """
        kept = self._kept_values(structures)
        clock = Stopwatch(progress)
        try:
            return self._segment(volume, modality, kept, clock)
        except MemoryError as error:
            raise UserError("memory ran out: close other programs or crop the volume to the abdomen") from error

    def _segment(self, volume: Volume, modality: str | None, kept: list[int], clock: Stopwatch) -> Segmentation:
        clock.report("prepare", 0.0)
        with clock.stage("prepare"):
            guess = _modality_of(volume, modality)
            prepared, body = self._prepare(volume, guess)
        clock.report("load", 0.05)
        with clock.stage("load"):
            if self._backend is None:
                self._backend = make_backend(self.bundle, self._device, self.preset.half)
        if self._cascade is not None:
            with clock.stage("coarse"):
                body = self._cascade.narrow(body, volume, guess, self.preset.overlap, clock)
        run = Run(self.bundle, self._backend, prepared, body, self.preset.overlap, clock)
        lps_labels, meter = run.labels(kept)
        with clock.stage("parts"):
            remove_islands(lps_labels, prepared.array.shape, self.bundle.smallest_part, self.bundle.one_part)
        with clock.stage("finish"):
            labels = np.ascontiguousarray(prepared.undo(lps_labels))
            voxels = count_voxels(labels, kept)
        with clock.stage("confidence"):
            confidence = meter.mean()
            along = confidence_along(meter.along(), body.start, prepared.array.shape, to_lps(volume)[1], labels)
        clock.report("finish", 1.0)
        return Segmentation(
            labels=volume.like(labels),
            modality=guess.modality,
            modality_reason=guess.reason,
            confidence={value: confidence.get(value) if voxels[value] else None for value in kept},
            voxels=voxels,
            volumes_ml={value: count * volume.voxel_volume_ml for value, count in voxels.items()},
            touches_edge=touching_edge(labels, kept),
            timings=clock.seconds,
            backend=self._backend.name,
            device=self._backend.device,
            precision=self._backend.precision,
            windows=run.n_windows,
            confidence_along={axis: {value: of[value] for value in kept} for axis, of in along.items()},
        )

    def _prepare(self, volume: Volume, guess: ModalityGuess) -> tuple[Prepared, Body]:
        preprocessing = self.bundle.preprocessing
        array, undo = to_lps(volume)
        require_memory(prepare_bytes(array.shape, preprocessing.grid_shape(array.shape, undo.spacing)))
        prepared = preprocessing.apply(volume, guess.modality, guess.offset)
        return prepared, find_body(prepared.array, guess.modality, preprocessing, self.bundle.patch_size)

    def _kept_values(self, structures: Sequence[str | int] | None) -> list[int]:
        label_set = self.bundle.label_set
        unlearnt = self.bundle.unlearnt
        if structures is None:
            return [structure.value for structure in label_set if structure.value not in unlearnt]
        kept = sorted({label_set.find(name).value for name in structures})
        missing = [value for value in kept if value in unlearnt]
        if missing:
            name = label_set.by_value(missing[0]).name
            raise UserError(f"this model has never learnt {name}: leave it out, or choose another model")
        return kept


def _modality_of(volume: Volume, chosen: str | None) -> ModalityGuess:
    """What the intensities say, or what the user says; a CT's stored offset is looked for in both cases."""
    if chosen is None:
        return detect_modality(volume)
    if chosen not in ("ct", "mr"):
        raise UserError(f"modality {chosen!r} is not supported: use ct or mr")
    known = replace(volume, modality="ct" if chosen == "ct" else "mr")
    return replace(detect_modality(known), reason="chosen by the user")
