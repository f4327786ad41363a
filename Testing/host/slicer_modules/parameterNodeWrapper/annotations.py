"""What may stand in Annotated[type, ...] of a parameter: a default, limits of the value, hints for its widget."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Default:
    value: Any


@dataclass(frozen=True)
class Decimals:
    value: int


@dataclass(frozen=True)
class SingleStep:
    value: float


class Validator:
    """Raises ValueError for a value that the parameter must not have."""

    def validate(self, value):
        raise NotImplementedError


@dataclass(frozen=True)
class WithinRange(Validator):
    minimum: float
    maximum: float

    def validate(self, value):
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


@dataclass(frozen=True)
class Minimum(Validator):
    minimum: float

    def validate(self, value):
        if value < self.minimum:
            raise ValueError(f"Value must not be less than {self.minimum}, is {value}")


@dataclass(frozen=True)
class Maximum(Validator):
    maximum: float

    def validate(self, value):
        if value > self.maximum:
            raise ValueError(f"Value must not be greater than {self.maximum}, is {value}")


@dataclass(frozen=True)
class Choice(Validator):
    choices: list

    def validate(self, value):
        if value not in self.choices:
            raise ValueError(f"Value is {value}, but must be one of {self.choices}")
