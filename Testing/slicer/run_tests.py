"""Runs the module's own tests inside 3D Slicer; the exit code is 0 only where tests ran and all passed.

    Slicer --testing --no-splash --additional-module-paths PartialSeg --python-script Testing/slicer/run_tests.py
"""

import sys
import unittest
from pathlib import Path

import slicer

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "PartialSeg"))


def main() -> int:
    """Run all tests of PartialSeg.py; a run without tests, or with skipped ones only, is a failure."""
    suite = unittest.TestLoader().loadTestsFromName("PartialSeg.PartialSegTest")
    result = unittest.TextTestRunner(verbosity=2, stream=sys.stdout).run(suite)
    passed = result.testsRun - len(result.failures) - len(result.errors) - len(result.skipped)
    print(f"PartialSeg in Slicer {slicer.app.applicationVersion}: {passed} of {result.testsRun} tests passed")
    return 0 if result.wasSuccessful() and passed > 0 else 1


if __name__ == "__main__":
    slicer.util.exit(main())
