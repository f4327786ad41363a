"""nnU-Net's predictor from file to saved labels, with the bundle's network, weights and windows.

The steps are those of nnUNetPredictor.predict_from_files_sequential, one by one so that each can be timed. Worker
processes would have nothing to gain with one case.
"""

import os
import time
from pathlib import Path
from typing import Any

from PartialSegLib.bundle import Bundle
from PartialSegLib.inference.hardware import usable_cpus
from PartialSegLib.inference.progress import Stopwatch
from Testing.benchmarks.jobs.counting import WindowCounter

_CORES = "nnUNet_def_n_proc"  # read when nnunetv2 is imported
_CONFIGURATION = "3d_fullres"
# Resampling (data, segmentation, logits) of nnU-Net's default planner, and of its fastest one ("torchres").
_DEFAULT: tuple[tuple[str, dict[str, Any]], ...] = (
    ("resample_data_or_seg_to_shape", {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}),
    ("resample_data_or_seg_to_shape", {"is_seg": True, "order": 1, "order_z": 0, "force_separate_z": None}),
    ("resample_data_or_seg_to_shape", {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": None}),
)
_TORCH: dict[str, Any] = {"force_separate_z": False, "memefficient_seg_resampling": False}


def run(ct: str, bundle: str, output: str, best: bool, same_input: bool = False) -> dict:
    """Segment `ct`. best: resample with torch on all cores. same_input: take PartialSeg's preprocessed array instead
    of nnU-Net's own, so that labels can be compared voxel by voxel.
    """
    if best:
        os.environ[_CORES] = str(usable_cpus())
    loaded = Bundle.load(Path(bundle))
    predictor, counter = _make_predictor(loaded, best)
    clock = Stopwatch()
    start = time.perf_counter()
    with clock.stage("load"):
        reader = predictor.plans_manager.image_reader_writer_class()
        image, properties = reader.read_images([ct])
    with clock.stage("preprocess"):
        data = _partialseg_input(loaded, ct, properties) if same_input else _preprocess(predictor, image, properties)
        del image
    with clock.stage("network"):
        logits = _predict(predictor, data)
        del data
    with clock.stage("export"):
        labels = _export(predictor, logits, properties)
        del logits
    with clock.stage("save"):
        reader.write_seg(labels, output, properties)
    return {"seconds": time.perf_counter() - start, "stages": clock.seconds, "windows": counter.count}


def _make_predictor(bundle: Bundle, best: bool) -> tuple[Any, WindowCounter]:
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    predictor = nnUNetPredictor(
        tile_step_size=0.5, use_gaussian=True, use_mirroring=False, device=torch.device("cpu"), allow_tqdm=False
    )
    network = bundle.load_network()
    plans = PlansManager(_plans(bundle, best))
    labels = {"background": 0} | {structure.name: structure.value for structure in bundle.label_set}
    predictor.manual_initialization(
        network,
        plans,
        plans.get_configuration(_CONFIGURATION),
        [network.state_dict()],
        {"channel_names": {"0": "CT"}, "labels": labels, "file_ending": ".nii.gz"},
        "nnUNetTrainer",
        None,
    )
    return predictor, WindowCounter(network)


def _plans(bundle: Bundle, best: bool) -> dict:
    """What nnU-Net would have written when it planned this network."""
    low, high = bundle.preprocessing.ct_window
    threads = {"num_threads": usable_cpus()}
    best_resampling = [
        ("resample_torch_fornnunet", {**_TORCH, **threads, "is_seg": is_seg}) for is_seg in (False, True, False)
    ]
    configuration = {
        "data_identifier": "partialseg",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": list(bundle.patch_size),
        "median_image_size_in_voxels": list(bundle.patch_size),
        "spacing": list(bundle.preprocessing.spacing[::-1]),
        "normalization_schemes": ["CTNormalization"],
        "use_mask_for_norm": [False],
        "architecture": {"network_class_name": "UNet", "arch_kwargs": {}, "_kw_requires_import": []},
        "batch_dice": False,
    }
    names = ("data", "seg", "probabilities")
    for name, (function, options) in zip(names, best_resampling if best else _DEFAULT, strict=True):
        configuration |= {f"resampling_fn_{name}": function, f"resampling_fn_{name}_kwargs": options}
    # "CTNormalization" clips to the percentiles, subtracts the mean and divides by the standard deviation.
    intensities = {"percentile_00_5": low, "percentile_99_5": high, "mean": low, "std": high - low}
    return {
        "dataset_name": "partialseg",
        "plans_name": "partialseg",
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "foreground_intensity_properties_per_channel": {"0": intensities},
        "configurations": {_CONFIGURATION: configuration},
    }


def _preprocess(predictor: Any, image: Any, properties: dict) -> Any:
    preprocessor = predictor.configuration_manager.preprocessor_class(verbose=False)
    managers = (predictor.plans_manager, predictor.configuration_manager, predictor.dataset_json)
    return preprocessor.run_case_npy(image, None, properties, *managers)[0]


def _partialseg_input(bundle: Bundle, ct: str, properties: dict) -> Any:
    """PartialSeg's network input, and in `properties` what nnU-Net's export asks for. The CT must have LPS axes."""
    from PartialSegLib.image import read_volume

    volume = read_volume(ct)
    shape = volume.array.shape
    properties["shape_before_cropping"] = properties["shape_after_cropping_and_before_resampling"] = shape
    properties["bbox_used_for_cropping"] = [[0, n] for n in shape]
    return bundle.preprocessing.apply(volume, "ct").array[None]


def _predict(predictor: Any, data: Any) -> Any:
    import torch

    return predictor.predict_logits_from_preprocessed_data(torch.from_numpy(data)).cpu()


def _export(predictor: Any, logits: Any, properties: dict) -> Any:
    from nnunetv2.inference.export_prediction import convert_predicted_logits_to_segmentation_with_correct_shape

    managers = (predictor.plans_manager, predictor.configuration_manager, predictor.label_manager)
    return convert_predicted_logits_to_segmentation_with_correct_shape(logits, *managers, properties)
