"""`partialseg segment` on the sample CT, as a person types it: interpreter start included."""

import sys
import tempfile

from PartialSegLib.sample import sample_ct
from Testing.benchmarks.children import FailedError, run_command
from Testing.benchmarks.parts import end_to_end
from Testing.benchmarks.results import Check, Measurement, Part
from Testing.benchmarks.settings import Settings

_SECONDS, _GIGABYTES = 12.0, 1.5
_NOTES = [
    "'First run ever' has empty caches: it converts the network for OpenVINO and compiles the label export. Later runs "
    "find both on disk; they are what the targets are compared with."
]


def run(settings: Settings) -> Part:
    """Once with empty caches, then `rounds` times with what that left."""
    end_to_end.prepare(settings)
    if settings.quick:
        source, note = settings.ct, "the benchmark's tiny CT"
    else:
        sample = sample_ct()
        source, note = sample.path, sample.note
    part = Part("Cold start of partialseg segment", notes=[f"Input: {note}.", *_NOTES])
    output = settings.folder / "labels" / "cold.seg.nrrd"
    command = [sys.executable, "-m", "PartialSegLib.cli", "segment", str(source), "-o", str(output), "--overwrite"]
    command += ["--quiet", "--model", str(end_to_end.model(settings))]
    try:
        with tempfile.TemporaryDirectory(prefix="partialseg-bench-") as cache:
            caches = {"XDG_CACHE_HOME": cache, "NUMBA_CACHE_DIR": f"{cache}/numba"}
            first = run_command(command, caches)
            later = [run_command(command, caches) for _ in range(settings.rounds)]
    except FailedError as error:
        part.failures["partialseg segment"] = str(error)
        return part
    part.measurements.append(Measurement("first run ever", [first[0]], [first[1]]))
    part.measurements.append(Measurement("later runs", [s for s, _ in later], [b for _, b in later]))
    part.checks.append(Check("cold start", [s for s, _ in later], "s", _SECONDS, at_least=False))
    part.checks.append(Check("cold start, peak memory", [b / 1e9 for _, b in later], "GB", _GIGABYTES, at_least=False))
    return part
