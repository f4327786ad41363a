"""The tags of a segment: short texts that 3D Slicer keeps with it, whatever it makes of them."""

from collections.abc import Iterable, Mapping

BACKGROUND_ID = "background"  # the segment of voxels that a person marked as background
UNION_TAG = "PartialSeg.Union"  # "right_kidney,left_kidney": its voxels are one of these


def parse_tags(text: str) -> dict[str, str]:
    """The field `Tags` of a .seg.nrrd file, "name:value|name:value|", as Slicer reads it: values may hold colons."""
    pairs = (pair.partition(":") for pair in text.split("|"))
    return {name: value for name, colon, value in pairs if colon}


def format_tags(tags: Mapping[str, str]) -> str:
    """The inverse of `parse_tags`; ValueError for what would not come back."""
    for name, value in tags.items():
        if set(name) & set(":|\n") or set(value) & set("|\n"):
            raise ValueError(f"tag {name!r} would not survive in a .seg.nrrd file")
    return "".join(f"{name}:{value}|" for name, value in tags.items())


def union_text(members: Iterable[int], keys: Mapping[int, str]) -> str:
    """What `UNION_TAG` says of a segment whose voxels may be any of `members`; keys: structure value -> its key."""
    return ",".join(keys[member] if member else BACKGROUND_ID for member in members)


def parse_union(text: str, values: Mapping[str, int]) -> tuple[int, ...] | None:
    """The inverse of `union_text`, given key -> structure value; None when it names something unknown."""
    known = {BACKGROUND_ID: 0, **values}
    keys = text.split(",")
    return tuple(sorted(known[key] for key in keys)) if all(key in known for key in keys) else None
