"""The system, its Python and the packages, against what Evergrant is made for and was tested with."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

from evergrant.doctor.finding import Finding, note, ok, problem, warning

PLATFORMS = {"linux": "Linux", "darwin": "macOS"}
OLDEST_PYTHON, NEWEST_TESTED = (3, 11), (3, 14)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def system(platform: str) -> Finding:
    """`platform` as in sys.platform."""
    if platform in PLATFORMS:
        return ok("system", PLATFORMS[platform])
    return problem(
        "system",
        f"Evergrant is made for Linux and macOS, and this is {platform}: its locks do not hold here.",
        "On Windows run it in WSL: wsl --install",
    )


def python(version: tuple[int, int, int]) -> Finding:
    """Whether it is one that Evergrant runs on and was tested with."""
    name = ".".join(map(str, version))
    if version[:2] < OLDEST_PYTHON:
        what = "Install a newer one and make the environment anew: rm -rf .venv && ./scripts/start"
        return problem("python", f"Python {name} is too old: 3.11 is the oldest.", what)
    if version[:2] > NEWEST_TESTED:
        return note("python", f"Python {name} is newer than what Evergrant was tested with (3.11 to 3.14).")
    return ok("python", f"Python {name}")


def packages(tested: Mapping[str, str], installed: Mapping[str, str | None], python_path: str) -> Iterator[Finding]:
    """The versions of our requirements by name; None for one that is missing."""
    if missing := sorted(name for name, version in installed.items() if version is None):
        text = f"Not installed: {', '.join(missing)}."
        yield problem("packages", text, _install(python_path, missing, tested))
    there = {name: version for name, version in installed.items() if version and name in tested}
    other = {name: version for name, version in there.items() if version != tested[name]}
    listed = ", ".join(f"{name} {version} (tested: {tested[name]})" for name, version in sorted(other.items()))
    if other and any(_major(version) != _major(tested[name]) for name, version in other.items()):
        yield warning("packages", f"Far from what was tested: {listed}.", _install(python_path, sorted(other), tested))
    elif other:
        yield note("packages", f"Not what was tested: {listed}.", _install(python_path, sorted(other), tested))
    elif not missing:
        yield ok(
            "packages", f"All {len(there)} have the tested versions." if there else "The tested ones are not known."
        )


def pinned_versions(constraints: Path) -> dict[str, str]:
    """What `constraints.txt` pins, by name; empty where there is no such file."""
    if not constraints.is_file():
        return {}
    lines = constraints.read_text(encoding="utf-8").splitlines()
    pins = (line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    return {_normal(name): version.strip() for name, version in pins}


def installed_versions(
    requirements: Iterable[str], version_of: Callable[[str], str] = metadata.version
) -> dict[str, str | None]:
    """By name, for the requirements (PEP 508) that are not of an extra."""
    named = (NAME.match(requirement) for requirement in requirements if "extra ==" not in requirement)
    return {_normal(found[0]): _version(found[0], version_of) for found in named if found}


def _version(name: str, version_of: Callable[[str], str]) -> str | None:
    try:
        return version_of(name)
    except metadata.PackageNotFoundError:
        return None


def _normal(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _major(version: str) -> str:
    return version.partition(".")[0]


def _install(python_path: str, names: Iterable[str], tested: Mapping[str, str]) -> str:
    wanted = " ".join(f"{name}=={tested[name]}" if name in tested else name for name in names)
    return f"{python_path} -m pip install {wanted}"
