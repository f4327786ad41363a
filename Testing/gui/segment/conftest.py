"""Shared by the tests of the Segment tab: the module open in the host, with a tiny model installed."""

import json
import shutil
import sys
from pathlib import Path

import pytest

MODULE = Path(__file__).parents[3] / "PartialSeg"


@pytest.fixture(scope="session")
def panels(host):
    """PartialSegPanels can be imported, as in Slicer, where the module's folder is on the path."""
    if str(MODULE) not in sys.path:
        sys.path.append(str(MODULE))


@pytest.fixture(scope="session")
def model_archive(tiny_bundle, tmp_path_factory):
    """The .zip file of a tiny model that works finely enough for a run to last a second or two."""
    from PartialSegLib.bundle import INFERENCE, write_sums

    folder = tmp_path_factory.mktemp("fine") / "tiny"
    shutil.copytree(tiny_bundle, folder)
    settings = json.loads((folder / INFERENCE).read_text())
    settings["preprocessing"]["spacing"] = [3.0, 3.0, 3.0]
    (folder / INFERENCE).write_text(json.dumps(settings))
    write_sums(folder)
    return Path(shutil.make_archive(str(folder), "zip", folder))


@pytest.fixture(scope="session")
def user_models(tmp_path_factory):
    """The folder of this user's models for all tests of the session."""
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_DATA_HOME", "LOCALAPPDATA"):
            patch.setenv(variable, str(folder))
        yield folder / "partialseg" / "models"


@pytest.fixture
def bench(empty_scene, panels, user_models, model_archive):
    """The Segment tab with a small phantom CT and the tiny model; the worker stays warm from test to test."""
    from segment_bench import Bench

    bench = Bench(empty_scene)
    bench.install(model_archive)
    yield bench
    bench.settle()


@pytest.fixture(scope="session", autouse=True)
def no_child_stays(host):
    """When the session ends, so does the worker's process."""
    from segment_bench import worker_pids

    yield
    host.close_module()
    host.wait_for(lambda: not worker_pids(), 5)
