"""A first import plan for a label file, from what the file and its neighbours say."""

from pathlib import Path

from PartialSegLib.errors import UserError
from PartialSegLib.exchange.label_table import read_label_table
from PartialSegLib.exchange.labelmap import table_of
from PartialSegLib.exchange.names import classes_of_name
from PartialSegLib.exchange.plan import ImportPlan
from PartialSegLib.exchange.source import Source, read_source
from PartialSegLib.mappings import load_mapping, mapping_names
from PartialSegLib.structures import LabelSet, load_label_set, read_record


def propose(path: str | Path, label_set: LabelSet | None = None, source: Source | None = None) -> ImportPlan:
    """The plan that suits a label file best; what it cannot tell is left in `unmapped`.

    Looks at our own label table beside the file, at the dataset.json of an nnU-Net dataset, and at the names of
    segments. Names never declare anything complete; the first two do, for they say what unlabelled voxels are.
    source: the file's content when it was read already. Raises UserError for a file that cannot be read.
    """
    path = Path(path).absolute()
    if table := read_label_table(table_of(path)):
        why = f"label table {table_of(path).name}"
        return ImportPlan(
            table.label_set, table.members, table.names, table.annotated, table.in_part, table.slices, True, why
        )
    label_set = label_set or load_label_set()
    description = path.parent.parent / "dataset.json"
    if path.parent.name in ("labelsTr", "labelsTs") and description.is_file():
        return _from_nnunet(description, label_set)
    source = source or read_source(path)
    names = {value: source.names.get(value, str(value)) for value in source.single_values}
    return _by_names(names, label_set, "names of the segments" if source.names else "the label values have no names")


def fitting_presets(source: Source, label_set: LabelSet | None = None) -> list[str]:
    """Names of the shipped mappings that know every value of the source."""
    wanted = (label_set or load_label_set()).name
    found = [load_mapping(name) for name in mapping_names()]
    return [m.name for m in found if m.target.name == wanted and set(source.single_values) <= set(m.targets)]


def _by_names(names: dict[int, str], label_set: LabelSet, why: str) -> ImportPlan:
    found = {value: classes_of_name(name, label_set) for value, name in names.items() if not name.isdecimal()}
    targets = {value: classes for value, classes in found.items() if classes is not None}
    return ImportPlan(label_set, targets, names, why=why)


def _from_nnunet(description: Path, label_set: LabelSet) -> ImportPlan:
    """In an nnU-Net dataset every voxel has a class, so 0 says "none of these"; only `ignore` says nothing."""
    labels = read_record(description).get("labels")
    if not isinstance(labels, dict) or not all(type(value) is int for value in labels.values()):
        raise UserError(f"{description} has no plain `labels` (names with one value each): give a mapping instead")
    names = {value: name for name, value in labels.items() if value}
    plan = _by_names(names, label_set, f"{description.name} of nnU-Net")
    reached = {c for classes in plan.targets.values() if classes != plan.everything for c in classes}
    return plan.declare(sorted(reached - {0}))
