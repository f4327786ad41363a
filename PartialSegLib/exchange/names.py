"""Which structures a label means by its name, in our label set and in the words of public data sets."""

from functools import lru_cache

from PartialSegLib.mappings import load_mapping, mapping_names
from PartialSegLib.structures import LabelSet, normalise

_SIDES = {"right": "right", "r": "right", "rt": "right", "left": "left", "l": "left", "lt": "left"}
_NO_STRUCTURE = ("background", "background painted", "clear label")


def classes_of_name(name: str, label_set: LabelSet) -> tuple[int, ...] | None:
    """The classes a label of this name may be: "kidney_left" -> (3,), "Kidneys" -> (2, 3); None for a strange name.

    "liver or spleen" may be either; "ignore" may be every class, for nothing is known of such a voxel.
    """
    words = frozenset(_words(name))
    if words == {"ignore"}:
        return tuple(range(label_set.n_classes))
    if normalise(name) in _NO_STRUCTURE:
        return (0,)
    found = _own_names(label_set).get(words) or _names_of_data_sets(label_set.name).get(words)
    return found or _either(name.split(" or "), label_set)


def _either(names: list[str], label_set: LabelSet) -> tuple[int, ...] | None:
    parts = [classes_of_name(name, label_set) for name in names] if len(names) > 1 else []
    known = [part for part in parts if part is not None]
    return tuple(sorted({c for part in known for c in part})) if known and len(known) == len(parts) else None


def _words(name: str) -> list[str]:
    return [_SIDES.get(word, word) for word in normalise(name).split()]


@lru_cache(maxsize=8)
def _own_names(label_set: LabelSet) -> dict[frozenset[str], tuple[int, ...]]:
    """Words of a name, in any order -> classes; names of pairs also without their side, in the singular and plural."""
    found: dict[frozenset[str], tuple[int, ...]] = {}
    for right, left in label_set.pairs:
        for structure in (label_set.by_value(right), label_set.by_value(left)):
            for name in (structure.name, *structure.aliases):
                words = [word for word in _words(name) if word not in ("right", "left")]
                for either in (words, [*words[:-1], words[-1] + "s"]):
                    found[frozenset(either)] = (right, left) if right < left else (left, right)
    for structure in label_set:
        for name in (structure.name, structure.key, *structure.aliases):
            found[frozenset(_words(name))] = (structure.value,)
    return found


@lru_cache(maxsize=8)
def _names_of_data_sets(label_set: str) -> dict[frozenset[str], tuple[int, ...]]:
    """The same for what the shipped mappings call their labels; where two of them disagree, either may be meant."""
    found: dict[frozenset[str], tuple[int, ...]] = {}
    for mapping in map(load_mapping, mapping_names()):
        if mapping.target.name == label_set:
            for value, name in mapping.names.items():
                words = frozenset(_words(name))
                found[words] = tuple(sorted({*found.get(words, ()), *mapping.targets[value]}))
    return found
