"""Signals are connected by their C++ signature, as PythonQt does it."""

import gc
import weakref

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest


@pytest.fixture
def button(qt):
    """A push button that can be pressed."""
    made = qt.QPushButton("Segment")
    made.checkable = True
    return made


def test_a_slot_gets_the_arguments_it_takes(button):
    heard = []
    button.connect("clicked()", lambda: heard.append("none"))
    button.connect("clicked(bool)", lambda: heard.append("trimmed"))
    button.connect("clicked(bool)", lambda checked: heard.append(checked))
    button.connect("2clicked( bool )", lambda *args: heard.append(args))
    button.clicked.connect(lambda: heard.append("new style"))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert heard == ["none", "trimmed", True, (True,), "new style"]


def test_methods_and_builtins_are_slots(button):
    class Panel:
        def __init__(self):
            self.heard = []

        def on_clicked(self, checked=None):
            self.heard.append(checked)

    panel = Panel()
    button.connect("clicked(bool)", panel.on_clicked)
    button.connect("toggled(bool)", panel.heard.append)
    button.click()
    assert panel.heard == [True, True]


@pytest.mark.parametrize("signal", ["pushed()", "clicked(int)", "clicked"])
def test_an_unknown_signal_is_refused(button, signal):
    with pytest.raises(ValueError, match=r"[sS]ignal"):
        button.connect(signal, lambda: None)
    with pytest.raises(ValueError, match=r"[sS]ignal"):
        button.disconnect(signal, lambda: None)


def test_signals_newer_than_slicers_qt_are_refused(qt):
    with pytest.raises(ValueError, match="does not exist"):
        qt.QCheckBox().connect("checkStateChanged(Qt::CheckState)", lambda: None)


def test_only_callables_are_connected(button):
    with pytest.raises(TypeError, match="cannot be called"):
        button.connect("clicked()", None)


def test_disconnect_takes_away_one_or_all(button):
    heard = []

    def first():
        heard.append(1)

    button.connect("clicked()", first)
    button.connect("clicked()", lambda: heard.append(2))
    assert button.disconnect("clicked()", first)
    assert not button.disconnect("clicked()", first)
    button.click()
    assert heard == [2]
    assert button.disconnect("clicked()")
    button.click()
    assert heard == [2]


def test_a_signal_goes_to_a_slot_of_another_object(qt):
    slider, spin = qt.QSlider(), qt.QSpinBox()
    assert slider.connect("valueChanged(int)", spin, "setValue(int)")
    slider.value = 7
    assert spin.value == 7
    assert slider.disconnect("valueChanged(int)", spin, "setValue(int)")
    slider.value = 8
    assert spin.value == 7


def test_a_signal_can_be_sent(qt, button):
    heard = []
    button.connect("clicked(bool)", heard.append)
    button.clicked.emit(True)
    button.clicked(False)
    assert heard == [True, False]


def test_signals_of_python_classes(qt):
    class Worker(qt.QObject):
        done = qt.Signal(str)

    worker, heard = Worker(), []
    worker.connect("done(QString)", heard.append)
    worker.done.connect(heard.append)
    worker.done.emit("liver")
    assert heard == ["liver", "liver"]


def test_a_connection_keeps_what_it_calls_and_goes_with_the_sender(qt):
    class Panel:
        def on_clicked(self):
            pass

    button, panel = qt.QPushButton(), Panel()
    button.connect("clicked()", panel.on_clicked)
    seen = weakref.ref(panel)
    del panel
    gc.collect()
    assert seen() is not None
    button.click()
    button.delete()
    gc.collect()
    assert seen() is None


def test_what_a_slot_raises_is_remembered(qt, button, capsys):
    from Testing.host import qt_module

    def slot():
        raise KeyError("liver")

    button.connect("clicked()", slot)
    button.click()
    assert [type(error) for error in qt_module.errors] == [KeyError]
    assert "liver" in capsys.readouterr().err
    qt_module.errors.clear()


def test_timers_call_back(qt, host):
    heard = []
    timer = qt.QTimer()
    timer.setInterval(1)
    timer.connect("timeout()", lambda: heard.append("timer"))
    timer.start()
    qt.QTimer.singleShot(1, lambda: heard.append("once"))
    assert host.wait_for(lambda: {"timer", "once"} <= set(heard), 5)
    timer.stop()
