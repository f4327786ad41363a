"""Loading and saving behind slicer.util.loadVolume, loadSegmentation, loadScene, saveNode and saveScene."""

from pathlib import Path

import slicer

_VOLUMES = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")
_SCENES = (".mrml", ".mrb")


class IOManager:
    """The part of qSlicerCoreIOManager that slicer.util calls; other file types are not known here."""

    def fileType(self, filename) -> str:  # noqa: N802
        name = str(filename).lower()
        if name.endswith((".seg.nrrd", ".seg.nhdr")):
            return "SegmentationFile"
        if name.endswith(_SCENES):
            return "SceneFile"
        return "VolumeFile" if name.endswith(_VOLUMES) else "NoFile"

    def fileWriterFileType(self, node) -> str:  # noqa: N802
        if isinstance(node, slicer.vtkMRMLSegmentationNode):
            return "SegmentationFile"
        return "VolumeFile" if isinstance(node, slicer.vtkMRMLVolumeNode) else "NodeFile"

    def loadNodes(self, file_type: str, properties: dict, loaded=None, messages=None) -> bool:  # noqa: N802
        """Adds what the file holds to the scene and, where given, to the collection `loaded`."""
        path = str(properties["fileName"])
        readers = {
            "VolumeFile": self._read_volume,
            "SegmentationFile": self._read_segmentation,
            "SceneFile": self._read_scene,
        }
        if file_type not in readers:
            raise NotImplementedError(f"The stand-in host does not read {file_type}: {path}")
        node = readers[file_type](path, properties) if Path(path).exists() else None
        if node is None or node is False:
            return False
        if loaded is not None and node is not True:
            loaded.AddItem(node)
        return True

    def saveNodes(self, file_type: str, properties: dict, messages=None) -> bool:  # noqa: N802
        path = str(properties["fileName"])
        if file_type == "SceneFile":
            return self._write_scene(path)
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        node.AddDefaultStorageNode()
        node.GetStorageNode().SetFileName(path)
        return bool(node.GetStorageNode().WriteData(node))

    @staticmethod
    def _read_volume(path: str, properties: dict):
        name = properties.get("name") or Path(path).name.split(".")[0]
        logic = slicer.modules.volumes.logic()
        node = logic.AddArchetypeVolume(path, name, 1 if properties.get("labelmap") else 0)
        if node is not None and properties.get("show", True):
            slicer.util.setSliceViewerLayers(background=node, fit=True)
        return node

    @staticmethod
    def _read_segmentation(path: str, properties: dict):
        name = properties.get("name") or Path(path).name.split(".")[0]
        return slicer.modules.segmentations.logic().LoadSegmentationFromFile(path, True, name)

    @staticmethod
    def _read_scene(path: str, properties: dict) -> bool:
        if path.lower().endswith(".mrb"):
            return bool(slicer.mrmlScene.ReadFromMRB(path, bool(properties.get("clear"))))
        slicer.mrmlScene.SetURL(path)
        return bool(slicer.mrmlScene.Connect() if properties.get("clear") else slicer.mrmlScene.Import())

    @staticmethod
    def _write_scene(path: str) -> bool:
        if path.lower().endswith(".mrb"):
            return bool(slicer.mrmlScene.WriteToMRB(path))
        slicer.mrmlScene.SetURL(path)
        return bool(slicer.mrmlScene.Commit())
