"""Optional parts of PartialSeg, which need packages of their own."""

from PartialSegLib.errors import UserError


def missing_extra(error: ModuleNotFoundError, extra: str) -> UserError:
    """The UserError for a package that only an optional part of PartialSeg needs."""
    name = error.name
    return UserError(
        f"this needs the package {name}: install it with pip install 'partialseg[{extra}]', "
        f"in 3D Slicer with slicer.util.pip_install('{name}')"
    )
