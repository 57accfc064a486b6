"""`evergrant tools`: what is listed, and what is found by a person's words."""

import json
from pathlib import Path
from typing import Final

import pytest
from tests.connectors.test_core_tools import WANTED
from tests.fakes.command import Command, free_port

PRACTICE: Final = "sandbox_"


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home", free_port())


def test_the_core_tools_are_counted_and_all_there_is_has_some_more(command: Command) -> None:
    core = json.loads(command.run("tools", "list", "--json").stdout)
    everything = json.loads(command.run("tools", "list", "--all", "--json").stdout)
    names = {tool["name"] for tool in core["tools"] if not tool["name"].startswith(PRACTICE)}

    assert names == {f"{service}_{name}" for service, each in WANTED.items() for n in each.values() for name in n}
    assert core["core"] == core["count"] == everything["core"]
    assert everything["count"] > core["count"]
    assert sum(number for service, number in core["core_by_service"].items() if service != "sandbox") == 405


def test_a_tool_is_found_by_what_a_person_calls_it(command: Command) -> None:
    found = json.loads(command.run("tools", "search", "find the deal for Acme", "--json").stdout)
    nothing = command.run("tools", "search", "qqqqqq")

    assert "hubspot_search_deals" in [tool["name"] for tool in found["tools"]]
    assert len(found["tools"]) <= 5
    assert "evergrant tools list --all" in nothing.stdout
