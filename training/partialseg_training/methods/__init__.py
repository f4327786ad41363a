"""Training methods by name."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SerializeAsAny, ValidationError

from partialseg_training.methods.base import Batch, Forward, Method, Stages
from partialseg_training.methods.dodnet import DoDNet
from partialseg_training.methods.progressive import Progressive
from partialseg_training.methods.scribble import Scribble
from partialseg_training.methods.selected_partial import SelectedPartial
from partialseg_training.methods.self_disambiguation import SelfDisambiguation
from partialseg_training.methods.supervised import Supervised
from partialseg_training.methods.universal import Universal
from partialseg_training.mistakes import first_mistake

METHODS: dict[str, type[Method]] = {
    method.model_fields["name"].default: method
    for method in (SelfDisambiguation, Scribble, SelectedPartial, Universal, Progressive, DoDNet, Supervised)
}
DEFAULT = "self_disambiguation"

__all__ = ["DEFAULT", "METHODS", "AnyMethod", "Batch", "Forward", "Method", "Stages"]


def _from_name(value: Any) -> Any:
    """A method is given as its name, as a mapping of settings and perhaps its name, or as it is."""
    if isinstance(value, Method):
        return value
    settings = {"name": value} if isinstance(value, str) else value
    if not isinstance(settings, dict):
        raise ValueError("give the name of a method, or its name and settings")
    name = settings.get("name", DEFAULT)
    if name not in METHODS:
        raise ValueError(f"method {name!r} is unknown: choose one of {', '.join(METHODS)}")
    try:
        return METHODS[name](**settings)
    except ValidationError as error:
        raise ValueError(f"{name}: {first_mistake(error)}") from error


AnyMethod = Annotated[SerializeAsAny[Method], BeforeValidator(_from_name), Field(validate_default=True)]
