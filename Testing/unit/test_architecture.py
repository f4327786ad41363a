"""What holds the house together: which way imports point, what no file does, how large a file may be."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for folder in ("PartialSeg", "PartialSegLib", "training") for path in (ROOT / folder).rglob("*.py")
)
EVERYTHING = [*SOURCES, *sorted((ROOT / "Testing").rglob("*.py"))]
LINES = 300
FORBIDDEN_CALLS = {"eval", "exec", "compile", "os.system", "torch.load", "pickle.load", "pickle.loads", "torch.save"}
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
HOST = {"slicer", "qt", "ctk", "vtk", "vtkmodules", "PythonQt"}


def imports(node, at_once=True):
    """Every module imported anywhere below `node`, and whether that happens when the file itself is imported."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, at_once) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or "", at_once
    for child in ast.iter_child_nodes(node):
        yield from imports(child, at_once and not is_lazy(node))


def is_lazy(node):
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def top(module):
    return module.partition(".")[0]


def dotted(node):
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@cache
def read(path):
    """Name below the root, syntax tree and imports of a file; read once for all tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return path.relative_to(ROOT).as_posix(), tree, list(imports(tree))


def offenders(paths, is_wrong):
    files = [(name, found) for name, _, found in map(read, paths)]
    return sorted({f"{name}: {m}" for name, found in files for m, at_once in found if is_wrong(name, m, at_once)})


def test_the_walk_finds_what_it_looks_for():
    tree = ast.parse("import a.b\nif TYPE_CHECKING:\n    import c\ndef f():\n    from d.e import g\n")
    assert sorted(imports(tree)) == [("a.b", True), ("c", False), ("d.e", False)]
    assert len(SOURCES) > 50


def test_only_the_host_side_imports_slicer():
    host_side = (
        *("PartialSeg/", "PartialSegLib/scene/"),
        *("Testing/host/", "Testing/gui/", "Testing/slicer/", "Testing/unit/scene/"),
    )
    assert offenders(EVERYTHING, lambda name, module, _: top(module) in HOST and not name.startswith(host_side)) == []


def test_the_library_starts_training_from_its_commands_only():
    names = ("train", "evaluate", "prepare", "simulate", "check", "experiment", "methods")
    commands = {f"PartialSegLib/cli/{name}.py" for name in names}

    def is_wrong(name, module, at_once):
        is_training = top(module) == "partialseg_training"
        return is_training and not name.startswith("training/") and (name not in commands or at_once)

    assert offenders(SOURCES, is_wrong) == []


def test_nothing_imports_the_extension():
    def is_wrong(name, module, _):
        return top(module) == "PartialSeg" and not name.startswith("PartialSeg/")

    assert offenders(SOURCES, is_wrong) == []


def test_no_pickle_no_shell_no_eval():
    assert offenders(SOURCES, lambda name, module, _: top(module) in FORBIDDEN_MODULES) == []
    found = []
    for name, tree, _ in map(read, SOURCES):
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if dotted(call.func) in FORBIDDEN_CALLS:
                found.append(f"{name}: {dotted(call.func)}")
            for keyword in call.keywords:
                value = getattr(keyword.value, "value", None)
                if (keyword.arg, value) in {("shell", True), ("allow_pickle", True), ("weights_only", False)}:
                    found.append(f"{name}: {keyword.arg}={value}")
    assert found == []


def test_no_file_is_longer_than_one_idea():
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_bytes().splitlines()) for path in EVERYTHING}
    assert {name: length for name, length in lengths.items() if length > LINES} == {}


def fresh(code):
    """What `code` prints in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("module", ["", ".image", ".structures", ".inference", ".cli.main"])
def test_importing_pulls_in_nothing_heavy(module):
    loaded = fresh(f"import sys, PartialSegLib{module}; print(*sys.modules)")
    assert f"PartialSegLib{module}" in loaded
    assert {"torch", "monai", "numba", "openvino", "rich", "SimpleITK", "partialseg_training", *HOST} & set(
        loaded
    ) == set()


def test_import_is_quick():
    """The one timed test: best of three, in processor time, which a busy computer does not stretch."""
    code = "import time; start = time.process_time(); import PartialSegLib; print(time.process_time() - start)"
    assert min(float(fresh(code)[0]) for _ in range(3)) < 0.3
