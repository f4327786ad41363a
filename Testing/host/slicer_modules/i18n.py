"""Stand-in for slicer.i18n: gives back the text, unless the application was told of translations."""

import inspect
from pathlib import Path

__all__ = ["getContext", "tr", "translate"]


def translate(context, text):
    import slicer

    return slicer.app.translate(context, text)


def getContext(sourceFile):  # noqa: N802, N803
    """Where a text comes from: the file's name, with its package's name when it lies in one."""
    source = Path(sourceFile)
    in_package = (source.parent / "__init__.py").is_file()
    return f"{source.parent.name}.{source.stem}" if in_package else source.stem


def tr(text):
    caller = inspect.currentframe().f_back
    return translate(getContext(caller.f_code.co_filename), text)
