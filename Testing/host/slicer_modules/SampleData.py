"""Stand-in for Slicer's Sample Data module: keeps what modules register; downloads nothing."""

__all__ = ["SampleDataLogic", "SampleDataSource"]

sources: dict[str, list["SampleDataSource"]] = {}


class SampleDataSource:
    """One registered data set; its keyword arguments are those of Slicer's own class."""

    def __init__(self, sampleName=None, sampleDescription=None, uris=None, fileNames=None, nodeNames=None,  # noqa: N803
                 checksums=None, loadFiles=None, customDownloader=None, thumbnailFileName=None,  # noqa: N803
                 loadFileType="VolumeFile", loadFileProperties=None):  # fmt: skip  # noqa: N803
        self.sampleName = sampleName
        self.sampleDescription = sampleDescription or sampleName
        self.uris = [uris] if isinstance(uris, str) else list(uris or [])
        self.fileNames = [fileNames] if isinstance(fileNames, str) else list(fileNames or [])
        self.nodeNames = [nodeNames] if isinstance(nodeNames, str) else list(nodeNames or [])
        self.checksums = [checksums] if isinstance(checksums, str) else list(checksums or [])
        self.thumbnailFileName = thumbnailFileName
        self.loadFiles = loadFiles
        self.loadFileType = loadFileType
        self.loadFileProperties = loadFileProperties or {}
        self.customDownloader = customDownloader
        if not len(self.uris) == len(self.fileNames) == len(self.nodeNames):
            raise Exception("Please make sure that a nodeName and a fileName are given for each uri")


class SampleDataLogic:
    @staticmethod
    def registerCustomSampleDataSource(category="Custom", **kwargs):  # noqa: N802
        sources.setdefault(category, []).append(SampleDataSource(**kwargs))
