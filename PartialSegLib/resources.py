"""Where the files that ship with PartialSeg lie, in a checkout and in an installed package alike."""

from pathlib import Path

_CANDIDATES = (Path(__file__).parent / "Resources", Path(__file__).parent.parent / "Resources")


def resource_path(*parts: str) -> Path:
    """Path of a shipped file or folder, e.g. `resource_path("label_sets", "abdomen16.json")`."""
    root = next((candidate for candidate in _CANDIDATES if candidate.is_dir()), _CANDIDATES[-1])
    return root.joinpath(*parts)
