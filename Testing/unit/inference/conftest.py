import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def make_bundle(tmp_path, monkeypatch):
    """Make stub bundles in a fresh folder, with a fresh cache folder."""
    from inference_stubs import StubBundle, nearest_level_network

    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))

    def make(network=None, **options):
        weights = tmp_path / "bundle" / "models" / "model.safetensors"
        weights.parent.mkdir(parents=True, exist_ok=True)
        weights.write_bytes(b"weights")
        return StubBundle(network or nearest_level_network(), tmp_path / "bundle", **options)

    return make
