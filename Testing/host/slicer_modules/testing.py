"""Stand-in for slicer.testing: runs one test file that lies in a folder, as CTest asks Slicer to."""

import sys
import unittest


def runUnitTest(path, testname):  # noqa: N802
    folders = [path] if isinstance(path, str) else list(path)
    sys.path[:0] = folders
    try:
        result = unittest.TextTestRunner(verbosity=2).run(unittest.defaultTestLoader.loadTestsFromName(testname))
    finally:
        del sys.path[: len(folders)]
    if not result.wasSuccessful():
        raise Exception("")  # so does Slicer, and ends with a code that CTest notices
