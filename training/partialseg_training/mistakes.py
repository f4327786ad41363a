"""What is wrong with settings, in one line."""

from pydantic import ValidationError


def first_mistake(error: ValidationError) -> str:
    """Key and reason of the first thing that pydantic found, the reason alone where it concerns several keys."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    reason = first["msg"].removeprefix("Value error, ")
    return f"{key}: {reason}" if key else reason
