"""Stand-in for slicer.packaging: answers what is installed, writes down what would be, and installs nothing."""

from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

# What pip_ensure and pip_install were asked for, in order; tests read and clear it.
requested: list[dict] = []
# Distributions that pip_check is to believe missing, whatever is installed; tests fill and clear it.
pretended_missing: set[str] = set()


def load_requirements(path):
    lines = (line.strip() for line in Path(path).read_text(encoding="utf-8").splitlines())
    return [Requirement(line.split(" #")[0]) for line in lines if line and not line.startswith(("#", "-"))]


def _as_requirements(requirements):
    if isinstance(requirements, Requirement):
        return [requirements]
    if isinstance(requirements, str):
        try:
            return [Requirement(requirements)]
        except InvalidRequirement:
            return [Requirement(part) for part in requirements.split()]
    return [one if isinstance(one, Requirement) else Requirement(one) for one in requirements]


def _is_there(requirement):
    if requirement.marker is not None and not requirement.marker.evaluate():
        return True
    if requirement.name.lower() in pretended_missing:
        return False
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def pip_check(req):
    """True when every requirement is satisfied."""
    return all(_is_there(one) for one in _as_requirements(req))


def pip_ensure(requirements, constraints=None, skip_packages=None, prompt_install=True, prompt_restart=True,
               requester=None, skip_in_testing=True, show_progress=True):  # fmt: skip
    """Writes down what is missing; as in Slicer, nothing is asked or installed while the application is in testing."""
    import slicer

    missing = [str(one) for one in _as_requirements(requirements) if not _is_there(one)]
    if not missing or (skip_in_testing and slicer.app.testingEnabled()):
        return None
    requested.append({"requirements": missing, "constraints": constraints, "requester": requester})
    return []


def pip_install(requirements, constraints=None, no_deps_requirements=None, skip_packages=None, blocking=True,
                show_progress=True, requester=None, logCallback=None, completedCallback=None):  # fmt: skip  # noqa: N803
    requested.append({"requirements": requirements, "constraints": constraints, "requester": requester})
    if completedCallback:
        completedCallback(0)
    return []


def isPipInstallInProgress():  # noqa: N802
    return False
