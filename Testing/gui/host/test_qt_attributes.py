"""Qt objects have PythonQt's attributes for scripted modules, PySide's methods for the host."""

import pytest


def test_properties_are_attributes(qt):
    box = qt.QCheckBox("Both kidneys")
    box.checked = True
    box.toolTip = "Right and left"
    assert (box.text, box.checked, box.toolTip, box.enabled) == ("Both kidneys", True, "Right and left", True)
    box.setText("Spleen")
    assert box.text == "Spleen"


def test_a_property_is_not_a_method(qt):
    with pytest.raises(TypeError, match="not callable"):
        qt.QLabel("liver").text()


def test_unknown_attributes_are_refused(qt):
    label = qt.QLabel()
    with pytest.raises(AttributeError, match="QLabel has no attribute named 'tooltip'"):
        _ = label.tooltip
    with pytest.raises(AttributeError, match="creating new attributes on C\\+\\+ objects is not allowed"):
        label.tooltip = "no such property"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("text", 5, "does not accept an object of type int"),
        ("text", None, "does not accept an object of type NoneType"),
        ("minimumSizeHint", None, "is not writable"),
        ("setText", None, "Method 'setText' can not be overwritten"),
        ("linkActivated", None, "Signal 'linkActivated' can not be overwritten"),
    ],
)
def test_what_cannot_be_written(qt, name, value, words):
    with pytest.raises(AttributeError, match=words):
        setattr(qt.QLabel(), name, value)


def test_methods_take_no_keywords(qt):
    with pytest.raises(TypeError, match="no keyword arguments"):
        qt.QLabel().setText(text="liver")


def test_lists_come_as_tuples(qt):
    parent = qt.QWidget()
    labels = (qt.QLabel(parent), qt.QLabel(parent))
    assert parent.findChildren(qt.QLabel) == labels


def test_objects_that_qt_made_have_them_too(qt):
    tabs = qt.QTabWidget()
    tabs.addTab(qt.QWidget(), "Segment")
    heard = []
    tabs.tabBar().connect("currentChanged(int)", heard.append)
    tabs.addTab(qt.QWidget(), "Annotate")
    tabs.tabBar().currentIndex = 1
    assert heard == [1]
    assert tabs.tabBar().count == 2


def test_children_by_name_and_dynamic_properties(qt):
    parent = qt.QWidget()
    child = qt.QLabel("liver", parent)
    child.objectName = "organ"
    child.setProperty("SlicerParameterName", "organ")
    assert parent.organ is child
    assert child.name == "organ"
    assert child.SlicerParameterName == "organ"


def test_a_python_class_keeps_its_own_attributes_and_overrides(qt, host):
    class Ribbon(qt.QWidget):
        def __init__(self):
            qt.QWidget.__init__(self)
            self.states = [1, 2]
            self.painted = 0

        def sizeHint(self):  # noqa: N802
            return qt.QSize(123, 45)

        def paintEvent(self, event):  # noqa: N802
            self.painted = self.width

    ribbon = Ribbon()
    ribbon.toolTip = "Slices"
    assert (ribbon.states, ribbon.sizeHint().width(), ribbon.toolTip) == ([1, 2], 123, "Slices")
    ribbon.adjustSize()
    ribbon.show()
    ribbon.grab()
    assert (ribbon.painted, ribbon.width) == (123, 123)
    del ribbon.states
    with pytest.raises(AttributeError):
        _ = ribbon.states
    with pytest.raises(AttributeError, match="'update' can not be overwritten"):
        ribbon.update = 1
    ribbon.hide()


def test_deleted_objects_say_so(qt):
    label = qt.QLabel("liver")
    assert label.className() == "QLabel"
    label.delete()
    with pytest.raises(ValueError, match="destroyed QLabel"):
        _ = label.text


def test_enumerations_are_numbers(qt):
    assert qt.Qt.Checked == 2
    assert qt.Qt.Key_C == ord("C")
    assert {qt.Qt.Checked: "yes"}[qt.QCheckBox().checkState() or qt.Qt.Checked] == "yes"
    assert int(qt.Qt.AlignRight) == 2
    assert not qt.Qt.Unchecked
    assert qt.Qt.PartiallyChecked < qt.Qt.Checked
    assert qt.QLabel().alignment == qt.Qt.AlignLeft | qt.Qt.AlignVCenter
    assert qt.QMessageBox.Yes != qt.QMessageBox.No


def test_numbers_may_be_given_for_enumerations(qt):
    label = qt.QLabel()
    label.focusPolicy = 2
    assert label.focusPolicy == qt.Qt.ClickFocus


def test_the_host_sees_methods(qt):
    from Testing.host import qt_attributes

    assert qt_attributes.is_insider("Testing.host.views")
    assert qt_attributes.is_insider("trame_slicer.core.view_manager")
    for outsider in (__name__, "PartialSegPanels.shell", "Testing.host.slicer_modules.i18n", "slicer.util", "traming"):
        assert not qt_attributes.is_insider(outsider)


def test_dialogs_answer_with_one_value(qt, monkeypatch):
    from Testing.host import qt_statics

    def asked(answer):
        return qt_statics._answer("getText", lambda *args: answer)

    assert asked(("/data/case.nii.gz", "All (*)"))(None, "Open") == "/data/case.nii.gz"
    assert asked((["a", "b"], "All (*)"))(None, "Open") == ("a", "b")
    accepted = qt.BoolResult()
    assert asked(("reader-1", True))(None, "Name", accepted) == "reader-1"
    assert accepted
    with pytest.raises(TypeError, match="no keyword"):
        asked(("", ""))(None, caption="Open")


def test_pythonqt_is_the_same_module(qt):
    from PythonQt import QtGui

    assert QtGui.QPushButton is qt.QPushButton
    assert issubclass(qt.QPushButton, qt.QWidget)
    assert isinstance(qt.QPushButton(), qt.QAbstractButton)


def test_painters_and_blockers_are_no_context_managers(qt):
    label, image = qt.QLabel(), qt.QImage(4, 4, qt.QImage.Format_RGB32)
    heard = []
    label.connect("objectNameChanged(QString)", heard.append)
    blocker = qt.QSignalBlocker(label)
    label.objectName = "quiet"
    blocker.unblock()
    label.objectName = "loud"
    assert heard == ["loud"]
    painter = qt.QPainter()
    assert painter.begin(image)
    painter.end()
    for make in (lambda: qt.QSignalBlocker(label), lambda: qt.QPainter(image)):
        with pytest.raises(TypeError), make():
            pass


def test_none_outlives_many_calls(qt):
    import sys

    label = qt.QLabel()
    for _ in range(1000):
        label.setText("liver")
    # From 3.12 on None is never freed; before, there must be more references than PySide's calls can take away.
    assert sys.version_info >= (3, 12) or sys.getrefcount(None) > 1 << 32
