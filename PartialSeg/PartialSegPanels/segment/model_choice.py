"""The model selector: what is installed, what is known of it, and installing another from a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from PartialSegPanels.segment.choices import Choices


class ModelChoice:
    """Lists the installed models; the value of the parameter is a model's folder, empty for the one that ships."""

    def __init__(self, ui: Any, context: Any, changed: Callable[[], None]) -> None:
        self._ui = ui
        self._context = context
        self._changed = changed
        self._models: dict[str, Any] = {}
        self.choices = Choices(ui.modelCombo, self._picked)
        ui.installModelButton.connect("clicked()", self.install_from_file)

    @property
    def model(self) -> Any:
        """The chosen ModelInfo, None when none is installed."""
        return self._models.get(self.choices.value)

    @property
    def path(self) -> Path | None:
        """Folder of the chosen model."""
        return None if self.model is None else Path(self.model.path)

    def refresh(self, wanted: str | None = None) -> None:
        """Read what is installed, and show `wanted` (a folder), else what the parameters say."""
        from PartialSegLib.models import installed_models

        self._models = {str(model.path): model for model in installed_models()}
        entries = [(f"{model.name} {model.version}", path) for path, model in self._models.items()]
        self.choices.fill(entries, wanted or self._wanted())
        self._describe()

    def show(self) -> None:
        """Show what the parameters say."""
        self.choices.show(self._wanted())
        self._describe()

    def install_from_file(self) -> None:
        """Ask for a file and install it; the window stays alive while its hashes are checked."""
        path = qt.QFileDialog.getOpenFileName(
            slicer.util.mainWindow(), _("Install model from file"), "", _("PartialSeg model (*.zip)")
        )
        if path:
            self.install(Path(path))

    def install(self, path: Path) -> None:
        """Install the model in a .zip file or a folder, then choose it."""
        from PartialSegLib.models import install_model

        self._busy(True)
        self._context.timers.thread(lambda: install_model(path), self._installed, self._failed)

    def _installed(self, model: Any) -> None:
        self._busy(False)
        self.refresh(str(model.path))
        self._picked(str(model.path))
        self._context.status(_("Installed {name} {version}").format(name=model.name, version=model.version))

    def _failed(self, error: Exception) -> None:
        self._busy(False)
        self._context.show_error(error)

    def _busy(self, busy: bool) -> None:
        self._ui.installModelButton.enabled = not busy
        self._ui.installModelButton.text = _("Installing...") if busy else _("Install model from file...")

    def _wanted(self) -> str:
        """What this scene says, or else what this user chose last."""
        return self._context.parameters.model or self._context.setting("model")

    def _picked(self, path: str) -> None:
        self._context.set_setting("model", path)
        if self._context.parameters is not None:
            self._context.parameters.model = path
        self._describe()
        self._changed()

    def _describe(self) -> None:
        model = self.model
        parts = [model.date, model.metrics] if model else [_("No model is installed")]
        self._ui.modelNote.text = ". ".join(part for part in parts if part)
