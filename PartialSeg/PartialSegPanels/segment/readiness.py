"""Why the primary button cannot be pressed; a tool tip shows it."""

from dataclasses import dataclass

from slicer.i18n import tr as _


@dataclass(frozen=True)
class Readiness:
    """What the panel knows before a run.

    volume_problem, region_problem, output_problem: one line each, empty where there is none.
    """

    has_volume: bool
    volume_problem: str = ""
    has_model: bool = True
    n_structures: int = 1
    region_problem: str = ""
    output_problem: str = ""

    def reason(self) -> str:
        """What to do before a volume can be segmented; empty when nothing is in the way."""
        if not self.has_volume:
            return _("Load a CT or MR and select it under Inputs")
        if self.volume_problem:
            return self.volume_problem
        if not self.has_model:
            return _("Install a model first: no model is installed")
        if not self.n_structures:
            return _("Check at least one structure under Advanced")
        return self.region_problem or self.output_problem
