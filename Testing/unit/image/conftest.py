import pytest


@pytest.fixture
def quiet(capfd):
    """Fails the test when anything, C++ code included, has printed to the terminal."""
    yield
    printed = capfd.readouterr()
    assert printed.out == "" and printed.err == ""
