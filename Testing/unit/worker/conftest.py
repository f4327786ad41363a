import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def make_worker(tmp_path):
    """Make workers whose voxels pass through `tmp_path`/"jobs"; when the test ends nothing of them may be left."""
    from worker_runs import processes_below, wait_for

    from PartialSegLib.worker import Worker

    made = []
    before = {process.pid for process in processes_below()}

    def make(python=None, folder=None):
        made.append(Worker(python=python, folder=folder or tmp_path / "jobs"))
        return made[-1]

    yield make
    for worker in made:
        worker.close()
    wait_for(lambda: {process.pid for process in processes_below()} <= before, 5)
    jobs = tmp_path / "jobs"
    wait_for(lambda: not jobs.is_dir() or not list(jobs.iterdir()), 5)


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A worker that the tests of a module share, so that one child loads torch."""
    from PartialSegLib.worker import Worker

    worker = Worker(folder=tmp_path_factory.mktemp("jobs"))
    yield worker
    worker.close()
