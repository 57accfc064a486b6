from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from tests.doctor.samples import levels

from evergrant.doctor.machine import installed_versions, packages, pinned_versions, python, system

PINS = {"mcp": "2.3.0", "rich": "15.0.0"}


@pytest.mark.parametrize(("platform", "level"), [("linux", "ok"), ("darwin", "ok"), ("win32", "problem")])
def test_only_systems_that_keep_its_locks_are_supported(platform: str, level: str) -> None:
    assert system(platform).level == level


@pytest.mark.parametrize(
    ("version", "level"),
    [((3, 10, 9), "problem"), ((3, 11, 0), "ok"), ((3, 14, 2), "ok"), ((3, 15, 0), "note")],
)
def test_python_is_judged_by_what_was_tested(version: tuple[int, int, int], level: str) -> None:
    assert python(version).level == level


@pytest.mark.parametrize(
    ("installed", "level"),
    [
        ({"mcp": "2.3.0", "rich": "15.0.0"}, "ok"),
        ({"mcp": "2.4.0", "rich": "15.0.0"}, "note"),
        ({"mcp": "3.0.0", "rich": "15.0.0"}, "warning"),
        ({"mcp": None, "rich": "15.0.0"}, "problem"),
    ],
)
def test_packages_are_judged_by_the_pinned_versions(installed: dict[str, str | None], level: str) -> None:
    [found] = packages(PINS, installed, "/venv/bin/python")

    assert found.level == level
    assert level == "ok" or found.what_to_do == "/venv/bin/python -m pip install mcp==2.3.0"


def test_versions_are_read_from_the_pins_and_from_what_is_required(tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("# Exact\nAPScheduler==3.11.3\nlonely\n", encoding="utf-8")

    def version_of(name: str) -> str:
        if name == "gone":
            raise PackageNotFoundError(name)
        return "1.0"

    assert pinned_versions(tmp_path / "constraints.txt") == {"apscheduler": "3.11.3"}
    assert pinned_versions(tmp_path / "none.txt") == {}
    required = ["APScheduler<4,>=3", "gone>=1", "boto3>=1; extra == 'aws'"]
    assert installed_versions(required, version_of) == {"apscheduler": "1.0", "gone": None}


def test_nothing_is_said_of_packages_where_no_pins_came_along() -> None:
    assert levels(packages({}, {"mcp": "2.3.0"}, "python")) == ["ok"]
