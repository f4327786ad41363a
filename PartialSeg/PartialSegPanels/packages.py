"""Python packages of this Slicer: which are there, and pip for those that are not.

Slicer 5.12 does this in slicer.packaging, with a progress dialog; Slicer 5.10 has no such module yet.
"""

from importlib import metadata
from pathlib import Path
from types import ModuleType

import slicer
import slicer.util


def requirements_in(path: str) -> list[str]:
    """The requirements of a requirements.txt, one string each."""
    if (modern := _slicer_packaging()) is not None:
        return [str(one) for one in modern.load_requirements(path)]
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def is_there(requirement: str) -> bool:
    """Whether what is installed satisfies a requirement; nothing is imported to find out."""
    if (modern := _slicer_packaging()) is not None:
        return bool(modern.pip_check(requirement))
    from packaging.requirements import Requirement  # Slicer ships it

    wanted = Requirement(requirement)
    try:
        return wanted.specifier.contains(metadata.version(wanted.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def install(requirements: list[str], constraints: Path, requester: str) -> None:
    """Install what is missing, without asking; `constraints` names what must stay as it is. Raises what pip raises."""
    if (modern := _slicer_packaging()) is not None:
        modern.pip_ensure(requirements, constraints=str(constraints), prompt_install=False, requester=requester)
        return
    with slicer.util.WaitCursor():
        slicer.util.pip_install(["--constraint", str(constraints), *requirements])


def _slicer_packaging() -> ModuleType | None:
    try:
        import slicer.packaging
    except ImportError:
        return None
    return slicer.packaging
