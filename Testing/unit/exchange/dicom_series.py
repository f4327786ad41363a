"""A small DICOM CT written with pydicom, as a scanner would: one file a slice, not in the order of the slices."""

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def write_ct(folder, volume, number=3, leave_out=(), **changes):
    """Write `volume` (int16) as series `number` into `folder`; `changes` set attributes of every slice."""
    folder.mkdir(parents=True, exist_ok=True)
    study, series, frame = generate_uid(), generate_uid(), generate_uid()
    for k, pixels in enumerate(volume.array):
        header = Dataset()
        header.file_meta = FileMetaDataset()
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        header.SOPClassUID, header.SOPInstanceUID = CTImageStorage, generate_uid()
        header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
        header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
        header.StudyInstanceUID, header.SeriesInstanceUID, header.FrameOfReferenceUID = study, series, frame
        header.PatientName, header.PatientID, header.PatientBirthDate, header.PatientSex = "Doe^Jane", "4711", "", "F"
        header.StudyDate, header.StudyTime, header.StudyID, header.AccessionNumber = "20200101", "120000", "1", ""
        header.Modality, header.SeriesNumber, header.InstanceNumber = "CT", number, k + 1
        header.ImagePositionPatient = [f"{x:.8g}" for x in volume.world((0, 0, k))]
        header.ImageOrientationPatient = [f"{x:.8g}" for x in volume.direction[:, :2].T.ravel()]
        header.PixelSpacing = [volume.spacing[1], volume.spacing[0]]
        header.SliceThickness = volume.spacing[2]
        header.Rows, header.Columns = pixels.shape
        header.SamplesPerPixel, header.PhotometricInterpretation = 1, "MONOCHROME2"
        header.BitsAllocated, header.BitsStored, header.HighBit, header.PixelRepresentation = 16, 16, 15, 1
        header.RescaleSlope, header.RescaleIntercept = 1, 0
        header.PixelData = np.ascontiguousarray(pixels, "<i2").tobytes()
        for name, value in changes.items():
            setattr(header, name, value)
        for name in leave_out:
            delattr(header, name)
        header.save_as(folder / f"im{(k * 7919) % 10007:05d}.dcm", enforce_file_format=True)
    return folder
