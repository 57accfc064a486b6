"""`evergrant keys`: made, shown once, listed and ended."""

import json
from pathlib import Path

import pytest
from tests.fakes.command import Command, free_port


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home", free_port())


def test_a_key_is_made_listed_without_what_is_borne_and_ended(command: Command) -> None:
    made = json.loads(
        command.run(
            *("keys", "create", "night", "--tool", "gmail_*", "--toolset", "gmail", "--policy", "confirm_writes"),
            *("--expires", "30d", "--json"),
        ).stdout
    )
    listed = command.run("keys", "list", "--json").stdout
    ended = command.run("keys", "end", made["id"])
    again = command.run("keys", "end", made["id"])

    assert made["key"].startswith("evgk_")
    assert json.loads(listed)["keys"][0]["tools"] == ["gmail_*"]
    assert json.loads(listed)["keys"][0]["policy"] == "confirm_writes"
    assert json.loads(listed)["keys"][0]["toolsets"] == ["gmail"]
    assert made["key"] not in listed
    assert (ended.returncode, again.returncode) == (0, 2)
    assert "evergrant keys list" in again.stderr


def test_what_cannot_be_a_key_says_what_to_write(command: Command) -> None:
    bad_time = command.run("keys", "create", "x", "--expires", "soon")
    nobody = command.run("keys", "create", "x", "--account", "nobody")

    policy = command.run("keys", "create", "x", "--policy", "careful")
    both = command.run("keys", "create", "x", "--policy", "full", "--read-only")

    assert {each.returncode for each in (bad_time, nobody, policy, both)} == {2}
    assert "confirm_destructive" in policy.stderr
    assert "contradict" in both.stderr
    assert "30d" in bad_time.stderr
    assert "evergrant accounts list" in nobody.stderr
