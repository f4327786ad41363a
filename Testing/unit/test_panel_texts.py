"""What the module shows is translatable, and readable in a dark and in a light theme."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# They run without Slicer, so without its translations; their messages are English, as the library's.
WITHOUT_SLICER = {"saver.py", "session.py"}
PANELS = sorted(path for path in (ROOT / "PartialSeg").rglob("*.py") if path.name not in WITHOUT_SLICER)
FORMS = sorted((ROOT / "PartialSeg" / "Resources" / "UI").glob("*.ui"))
# Where a text goes that somebody reads: attributes of widgets, and functions with the arguments that are shown.
SHOWN_ATTRIBUTES = {
    *("text", "toolTip", "title", "windowTitle", "placeholderText", "statusTip", "plainText", "helpText"),
    "acknowledgementText",
}
SHOWN_BY = {
    *("setText", "setToolTip", "setWindowTitle", "setTitle", "setItemText", "addItem", "addItems", "addButton"),
    *("setHorizontalHeaderLabels", "setHeaderLabels", "setStatusTip", "setPlaceholderText", "appendPlainText"),
    *("status", "show_message", "choose", "confirm", "UserError", "QTableWidgetItem", "QListWidgetItem"),
    *("errorDisplay", "warningDisplay", "infoDisplay", "confirmOkCancelDisplay", "showStatusMessage"),
    *("getOpenFileName", "getSaveFileName", "getExistingDirectory", "enable"),
}
NAMES = {"PartialSeg", "mapping.json", "case_", "reader-1"}  # the same in every language
WORD = re.compile(r"[^\W\d_]{2,}")


def name_of(call):
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def is_translation(node):
    return isinstance(node, ast.Call) and name_of(node) in {"_", "translate"}


def plain_words(node):
    """Texts below a node that are shown as they are: not translated, and not the argument of another function."""
    if is_translation(node) or isinstance(node, (ast.Subscript, ast.Compare, ast.Lambda)):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value not in NAMES and WORD.search(node.value):
            yield node.value
    elif isinstance(node, ast.Call):
        # _("...").format(...) and ", ".join(...): what is formatted or joined is shown.
        if name_of(node) in {"format", "join", "fill", "capital", "str"}:
            for part in [node.func, *node.args, *(keyword.value for keyword in node.keywords)]:
                yield from plain_words(part)
    else:
        for child in ast.iter_child_nodes(node):
            yield from plain_words(child)


def shown(tree):
    """Every expression whose value somebody reads."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and name_of(node) in SHOWN_BY:
            yield from node.args
            yield from (keyword.value for keyword in node.keywords if keyword.arg in {"windowTitle", "text"})
        elif isinstance(node, ast.Assign):
            targets = [t for target in node.targets for t in getattr(target, "elts", [target])]
            if any(isinstance(target, ast.Attribute) and target.attr in SHOWN_ATTRIBUTES for target in targets):
                yield node.value


def untranslated(source):
    return sorted({words for node in shown(ast.parse(source)) for words in plain_words(node)})


def test_the_walk_finds_what_it_looks_for():
    source = """
a.text = f"Hello {name}"
a.toolTip = _("fine") if b == "value" else "Not fine"
raise UserError(f"{name}: " + _("{count} left").format(count="none here"))
button.setText("Press" if lines["key"] else _("ok"))
self.text = data["key"]
slicer.util.errorDisplay(_("ok"), windowTitle="PartialSeg")
"""
    assert untranslated(source) == ["Hello ", "Not fine", "Press", "none here"]


@pytest.mark.parametrize("path", PANELS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_shown_can_be_translated(path):
    assert untranslated(path.read_text(encoding="utf-8")) == []


def test_texts_are_written_where_translators_tools_find_them():
    calls = [node for path in PANELS for node in ast.walk(ast.parse(path.read_text("utf-8"))) if is_translation(node)]
    built = [ast.unparse(call) for call in calls if not all(isinstance(part, ast.Constant) for part in call.args)]
    assert len(calls) > 100 and built == []


def test_no_color_is_set_that_a_theme_would_not_fit():
    """Colors of the structures and of the ribbon's bands are data; text and backgrounds are the theme's."""
    forbidden = re.compile(
        r"styleSheet|setForeground|setBackground|setTextColor|setPalette|\.palette\s*=|color\s*[:=]\s*[\"']?#|<font|"
        r"Qt\.(black|white|red|green|blue|gray|darkGray|lightGray|yellow)\b"
    )
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{number}"
        for path in [*PANELS, *FORMS]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []
