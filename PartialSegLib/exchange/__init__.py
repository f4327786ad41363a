"""Cases out to the formats of others and in from them, without turning what is unknown into something known."""

from PartialSegLib.exchange.batch import ImportOptions, ImportReport, Question, import_all, split_pairs
from PartialSegLib.exchange.datalist import export_datalist
from PartialSegLib.exchange.dicom_seg import export_dicom_seg
from PartialSegLib.exchange.dicom_segs import export_dicom_segs
from PartialSegLib.exchange.importing import Imported, import_case
from PartialSegLib.exchange.labelmap import export_labelmap, export_labelmaps
from PartialSegLib.exchange.nnunet import export_nnunet
from PartialSegLib.exchange.our_dataset import export_dataset
from PartialSegLib.exchange.pairs import Pair, find_pairs
from PartialSegLib.exchange.plan import ImportPlan
from PartialSegLib.exchange.proposal import fitting_presets, propose
from PartialSegLib.exchange.report import ExportReport
from PartialSegLib.exchange.sides import SideSplit, split_sides
from PartialSegLib.exchange.source import Source, read_source

__all__ = [
    "ExportReport",
    "ImportOptions",
    "ImportPlan",
    "ImportReport",
    "Imported",
    "Pair",
    "Question",
    "SideSplit",
    "Source",
    "export_datalist",
    "export_dataset",
    "export_dicom_seg",
    "export_dicom_segs",
    "export_labelmap",
    "export_labelmaps",
    "export_nnunet",
    "find_pairs",
    "fitting_presets",
    "import_all",
    "import_case",
    "propose",
    "read_source",
    "split_pairs",
    "split_sides",
]
