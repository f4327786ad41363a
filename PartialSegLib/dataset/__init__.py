"""Annotated cases on disk: a manifest or a folder of cases, read and written."""

from PartialSegLib.dataset.entries import CaseEntry, LabelMapEntry
from PartialSegLib.dataset.load import Dataset, load_dataset
from PartialSegLib.dataset.read import content_hash, read_annotation, read_case
from PartialSegLib.dataset.write import write_case

__all__ = [
    "CaseEntry",
    "Dataset",
    "LabelMapEntry",
    "content_hash",
    "load_dataset",
    "read_annotation",
    "read_case",
    "write_case",
]
