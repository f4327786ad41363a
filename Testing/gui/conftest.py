"""The stand-in host for tests of the module's panels: one per session, with an empty scene for each test.

On a computer without the graphics libraries these tests are skipped with the names of the packages; where CI is set
they fail instead, so that a build cannot be green because nothing ran.
"""

import os

import pytest

from Testing.host.libraries import missing_packages


@pytest.fixture(scope="session")
def host(own_cache, tmp_path_factory):
    """The running host (Testing.host.host.Host); its window is small, since drawing is done by the CPU."""
    lacking = missing_packages()
    if lacking:
        words = f"GUI tests need system packages; install them: apt-get install {' '.join(lacking)}"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from Testing.host import start

    running = start(settings_folder=tmp_path_factory.mktemp("settings"))
    running.resize(1000, 620)
    yield running
    running.close()


@pytest.fixture
def empty_scene(host):
    """The host with an empty scene, no module shown and no errors; an exception in a slot fails the test."""
    from Testing.host import qt_module

    host.leave_module()
    host.clear()
    qt_module.errors.clear()
    yield host
    host.leave_module()
    host.clear()
    assert not qt_module.errors, f"raised in a slot or timer: {qt_module.errors}"


@pytest.fixture(scope="session")
def small_volume():
    """A CT of 40 x 36 x 24 voxels of 3 x 3 x 5 mm with a bright block in it, away from the origin."""
    import numpy as np

    from PartialSegLib.image import Volume

    array = np.full((24, 36, 40), -100, np.int16)
    array[6:18, 10:26, 12:30] = 120
    return Volume(array, (3.0, 3.0, 5.0), (-60.0, -50.0, 20.0), np.eye(3), "ct")
