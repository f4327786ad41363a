"""CTK's inputs: paths, folders, lists, messages."""

import enum
from pathlib import Path
from typing import Any

from PySide6.QtCore import Property, QSettings, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QToolButton,
    QWidget,
)

from Testing.host.qt_properties import kept, with_setters

_HISTORY = 10


class PathFilters(enum.IntFlag):
    """What a path may be (QDir's filters)."""

    Dirs = 0x1
    Files = 0x2
    Drives = 0x4
    NoSymLinks = 0x8
    Readable = 0x10
    Writable = 0x20
    Executable = 0x40
    Hidden = 0x100


@with_setters
class ctkPathLineEdit(QWidget):  # noqa: N801  CTK's name
    """A path that is typed, chosen from earlier ones, or browsed for."""

    Dirs, Files, Readable, Writable = PathFilters.Dirs, PathFilters.Files, PathFilters.Readable, PathFilters.Writable
    currentPathChanged = Signal(str)  # noqa: N815
    validInputChanged = Signal(bool)  # noqa: N815
    label = kept(str, "label", "")
    filters = kept(int, "filters", int(PathFilters.Files))
    options = kept(int, "options", 0)
    settingKey = kept(str, "settingKey", "", "retrieveHistory")  # noqa: N815
    showBrowseButton = kept(bool, "showBrowseButton", True, "_show")  # noqa: N815
    showHistoryButton = kept(bool, "showHistoryButton", True)  # noqa: N815
    minimumContentsLength = kept(int, "minimumContentsLength", 0)  # noqa: N815
    nameFilters = kept("QStringList", "nameFilters", [])  # noqa: N815

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = QComboBox(self)
        self._list.setEditable(True)
        self._list.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self._browse = QToolButton(self)
        self._browse.setText("…")
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._list, 1)
        box.addWidget(self._browse)
        self.setFocusProxy(self._list)
        self._list.editTextChanged.connect(self._edited)
        self._browse.clicked.connect(self.browse)

    def _line(self) -> QLineEdit:
        line = self._list.lineEdit()
        assert line is not None
        return line

    currentPath = Property(  # noqa: N815
        str, lambda self: self._list.currentText(), lambda self, path: self._list.setEditText(path)
    )

    def addCurrentPathToHistory(self) -> None:  # noqa: N802
        """Keep the current path among the earlier ones."""
        path = self._list.currentText()
        if not path:
            return
        paths = [path, *(self._list.itemText(index) for index in range(self._list.count()))]
        kept_paths = list(dict.fromkeys(paths))[:_HISTORY]
        if self.settingKey:
            QSettings().setValue(self.settingKey, kept_paths)
        self._fill(kept_paths)

    def retrieveHistory(self) -> None:  # noqa: N802
        """Read the earlier paths of the settings."""
        found = QSettings().value(self.settingKey, [])
        self._fill([found] if isinstance(found, str) else list(found or []))
        if self._list.count():
            self._list.setCurrentIndex(0)

    def browse(self) -> None:
        """Ask the user with a file dialog."""
        path = self._list.currentText()
        if self.filters & PathFilters.Dirs and not self.filters & PathFilters.Files:
            chosen = QFileDialog.getExistingDirectory(self, self.label, path)
        elif self.filters & PathFilters.Writable:
            chosen = QFileDialog.getSaveFileName(self, self.label, path, ";;".join(self.nameFilters))[0]
        else:
            chosen = QFileDialog.getOpenFileName(self, self.label, path, ";;".join(self.nameFilters))[0]
        if chosen:
            self._list.setEditText(chosen)
            self.addCurrentPathToHistory()

    def _fill(self, paths: list[str]) -> None:
        current = self._list.currentText()
        blocked = self._list.blockSignals(True)
        self._list.clear()
        self._list.addItems(paths)
        self._list.setEditText(current)
        self._list.blockSignals(blocked)

    def _show(self) -> None:
        self._browse.setVisible(self.showBrowseButton)

    def _edited(self, path: str) -> None:
        self.currentPathChanged.emit(path)
        self.validInputChanged.emit(Path(path).exists())


@with_setters
class ctkDirectoryButton(QWidget):  # noqa: N801
    """A button that shows a folder and asks for another when it is pressed."""

    directoryChanged = Signal(str)  # noqa: N815
    directorySelected = Signal(str)  # noqa: N815
    directory = kept(str, "directory", ".", "_changed")
    caption = kept(str, "caption", "")
    text = kept(str, "text", "", "_show")
    icon = kept(QIcon, "icon", QIcon())
    elideMode = kept(Qt.TextElideMode, "elideMode", Qt.TextElideMode.ElideMiddle)  # noqa: N815

    def __init__(self, *args: Any) -> None:
        super().__init__(args[-1] if args and isinstance(args[-1], QWidget) else None)
        self._button = QPushButton(self)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._button)
        self._button.clicked.connect(self.browse)
        if args and isinstance(args[0], str):
            self.setDirectory(args[0])
        self._show()

    def browse(self) -> None:
        """Ask the user with a file dialog."""
        chosen = QFileDialog.getExistingDirectory(self, self.caption, self.directory)
        if chosen:
            self.setDirectory(chosen)
            self.directorySelected.emit(chosen)

    def _changed(self) -> None:
        self._show()
        self.directoryChanged.emit(self.directory)

    def _show(self) -> None:
        self._button.setText(self.text or self.directory)


@with_setters
class ctkComboBox(QComboBox):  # noqa: N801
    """A list with a text for when nothing is chosen."""

    defaultText = kept(str, "defaultText", "")  # noqa: N815
    defaultIcon = kept(QIcon, "defaultIcon", QIcon())  # noqa: N815
    elideMode = kept(Qt.TextElideMode, "elideMode", Qt.TextElideMode.ElideNone)  # noqa: N815

    def _data(self) -> str:
        return str(self.currentData() or "")

    currentUserDataAsString = Property(  # noqa: N815
        str, _data, lambda self, data: self.setCurrentIndex(self.findData(data))
    )


@with_setters
class ctkMessageBox(QMessageBox):  # noqa: N801
    """A message box that may be told not to come again."""

    dontShowAgainSettingsKey = kept(str, "dontShowAgainSettingsKey", "", "_read")  # noqa: N815

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QCheckBox("Don't show this message again")

    dontShowAgain = Property(  # noqa: N815
        bool, lambda self: self._box.isChecked(), lambda self, on: self._box.setChecked(on)
    )

    def _set_visible(self, visible: bool) -> None:
        self.setCheckBox(self._box if visible else None)

    dontShowAgainVisible = Property(  # noqa: N815
        bool, lambda self: self.checkBox() is not None, _set_visible
    )

    def _read(self) -> None:
        found = QSettings().value(self.dontShowAgainSettingsKey, 0)
        self._set_visible(True)
        self._box.setChecked(str(found) not in ("0", "", "false", str(int(QMessageBox.StandardButton.NoButton.value))))


class ctkSearchBox(QLineEdit):  # noqa: N801
    """A line to search in something."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setClearButtonEnabled(True)
        self.setPlaceholderText("Search...")
