"""What people get wrong, through the installed command: each time it says what is wrong and what to do next."""

import json
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.fakes.command import Command, free_port

from evergrant.cli.server import bind


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home", free_port())


@pytest.fixture
def served(command: Command) -> Generator[Command, None, None]:
    """The command's vault with its server running."""
    server = command.start("serve", "--json")
    first = server.stdout.readline()
    assert first == "{\n", server.communicate(timeout=60)
    yield command
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=60)


def failure(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    error: dict[str, str] = json.loads(done.stdout)["error"]
    return error


def test_an_unknown_connector_is_named_with_those_there_are(command: Command) -> None:
    done = command.run("connect", "hubspit", "--json")

    assert done.returncode == 2
    assert "hubspit" in failure(done)["message"]
    assert "hubspot" in failure(done)["message"]


def test_a_connector_without_a_client_says_which_flags_give_one(command: Command) -> None:
    done = command.run("connect", "hubspot", "--json")

    assert done.returncode == 3
    assert "evergrant connect hubspot --client-id YOUR_ID --client-secret-stdin" in failure(done)["message"]


def test_a_missing_account_says_how_to_list_them(command: Command) -> None:
    done = command.run("call", "hubspot_search_contacts", "--account", "acme", "--json")

    assert done.returncode == 3
    assert "evergrant accounts list" in failure(done)["message"]


def test_input_that_is_no_json_shows_how_it_looks(command: Command) -> None:
    done = command.run("call", "hubspot_search_contacts", "--account", "acme", "-d", "query=acme", "--json")

    assert done.returncode == 2
    assert '{"query": "acme"}' in failure(done)["message"]


def test_a_malformed_connector_names_file_line_and_fault(command: Command, tmp_path: Path) -> None:
    (tmp_path / "own" / "connectors").mkdir(parents=True)
    broken = tmp_path / "own" / "connectors" / "mine.yaml"
    broken.write_text("name: Mine\nbase_url: http://api.example\ncolour: red\n", encoding="utf-8")
    own = Command(command.home, command.port, {"EVERGRANT_CONNECTOR_PATH": str(tmp_path / "own")})

    done = own.run("tools", "list", "--json")

    assert done.returncode == 2
    assert f"{broken}:2: base_url" in failure(done)["message"]
    assert f"{broken}:3: colour" in failure(done)["message"]


def test_a_secret_is_wanted_on_standard_input_and_never_as_an_argument(command: Command) -> None:
    without = command.run("connections", "add", "hubspot", "--client-id", "abc", "--json")
    empty = command.run("connections", "add", "hubspot", "--client-id", "abc", "--client-secret-stdin", "--json")

    assert "--client-secret-stdin" in failure(without)["message"]
    assert "pipe" in failure(empty)["message"]


def test_a_bad_setting_is_named(command: Command) -> None:
    done = Command(command.home, command.port, {"EVERGRANT_KEY_SOURCE": "postit"}).run("status", "--json")

    assert done.returncode == 2
    assert "EVERGRANT_KEY_SOURCE" in failure(done)["message"]


def test_a_second_server_on_the_vault_is_told_where_the_first_one_is(served: Command) -> None:
    second = Command(served.home, free_port()).run("serve", "--json")

    assert second.returncode == 1
    assert failure(second)["code"] == "already_running"
    assert f"http://localhost:{served.port}" in failure(second)["message"]


def test_a_port_that_is_taken_is_named_with_another_to_try(command: Command) -> None:
    with bind("127.0.0.1", command.port):
        done = command.run("serve", "--json")

    assert done.returncode == 1
    assert f"evergrant serve --port {command.port + 1}" in failure(done)["message"]


def test_the_server_does_not_listen_beyond_this_machine(command: Command) -> None:
    done = Command(command.home, command.port, {"EVERGRANT_HOST": "0.0.0.0"}).run("serve", "--json")  # noqa: S104

    assert done.returncode == 2


def test_a_stopped_server_leaves_no_socket_and_no_lock(command: Command) -> None:
    for _ in range(2):
        server = command.start("serve", "--json")
        assert server.stdout.readline() == "{\n"
        server.send_signal(signal.SIGTERM)
        _, told = server.communicate(timeout=60)
        assert server.returncode == 0, told
    assert not (command.home / "run" / "mcp.sock").exists()


def test_ctrl_c_in_a_connect_leaves_nothing_half_made(command: Command) -> None:
    added = command.run("connections", "add", "sandbox", "--client-id", "x", "--client-secret-stdin", given="secret")
    assert added.returncode == 0, added.stderr
    waiting = command.start("connect", "sandbox", "--no-browser", "--json")
    assert any("confirmation_code" in line for line in waiting.stderr)

    waiting.send_signal(signal.SIGINT)
    printed, _ = waiting.communicate(timeout=60)

    assert json.loads(printed)["error"]["code"] == "cancelled"
    assert json.loads(command.run("accounts", "list", "--json").stdout) == {"accounts": []}


def test_a_callback_port_that_is_taken_and_registered_to_the_letter_leaves_the_pasted_address(command: Command) -> None:
    command.run("connections", "add", "hubspot", "--client-id", "x", "--client-secret-stdin", given="secret")
    with bind("127.0.0.1", command.port):
        waiting = command.start("connect", "hubspot", "--no-browser")
        said = next(line for line in waiting.stderr if "Paste the address" in line)
        waiting.send_signal(signal.SIGINT)
        waiting.communicate(timeout=60)

    assert str(command.port) in said
