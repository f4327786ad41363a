"""How widgets show a parameter and give it back: one connector for each kind of widget that Slicer connects."""

import enum
import pathlib
import typing

import ctk
import qt
import slicer

from .annotations import Choice, Decimals, Maximum, Minimum, SingleStep, WithinRange

SLICER_PARAMETER_NAME = "SlicerParameterName"


def make_connector(widget, declared):
    """The connector of a widget to a parameter of a declared type; an exception where Slicer has none."""
    kind, *notes = typing.get_args(declared) if typing.get_origin(declared) is typing.Annotated else (declared,)
    for connector in (_Check, _CheckableButton, _Integer, _Float, _EnumList, _ChoiceList, _Line, _Label, _Text, _Path,
                      _Directory, _Node):  # fmt: skip
        if connector.fits(widget, kind):
            return connector(widget, kind, notes)
    raise Exception(f"Unable to find a connector for a {type(widget).__name__} to {kind}")


class Connector:
    """Shows a value in a widget; calls back when the user changed it."""

    signal = ""
    widgets: typing.ClassVar = staticmethod(lambda: ())

    def __init__(self, widget, kind, notes):
        self.widget = widget
        self.kind = kind
        self.notes = notes
        self.callback = None

    def connect(self, callback):
        self.callback = callback
        if self.signal:
            self.widget.connect(self.signal, self._changed)

    def disconnect(self):
        if self.signal and self.callback:
            self.widget.disconnect(self.signal, self._changed)
        self.callback = None

    def _changed(self, *_):
        if self.callback:
            self.callback()

    @classmethod
    def fits(cls, widget, kind):
        return type(widget) in cls.widgets() and cls.holds(kind)

    @staticmethod
    def holds(kind):
        raise NotImplementedError


class _Check(Connector):
    signal = "stateChanged(int)"
    widgets = staticmethod(lambda: (qt.QCheckBox, ctk.ctkCheckBox))

    @staticmethod
    def holds(kind):
        return kind is bool

    def read(self):
        return self.widget.checked

    def write(self, value):
        self.widget.checked = value


class _CheckableButton(_Check):
    signal = "toggled(bool)"
    widgets = staticmethod(lambda: (qt.QPushButton, ctk.ctkCheckablePushButton))


class _Number(Connector):
    def __init__(self, widget, kind, notes):
        super().__init__(widget, kind, notes)
        for note in notes:
            if isinstance(note, (WithinRange, Minimum)):
                widget.minimum = note.minimum
            if isinstance(note, (WithinRange, Maximum)):
                widget.maximum = note.maximum
            if isinstance(note, Decimals):
                widget.decimals = note.value
            if isinstance(note, SingleStep):
                widget.singleStep = note.value

    def read(self):
        return self.kind(self.widget.value)

    def write(self, value):
        self.widget.value = value


class _Integer(_Number):
    signal = "valueChanged(int)"
    widgets = staticmethod(lambda: (qt.QSlider, qt.QSpinBox))

    @staticmethod
    def holds(kind):
        return kind is int


class _Float(_Number):
    signal = "valueChanged(double)"
    widgets = staticmethod(
        lambda: (
            qt.QDoubleSpinBox,
            ctk.ctkSliderWidget,
            ctk.ctkDoubleSlider,
            ctk.ctkDoubleSpinBox,
            slicer.qMRMLSliderWidget,
        )
    )

    @staticmethod
    def holds(kind):
        return kind in (int, float)


class _List(Connector):
    signal = "currentIndexChanged(int)"
    widgets = staticmethod(lambda: (qt.QComboBox, ctk.ctkComboBox))

    def __init__(self, widget, kind, notes):
        super().__init__(widget, kind, notes)
        self.values = self.choices()
        widget.clear()
        for value in self.values:
            widget.addItem(self.label(value))

    def choices(self):
        raise NotImplementedError

    def label(self, value):
        return str(value)

    def read(self):
        return self.values[self.widget.currentIndex]

    def write(self, value):
        self.widget.currentIndex = self.values.index(value)


class _ChoiceList(_List):
    @staticmethod
    def holds(kind):
        return kind in (int, float, str, bool)

    def choices(self):
        found = [note.choices for note in self.notes if isinstance(note, Choice)]
        if not found:
            raise Exception("A combo box needs the Choice validator on its parameter")
        return list(found[0])


class _EnumList(_List):
    @staticmethod
    def holds(kind):
        return isinstance(kind, type) and issubclass(kind, enum.Enum)

    def choices(self):
        return list(self.kind)

    def label(self, value):
        return value.label() if hasattr(value, "label") else value.name


class _Line(Connector):
    signal = "textChanged(QString)"
    widgets = staticmethod(lambda: (qt.QLineEdit,))

    @staticmethod
    def holds(kind):
        return kind is str

    def read(self):
        return self.widget.text

    def write(self, value):
        # Writing the same text again would move the cursor to the end while the user types.
        if self.widget.text != value:
            self.widget.text = value


class _Label(_Line):
    signal = ""
    widgets = staticmethod(lambda: (qt.QLabel,))


class _Text(_Line):
    signal = "textChanged()"
    widgets = staticmethod(lambda: (qt.QTextEdit,))

    def read(self):
        return self.widget.plainText

    def write(self, value):
        if self.widget.plainText != value:
            self.widget.plainText = value


class _Path(Connector):
    signal = "currentPathChanged(QString)"
    widgets = staticmethod(lambda: (ctk.ctkPathLineEdit,))

    @staticmethod
    def holds(kind):
        return isinstance(kind, type) and issubclass(kind, pathlib.PurePath)

    def read(self):
        return self.kind(self.widget.currentPath)

    def write(self, value):
        self.widget.currentPath = str(value)


class _Directory(_Path):
    signal = "directoryChanged(QString)"
    widgets = staticmethod(lambda: (ctk.ctkDirectoryButton,))

    def read(self):
        return self.kind(self.widget.directory)

    def write(self, value):
        self.widget.directory = str(value)


class _Node(Connector):
    signal = "currentNodeChanged(vtkMRMLNode*)"
    widgets = staticmethod(lambda: (slicer.qMRMLNodeComboBox,))

    @staticmethod
    def holds(kind):
        members = [one for one in typing.get_args(kind) or (kind,) if one is not type(None)]
        return all(isinstance(one, type) and issubclass(one, slicer.vtkMRMLNode) for one in members)

    def read(self):
        return self.widget.currentNode()

    def write(self, value):
        self.widget.setCurrentNode(value)
