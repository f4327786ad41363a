"""Cases written as load_dataset reads them, whole or not at all."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from PartialSegLib.dataset.entries import CaseEntry
from PartialSegLib.dataset.load import CASE_FILE
from PartialSegLib.dataset.read import same_voxels
from PartialSegLib.errors import UserError
from PartialSegLib.files import atomic_path
from PartialSegLib.image import Volume, read_volume, write_volume
from PartialSegLib.image.kinds import volume_suffix

# Files of these kinds may keep their voxels in a second file.
_HEADERS = (".nhdr", ".mhd")


def write_case(folder: str | Path, entry: CaseEntry, image: Volume | Path, labels: Volume | None) -> CaseEntry:
    """Write the case folder `folder`/<entry.name> of a dataset: image.*, labels.nii.gz and, last, case.json.

    image: voxels, or a file that is hard-linked (copied where links do not work). labels: None for a volume that
    nobody annotated. Returns the entry with its new paths; raises UserError when the case exists already.
    """
    folder = Path(folder).absolute()
    target = folder / entry.name
    if target.exists():
        raise UserError(f"{target} exists already: choose another folder or remove it")
    if labels is None and (entry.annotated or entry.in_part or entry.slices):
        raise UserError(f"case {entry.name}: structures are declared annotated, but there are no labels: give them")
    if isinstance(image, Volume) and labels is not None and not same_voxels(image, labels):
        raise UserError(f"case {entry.name}: image and label do not lie on the same grid: resample the label")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder, ignore_cleanup_errors=True) as name:
            written = Path(name) / entry.name
            written.mkdir()
            image_name = _put_image(written, image)
            files = {"image": image_name, "label": None if labels is None else "labels.nii.gz"}
            if labels is not None:
                write_volume(written / "labels.nii.gz", labels)
            values = {**entry.model_dump(mode="json", exclude_defaults=True), **files}
            with atomic_path(written / CASE_FILE) as path:
                path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            written.rename(target)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"cannot write {target}: {reason}; check the free space and the folder") from error
    return entry.model_copy(update={key: name and target / name for key, name in files.items()})


def _put_image(folder: Path, image: Volume | Path) -> str:
    suffix = None if isinstance(image, Volume) else volume_suffix(image)
    if isinstance(image, Volume) or suffix is None or suffix in _HEADERS:
        volume = image if isinstance(image, Volume) else read_volume(image)
        write_volume(folder / "image.nii.gz", volume)
        return "image.nii.gz"
    name = f"image{suffix}"
    try:
        os.link(Path(image).resolve(), folder / name)
    except FileNotFoundError as error:
        raise UserError(f"{image} does not exist: check the path") from error
    except OSError:
        shutil.copyfile(image, folder / name)
    return name
