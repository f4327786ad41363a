"""The `ctk` module of the stand-in host: widgets written from what CTK's headers declare of them."""

from types import ModuleType

from PySide6.QtWidgets import QWidget

from Testing.host import ctk_buttons, ctk_inputs, ctk_sliders, ui_loader

CLASSES: tuple[type[QWidget], ...] = tuple(
    found
    for source in (ctk_buttons, ctk_inputs, ctk_sliders)
    for name, found in vars(source).items()
    if name.startswith("ctk")
)


def make() -> ModuleType:
    """The module, whose classes .ui files may then name."""
    module = ModuleType("ctk", "CTK as PythonQt shows it (stand-in host).")
    for cls in CLASSES:
        setattr(module, cls.__name__, cls)
    ui_loader.register(*CLASSES)
    return module
