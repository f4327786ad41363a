"""A MONAI pipeline from file to saved labels, as its bundles have it: Spacingd, sliding window, Invertd, argmax."""

import time
from pathlib import Path
from typing import Any

import numpy as np

from PartialSegLib.bundle import Bundle
from PartialSegLib.inference.progress import Stopwatch
from Testing.benchmarks.jobs.counting import WindowCounter


def run(ct: str, bundle: str, output: str) -> dict:
    """Segment `ct` with the bundle's network, weights and window size."""
    import torch
    from monai.inferers import sliding_window_inference
    from monai.transforms import AsDiscrete, LoadImaged, SaveImage

    loaded = Bundle.load(Path(bundle))
    network = loaded.load_network()
    counter = WindowCounter(network)
    prepare, invert = _transforms(loaded)
    save = SaveImage(output_dir=Path(output).parent, output_dtype="uint8", resample=False, print_log=False)
    clock = Stopwatch()
    start = time.perf_counter()
    with clock.stage("load"):
        case = LoadImaged(keys="image", ensure_channel_first=True)({"image": ct})
    with clock.stage("preprocess"):
        case = prepare(case)
    with clock.stage("network"), torch.inference_mode():
        case["pred"] = sliding_window_inference(
            case["image"][None],
            roi_size=loaded.patch_size[::-1],
            sw_batch_size=1,
            predictor=lambda windows: network(windows.transpose(2, 4)).transpose(2, 4),  # (x, y, z) here
            overlap=0.5,
            mode="gaussian",
        )[0]
    with clock.stage("export"), torch.inference_mode():
        labels = AsDiscrete(argmax=True)(invert(case)["pred"])
    with clock.stage("save"):
        save(labels, filename=output.removesuffix(".nii.gz"))
    return {"seconds": time.perf_counter() - start, "stages": clock.seconds, "windows": counter.count}


def _transforms(bundle: Bundle) -> tuple[Any, Any]:
    """What brings a loaded case to the network's grid, and what brings its "pred" back."""
    from monai.transforms import Compose, Invertd, Orientationd, ScaleIntensityRanged, Spacingd

    low, high = bundle.preprocessing.ct_window
    prepare = Compose(
        [
            Orientationd(keys="image", axcodes="LPS", labels=None),
            # Half the memory of the default, float64.
            Spacingd(keys="image", pixdim=bundle.preprocessing.spacing, mode="bilinear", dtype=np.float32),
            ScaleIntensityRanged(keys="image", a_min=low, a_max=high, b_min=0, b_max=1, clip=True),
        ]
    )
    return prepare, Invertd(keys="pred", transform=prepare, orig_keys="image", nearest_interp=False, to_tensor=True)
