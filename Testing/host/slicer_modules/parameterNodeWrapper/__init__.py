"""Stand-in for slicer.parameterNodeWrapper: typed members on a MRML node, and their connection to widgets.

Known types: MRML nodes, str, int, float, bool, enum.Enum, pathlib.Path, lists of these, and `X | None` of these.
What Slicer knows beyond that (packs, tuples, dictionaries, ranges) is refused when the class is made.
"""

from .annotations import Choice, Decimals, Default, Maximum, Minimum, SingleStep, WithinRange
from .wrapper import isParameterNodeWrapper, parameterNodeWrapper

__all__ = [
    "Choice",
    "Decimals",
    "Default",
    "Maximum",
    "Minimum",
    "SingleStep",
    "WithinRange",
    "isParameterNodeWrapper",
    "parameterNodeWrapper",
]
