"""Export of one case as a DICOM segmentation (SEG) of the series it was annotated on."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from PartialSegLib import __version__
from PartialSegLib.dataset import CaseEntry, read_annotation
from PartialSegLib.errors import UserError
from PartialSegLib.exchange.dicom_source import read_series, without_names
from PartialSegLib.exchange.report import ExportReport, counted
from PartialSegLib.exchange.single_valued import union_name
from PartialSegLib.exchange.values import count_values
from PartialSegLib.extras import missing_extra
from PartialSegLib.files import atomic_path
from PartialSegLib.image import Volume, fit_to_grid
from PartialSegLib.structures import Code, LabelSet, Structure, load_label_set
from PartialSegLib.supervision import PAINTED_BACKGROUND, UNPAINTED, Completeness, State

if TYPE_CHECKING:
    from highdicom.seg import Segmentation, SegmentDescription
    from highdicom.sr import CodedConcept
    from pydicom import Dataset

SUFFIX = ".dcm"
_STATES = {
    State.COMPLETE: "complete in the whole volume",
    State.IN_PART: "annotated in part",
    State.NOT_LOOKED_AT: "annotated in part",  # it is painted, so somebody began
}


def export_dicom_seg(
    case: CaseEntry,
    dicom_folder: str | Path,
    path: str | Path,
    label_set: LabelSet | None = None,
    series: int | str | None = None,
    overwrite: bool = False,
) -> ExportReport:
    """Write the painted structures as a DICOM segmentation that refers to the slices of the series in `dicom_folder`.

    Every segment has its SNOMED CT codes and recommended color. Raises UserError when highdicom is not installed, when
    the labels do not lie on the voxels of the series, when no structure is painted, and when `path` exists.
    """
    path = Path(path).absolute()
    if path.exists() and not overwrite:
        raise UserError(f"{path} exists already: choose another output, or --overwrite on the command line")
    label_set = label_set or load_label_set()
    labels, record = read_annotation(case, label_set)
    if labels is None:
        raise UserError(f"case {case.name}: nobody annotated it, so there is nothing to export: annotate it first")
    try:
        with without_names():
            headers, volume = read_series(Path(dicom_folder), series)
            array = _on_slices(labels, volume, Path(dicom_folder))
            counts = count_values(array)
            painted = [s for s in label_set if counts[s.value]]
            if not painted:
                raise UserError(f"case {case.name}: no structure is painted, and DICOM has no empty segmentation")
            segmentation = _segmentation(headers, array, painted, record)
            with atomic_path(path, overwrite) as temporary:
                segmentation.save_as(temporary)
    except ModuleNotFoundError as error:
        raise missing_extra(error, "dicom") from error
    return ExportReport("DICOM SEG", path, (case.name,), tuple(_losses(counts, record, case.unions, label_set)))


def _on_slices(labels: Volume, volume: Volume, folder: Path) -> np.ndarray:
    try:
        array = fit_to_grid(labels, volume).array
    except UserError as error:
        raise UserError(f"the labels do not lie on the voxels of the DICOM series in {folder}: give the series that "
                        "was annotated, not resampled") from error  # fmt: skip
    if np.count_nonzero(array) != np.count_nonzero(labels.array):
        raise UserError(f"the labels reach beyond the DICOM series in {folder}: give the series that was annotated")
    return array


def _segmentation(
    headers: "list[Dataset]", array: np.ndarray, painted: list[Structure], record: Completeness
) -> "Segmentation":
    """One binary segment per painted structure, numbered in the label set's order."""
    import highdicom

    table = np.zeros(256, np.uint8)
    for number, structure in enumerate(painted, 1):
        table[structure.value] = number
    try:
        return highdicom.seg.Segmentation(
            source_images=headers,
            pixel_array=table[array],
            segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
            segment_descriptions=[_description(n, s, record) for n, s in enumerate(painted, 1)],
            series_instance_uid=highdicom.UID(),
            series_number=_series_number(headers[0]),
            sop_instance_uid=highdicom.UID(),
            instance_number=1,
            manufacturer="PartialSeg",
            manufacturer_model_name="PartialSeg",
            software_versions=__version__,
            device_serial_number="0",
            content_label="SEGMENTATION",
            content_description="Abdominal structures",
            series_description="PartialSeg segmentation",
        )
    except (ValueError, TypeError, AttributeError) as error:
        # highdicom checks the headers it copies from; its message may quote them, so it is not repeated here.
        raise UserError(f"the headers of the DICOM series are not as the standard wants them ({type(error).__name__}): "
                        "export the series again from its archive") from error  # fmt: skip


def _series_number(header: "Dataset") -> int:
    try:
        return max(1, 1000 + int(header.SeriesNumber))
    except (AttributeError, TypeError, ValueError):
        return 1000


def _description(number: int, structure: Structure, record: Completeness) -> "SegmentDescription":
    import highdicom

    described = highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=structure.name,
        segmented_property_category=_code(structure.category),
        segmented_property_type=_code(structure.type),
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.SEMIAUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name="PartialSeg", version=__version__, family=_code(Code("DCM", "123110", "Artificial Intelligence"))
        ),
        tracking_uid=highdicom.UID(),
        tracking_id=structure.key,
        display_color=highdicom.color.CIELabColor.from_rgb(*structure.color),
    )
    if structure.modifier:
        kind = described.SegmentedPropertyTypeCodeSequence[0]
        kind.SegmentedPropertyTypeModifierCodeSequence = [_code(structure.modifier)]
    described.SegmentDescription = f"{structure.name}, {_STATES[State(int(record.volume[structure.value]))]}"
    return described


def _code(code: Code) -> "CodedConcept":
    import highdicom

    return highdicom.sr.CodedConcept(code.value, code.scheme, code.meaning)


def _losses(
    counts: np.ndarray, record: Completeness, unions: Mapping[int, tuple[int, ...]], label_set: LabelSet
) -> list[str]:
    lines = [
        f"{counted(counts[value], 'voxel')} painted as '{union_name(members, label_set)}': a segment has one code."
        for value, members in sorted(unions.items())
        if counts[value]
    ]
    if counts[PAINTED_BACKGROUND]:
        lines.append(f"{counted(counts[PAINTED_BACKGROUND], 'voxel')} painted as background.")
    absent = [s.name for s in label_set if record.volume[s.value] == State.COMPLETE and not counts[s.value]]
    if absent:
        lines.append(f"Known absent: {', '.join(absent)}; a segment without voxels is not written.")
    if any(table is not None for table in (record.z, record.y, record.x)):
        lines.append("What is complete in single slices.")
    if counts[UNPAINTED]:
        lines.append("Unpainted voxels that are unknown and those that are known to be background look the same.")
    return lines
