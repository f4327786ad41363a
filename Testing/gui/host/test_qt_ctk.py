"""CTK's widgets: what a user presses, and what scripted modules hear of it."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest


@pytest.fixture
def section(qt, ctk):
    """A collapsible button with a label in it, on the screen."""
    made = ctk.ctkCollapsibleButton()
    made.text = "Inputs"
    made.setLayout(qt.QVBoxLayout())
    label = qt.QLabel("Volume:")
    label.objectName = "label"
    made.layout().addWidget(label)
    made.show()
    yield made
    made.delete()


def click_head(section):
    QTest.mouseClick(section, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(40, 10))


def test_a_section_opens_and_closes(section):
    heard = []
    section.connect("contentsCollapsed(bool)", heard.append)
    click_head(section)
    assert (section.collapsed, section.checked, section.label.visible) == (True, False, False)
    assert section.maximumHeight < 30
    click_head(section)
    assert (section.collapsed, section.label.visible) == (False, True)
    section.collapsed = True
    assert heard == [True, False, True]


def test_a_click_inside_a_section_does_not_close_it(section):
    QTest.mouseClick(section, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, section.label.pos)
    assert not section.collapsed


def test_what_the_module_hid_stays_hidden(qt, section):
    progress = qt.QProgressBar()
    section.layout().addWidget(progress)
    progress.visible = False
    section.collapsed = True
    section.collapsed = False
    assert (progress.visible, section.label.visible) == (False, True)


def test_what_is_hidden_or_shown_while_a_section_is_closed(qt, section):
    progress = qt.QProgressBar()
    section.layout().addWidget(progress)
    section.collapsed = True
    section.label.setVisible(False)
    progress.setVisible(True)
    assert not progress.visible
    section.collapsed = False
    assert (progress.visible, section.label.visible) == (True, False)


def test_a_group_box_collapses(qt, ctk):
    box = ctk.ctkCollapsibleGroupBox("Masking")
    box.setLayout(qt.QVBoxLayout())
    label = qt.QLabel("Editable area:")
    box.layout().addWidget(label)
    box.show()
    box.collapsed = True
    assert (box.checked, label.visible) == (False, False)
    box.collapsed = False
    assert label.visible
    box.hide()


def test_sliders(qt, ctk):
    heard = []
    slider = ctk.ctkSliderWidget()
    slider.decimals = 1
    slider.singleStep = 0.5
    slider.setRange(-10.0, 10.0)
    slider.connect("valueChanged(double)", heard.append)
    slider.value = 2.26
    slider.value = 99
    assert heard == [2.3, 10.0]
    slider.spinBox().stepDown()
    assert slider.value == 9.5
    QTest.keyClick(slider.slider()._slider, Qt.Key.Key_Left)
    assert slider.value == 9.0
    with pytest.raises(ValueError, match="does not exist"):
        slider.connect("valueChanged(int)", heard.append)


def test_a_double_slider_counts_in_steps(qt, ctk):
    heard = []
    slider = ctk.ctkDoubleSlider(qt.Qt.Horizontal)
    slider.setRange(0.0, 1.0)
    slider.singleStep = 0.25
    slider.connect("valueChanged(double)", heard.append)
    QTest.keyClick(slider._slider, Qt.Key.Key_Right)
    assert (heard, slider.orientation) == ([0.25], qt.Qt.Horizontal)


def test_ranges_do_not_cross(ctk):
    heard = []
    widget = ctk.ctkRangeWidget()
    widget.setRange(-1000.0, 1000.0)
    widget.connect("valuesChanged(double,double)", lambda low, high: heard.append((low, high)))
    widget.setValues(-100.0, 300.0)
    widget.minimumValue = 400.0
    assert (widget.minimumValue, widget.maximumValue) == (400.0, 400.0)
    assert heard[-1] == (400.0, 400.0)


def test_spin_boxes_have_two_signals(ctk):
    heard = []
    box = ctk.ctkDoubleSpinBox()
    box.suffix = " mm"
    box.connect("valueChanged(double)", heard.append)
    box.connect("valueChanged(QString)", heard.append)
    box.value = 2.5
    assert heard == [2.5, "2.50 mm"]


def test_a_path_is_typed_and_remembered(qt, ctk, tmp_path):
    heard = []
    edit = ctk.ctkPathLineEdit()
    edit.settingKey = "PartialSegTest/Folders"
    edit.filters = ctk.ctkPathLineEdit.Dirs
    edit.connect("currentPathChanged(QString)", heard.append)
    edit.currentPath = str(tmp_path)
    edit.addCurrentPathToHistory()
    again = ctk.ctkPathLineEdit()
    again.settingKey = "PartialSegTest/Folders"
    qt.QSettings().remove("PartialSegTest/Folders")
    assert heard == [str(tmp_path)]
    assert (edit.currentPath, again.currentPath) == (str(tmp_path), str(tmp_path))


def test_a_folder_is_chosen_with_a_dialog(ctk, tmp_path, monkeypatch):
    from PySide6.QtWidgets import QFileDialog

    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: str(tmp_path))
    heard = []
    button, edit = ctk.ctkDirectoryButton(), ctk.ctkPathLineEdit()
    button.connect("directoryChanged(QString)", heard.append)
    QTest.mouseClick(button._button, Qt.MouseButton.LeftButton)
    edit.filters = ctk.ctkPathLineEdit.Dirs
    QTest.mouseClick(edit._browse, Qt.MouseButton.LeftButton)
    assert heard == [str(tmp_path)]
    assert edit.currentPath == str(tmp_path)


def test_buttons(qt, ctk):
    heard = []
    color, check = ctk.ctkColorPickerButton(), ctk.ctkCheckablePushButton()
    color.connect("colorChanged(QColor)", lambda value: heard.append(value.name()))
    check.connect("checkBoxToggled(bool)", heard.append)
    color.color = qt.QColor(230, 159, 0)
    check.checkState = qt.Qt.Checked
    assert heard == ["#e69f00", True]
    assert (color.colorName, check.checkable) == ("#e69f00", True)


def test_a_menu_button_opens_its_menu_at_its_arrow_only(qt, ctk):
    heard = []
    button = ctk.ctkMenuButton("Segment")
    menu = qt.QMenu(button)
    menu.addAction("Add to queue")
    button.setMenu(menu)
    menu.connect("aboutToShow()", lambda: heard.append("menu"))
    menu.connect("aboutToShow()", lambda: qt.QTimer.singleShot(0, menu.close))
    button.connect("clicked()", lambda: heard.append("clicked"))
    button.show()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(10, 10))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(button.width - 8, 10))
    assert heard == ["clicked", "menu"]
    button.hide()


def test_a_list_gives_its_data_as_text(ctk):
    box = ctk.ctkComboBox()
    box.addItem("CT", "ct")
    box.addItem("MR", "mr")
    box.currentUserDataAsString = "mr"
    assert (box.currentText, box.currentUserDataAsString) == ("MR", "mr")


def test_a_message_may_be_switched_off(qt, ctk):
    box = ctk.ctkMessageBox()
    box.dontShowAgainSettingsKey = "PartialSegTest/DontAsk"
    assert (box.dontShowAgainVisible, box.dontShowAgain) == (True, False)
    box.dontShowAgain = True
    assert box.dontShowAgain
