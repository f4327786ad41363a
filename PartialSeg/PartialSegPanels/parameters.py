"""What the user chose, kept in the scene: saved with it, and there again when it is loaded."""

from slicer import vtkMRMLMarkupsROINode, vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.parameterNodeWrapper import parameterNodeWrapper


@parameterNodeWrapper
class Parameters:
    """Choices of both tabs.

    Segment tab. modality: "auto", "ct" or "mr". model: folder of a bundle, "" for the one that ships. preset: a name of
    PartialSegLib.inference.PRESETS. device: a key as the worker lists them. structures: label values, none for all.
    output_segmentation: refreshed where its segments are unlocked; none makes a new one.
    """

    input_volume: vtkMRMLScalarVolumeNode
    output_segmentation: vtkMRMLSegmentationNode
    region: vtkMRMLMarkupsROINode
    modality: str = "auto"
    model: str = ""
    preset: str = "accurate"
    device: str = "auto"
    structures: list[int]

    # Annotate tab
