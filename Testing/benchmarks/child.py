"""The process of one job: python -m Testing.benchmarks.child JOB OPTIONS.json RESULT.json"""

import importlib
import json
import sys
from pathlib import Path

from Testing.benchmarks.peak import peak_bytes


def main(job: str, options: str, result: str) -> None:
    """Run `job` and write what it returned, with the peak memory of this process, to `result`."""
    run = importlib.import_module(f"Testing.benchmarks.jobs.{job}").run
    values = run(**json.loads(Path(options).read_text(encoding="utf-8")))
    Path(result).write_text(json.dumps({"values": values, "peak_bytes": peak_bytes()}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
