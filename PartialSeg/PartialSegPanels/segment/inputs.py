"""What the user chooses before a run: volume, modality, model, preset, device, structures, region, output."""

from collections.abc import Callable
from typing import Any

from slicer.i18n import tr as _

from PartialSegLib.errors import UserError
from PartialSegPanels.segment.choices import Choices
from PartialSegPanels.segment.model_choice import ModelChoice
from PartialSegPanels.segment.readiness import Readiness
from PartialSegPanels.segment.scene_port import ScenePort
from PartialSegPanels.segment.structure_list import StructureList
from PartialSegPanels.segment.tasks import Request, Task
from PartialSegPanels.segment.words import device_words

AUTO = "auto"


class Inputs:
    """Keeps the widgets and the parameter node in step, and makes tasks of them.

    `changed` is called after every change that can make a difference to the run.
    """

    def __init__(self, ui: Any, context: Any, scene: ScenePort, changed: Callable[[], None]) -> None:
        self._ui, self._context, self._scene, self._changed = ui, context, scene, changed
        self.model = ModelChoice(ui, context, changed)
        self.modality = Choices(ui.modalityCombo, lambda value: self._choose("modality", value))
        self.preset = Choices(ui.presetCombo, lambda value: self._choose("preset", value))
        self.device = Choices(ui.deviceCombo, lambda value: self._choose("device", value))
        self.structures = StructureList(ui, context.label_set, self._structures_changed)
        self._guess: tuple[Any, Any] = (None, None)
        self._guess_problem = ""
        ui.framesCheckBox.connect("toggled(bool)", lambda on: changed())
        ui.regionSelector.connect("nodeAddedByUser(vtkMRMLNode*)", self._region_added)

    @property
    def volume(self) -> Any:
        """The chosen volume node."""
        return None if self._context.parameters is None else self._context.parameters.input_volume

    def fill(self) -> None:
        """List everything that can be chosen, and show the parameters."""
        parameters = self._context.parameters
        self.modality.fill(self._modalities(None), parameters.modality)
        self.preset.fill([(_("Accurate"), "accurate"), (_("Fast"), "fast")], parameters.preset)
        self.device.fill([(_("Automatic"), AUTO)], parameters.device)
        self.model.refresh()
        self.show()

    def show(self) -> None:
        """Show the parameters, after they were changed from elsewhere or the volume is another one."""
        parameters = self._context.parameters
        if parameters is None:
            return
        self.modality.show(parameters.modality)
        self.preset.show(parameters.preset)
        self.device.show(parameters.device)
        self.structures.show(parameters.structures)
        self.model.show()
        self._show_modality()
        self._ui.framesCheckBox.visible = self._scene.browser_of(self.volume) is not None
        self._ui.outputNote.text = self._output_note()
        self._ui.outputNote.visible = bool(self._ui.outputNote.text)

    def show_devices(self, devices: list[Any]) -> None:
        """List the devices that the worker has found."""
        entries = [(_("Automatic: {device}").format(device=device_words(devices[0])), AUTO)] if devices else []
        entries += [(device_words(device), device.key) for device in devices]
        parameters = self._context.parameters
        self.device.fill(entries or [(_("Automatic"), AUTO)], AUTO if parameters is None else parameters.device)

    def readiness(self) -> Readiness:
        """What is in the way of a run."""
        return Readiness(
            has_volume=self.volume is not None,
            volume_problem=self._guess_problem,
            has_model=self.model.model is not None,
            n_structures=len(self.structures.checked),
            region_problem=self._region()[1],
            output_problem=self._scene.output_problem(self.volume, self._output, self._browser is not None),
        )

    def task(self) -> Task:
        """A task of what is chosen now."""
        browser = self._browser
        return Task(
            title=self.volume.GetName(),
            volume_id=self.volume.GetID(),
            request=self.request(),
            output_id=None if self._output is None else self._output.GetID(),
            browser_id=None if browser is None else browser.GetID(),
            frames=(None,) if browser is None else tuple(range(self._scene.n_frames(browser))),
        )

    def request(self) -> Request:
        """What is chosen now but for the volume."""
        modality = self.modality.value
        return Request(
            model=self.model.path,
            device=self.device.value or AUTO,
            preset=self.preset.value,
            modality=None if modality in (AUTO, "") else modality,
            structures=None if self.structures.is_all else self.structures.checked,
            region=self._region()[0],
        )

    @property
    def _browser(self) -> Any:
        """The sequence whose frames are all wanted; None for one volume."""
        return self._scene.browser_of(self.volume) if self._ui.framesCheckBox.checked else None

    @property
    def _output(self) -> Any:
        return None if self._context.parameters is None else self._context.parameters.output_segmentation

    def _choose(self, name: str, value: str) -> None:
        if self._context.parameters is not None:
            setattr(self._context.parameters, name, value)
        self._show_modality()
        self._changed()

    def _structures_changed(self) -> None:
        # Nothing checked and everything checked must not look the same in the scene: nothing is not kept.
        if self._context.parameters is not None:
            checked = self.structures.checked
            self._context.parameters.structures = [] if self.structures.is_all else list(checked)
        self._changed()

    def _region(self) -> tuple[Any, str]:
        """Voxel ranges of the chosen region, and what is wrong with it."""
        parameters = self._context.parameters
        if parameters is None or parameters.region is None or self.volume is None:
            return None, ""
        try:
            return self._scene.region(parameters.region, self.volume), ""
        except UserError as error:
            return None, str(error)

    def _region_added(self, node: Any) -> None:
        if node is not None and self.volume is not None:
            self._scene.fit_region(node, self.volume)

    def _show_modality(self) -> None:
        guess = self._guess_of(self.volume)
        for value, text in ((entry, text) for text, entry in self._modalities(guess)):
            self.modality.say(value, text)
        chosen = self.modality.value
        note = ""
        if guess is not None and chosen == AUTO and not guess.confident:
            note = _("Not sure: {reason}").format(reason=guess.reason)
        elif guess is not None and chosen not in (AUTO, guess.modality):
            note = _("The values look like {guess}: {reason}").format(guess=guess.modality.upper(), reason=guess.reason)
        tip = _("Told from the voxels; choose yourself where that is wrong")
        self._ui.modalityCombo.toolTip = tip if guess is None else f"{tip}\n{guess.reason}"
        self._ui.modalityNote.text = note
        self._ui.modalityNote.visible = bool(note)

    def _guess_of(self, volume: Any) -> Any:
        """The modality by the voxels, kept until the volume or its voxels change."""
        key = None if volume is None else (volume.GetID(), self._scene.voxels_changed(volume))
        if key != self._guess[0]:
            guess, self._guess_problem = None, ""
            if volume is not None:
                try:
                    guess = self._scene.modality(volume)
                except UserError as error:
                    self._guess_problem = str(error)
            self._guess = (key, guess)
        return self._guess[1]

    def _modalities(self, guess: Any) -> list[tuple[str, str]]:
        found = _("Automatic") if guess is None else _("Automatic: {guess}").format(guess=guess.modality.upper())
        return [(found, AUTO), (_("CT"), "ct"), (_("MR"), "mr")]

    def _output_note(self) -> str:
        if self._output is None:
            return ""
        names = self._scene.protected_names(self._output)
        if not names:
            return _("All segments are refreshed. Lock a segment in the Annotate tab to keep it.")
        return _("Stay as they are: {names}").format(names=", ".join(names))
