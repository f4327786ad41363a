"""What to annotate next, and why."""

from PartialSegLib.ranking.pick import evenly, every_nth, least_sure, organ_range, random_foreground
from PartialSegLib.ranking.plan import PlannedSlice, SlicePlan

__all__ = [
    "PlannedSlice",
    "SlicePlan",
    "evenly",
    "every_nth",
    "least_sure",
    "organ_range",
    "random_foreground",
]
