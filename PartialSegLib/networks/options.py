"""Options of a network, checked against the signature of its class."""

import inspect
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError, create_model

from PartialSegLib.errors import UserError

# What constructors annotate their options with.
Count = Annotated[int, Field(ge=1)]
Counts = Annotated[Sequence[Count], Field(min_length=1)]


def check_options(name: str, network: type, options: dict[str, Any]) -> None:
    """Raise UserError naming the first of `options` that the constructor of `network` does not take as it is."""
    parameters = inspect.signature(network).parameters.values()
    fields: dict[str, Any] = {p.name: (p.annotation, ... if p.default is p.empty else p.default) for p in parameters}
    model = create_model(name, __config__=ConfigDict(extra="forbid", strict=True), **fields)
    try:
        model.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UserError(f"network {name!r} has no option {key!r}: choose from {', '.join(fields)}") from error
        if first["type"] == "missing":
            raise UserError(f"network {name!r} needs the option {key!r}") from error
        reason = f"{first['msg']}, not {first['input']!r}"
        raise UserError(f"network {name!r}: option {key!r}: {reason}") from error
