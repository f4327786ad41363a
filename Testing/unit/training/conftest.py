import pytest


@pytest.fixture(scope="session")
def manifest(tmp_path_factory):
    """Manifest of a tiny data set; see tiny_dataset.py."""
    from tiny_dataset import write_dataset

    return write_dataset(tmp_path_factory.mktemp("data"))


@pytest.fixture
def make_config(tmp_path, manifest):
    """Load a configuration for the tiny data set with some settings of one's own."""
    from tiny_dataset import write_config

    from partialseg_training.config import load_config

    path = tmp_path / "config.yaml"
    return lambda **settings: load_config(write_config(path, **{"dataset": str(manifest), **settings}))


@pytest.fixture(scope="session")
def store(tmp_path_factory, manifest):
    """Folders of the prepared cases ct_a, ct_b, mr and body."""
    from tiny_dataset import SPACING

    from partialseg_training.data.prepare import prepare
    from PartialSegLib.preprocessing import Preprocessing

    folder = tmp_path_factory.mktemp("prepared") / "store"
    return prepare(manifest, None, Preprocessing(spacing=SPACING), "abdomen16", folder)
