"""In a Slicer that has nothing but what it ships, the module opens and both tabs can be looked at."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from importlib.abc import MetaPathFinder

ABSENT = {"pydantic", "torch", "safetensors", "rich", "psutil", "openvino", "highdicom", "jsonschema"}


class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


from Testing.host import start

host = start()
import slicer.packaging

slicer.packaging.pretended_missing |= ABSENT
for name in [name for name in sys.modules if name.partition(".")[0] in ABSENT or name.startswith("PartialSegLib")]:
    del sys.modules[name]
sys.meta_path.insert(0, Absent())
shell = host.module().shell
from PartialSegLib.phantom import make_phantom

host.add_volume(make_phantom((20.0, 20.0, 20.0))[0], "Phantom")
for tab in (1, 0):
    shell.tabs.setCurrentIndex(tab)
    host.process(0.1)
shell.segment._ask_estimate()
from Testing.host import qt_module

assert qt_module.errors == [], qt_module.errors
print("opened:", shell.segment.ui.segmentButton.enabled, shell.segment.ui.modalityCombo.itemText(0))
"""


def test_the_module_opens(host):
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert "opened: True Automatic: CT" in done.stdout, done.stderr
