"""The module in the stand-in host: what keeps the window's thread, and how soon Cancel is obeyed."""

from importlib.util import find_spec

from Testing.benchmarks.children import Outcome
from Testing.benchmarks.parts.alternate import alternate
from Testing.benchmarks.results import Check, Measurement, Part
from Testing.benchmarks.settings import Settings

_CALL_MS, _CANCEL_S = 50.0, 2.0
_NAME = "Segment tab"
_WHAT = {"new": "a new segmentation", "refresh": "refreshing one"}
# What the network finds matters as little as what it costs: this one is small, and noise is hard to write.
_NETWORK = {"name": "unet", "n_classes": 17, "channels": (4, 8), "blocks": (1, 1)}
_SPACING = (6.0, 6.0, 6.0)
_NOTES = [
    "Processor time of the longest call of ours that the event loop made; drawing, which a graphics card does in "
    "Slicer, is left out. The lists of the stand-in's node selectors are Python, Slicer's are not: they count as ours.",
    "Cancel is pressed while the network runs; the time is until the process and its files are gone.",
]


def run(settings: Settings) -> Part:
    """Each round in a process of its own."""
    part = Part("The window of the module", notes=list(_NOTES))
    if not find_spec("PySide6") or not find_spec("slicer_core"):
        part.failures[_NAME] = "the stand-in host is not installed"
        return part
    bundle = settings.folder / "window_model"
    random_bundle = {"folder": str(bundle), "network": _NETWORK, "patch": (32, 32, 32), "spacing": _SPACING}
    shape, spacing = settings.ct_shape, settings.ct_spacing
    settings.run_job("inputs", ct=str(settings.ct), shape=shape, spacing=spacing, random_bundle=random_bundle)
    contenders = {_NAME: lambda: settings.run_job("window", ct=str(settings.ct), bundle=str(bundle))}
    outcomes, failures = alternate(contenders, settings.rounds)
    part.failures.update(failures)
    for done in outcomes.values():
        _add(part, done)
    return part


def _add(part: Part, done: list[Outcome]) -> None:
    for kind, what in _WHAT.items():
        calls = [outcome.values[kind] for outcome in done]
        for name in sorted(calls[0]):
            part.measurements.append(Measurement(f"{what}: {name}", [call.get(name, 0.0) for call in calls]))
        longest = [1000 * max(call.values()) for call in calls]
        part.checks.append(Check(f"longest call, {what}", longest, "ms", _CALL_MS, at_least=False))
    part.checks.append(Check("cancel", [outcome.values["cancel"] for outcome in done], "s", _CANCEL_S, at_least=False))
