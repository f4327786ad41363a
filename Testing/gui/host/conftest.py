"""For tests of the stand-in's Qt side: the modules that a scripted module imports, as it sees them."""

import sys

import pytest


@pytest.fixture
def qt(host):
    """The module `qt`; what slots raised is forgotten before the test and looked at after it."""
    from Testing.host import qt_module

    qt_module.errors.clear()
    yield sys.modules["qt"]
    assert qt_module.errors == []


@pytest.fixture
def ctk(qt):
    """The module `ctk`."""
    return sys.modules["ctk"]


@pytest.fixture
def slicer(qt, empty_scene):
    """The module `slicer`, with an empty scene."""
    return sys.modules["slicer"]
