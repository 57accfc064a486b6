"""`evergrant webhooks` and `evergrant events`, through the installed command."""

import json
import re
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from tests.fakes.command import Command, free_port
from tests.fakes.receiver import Receiver, receiving
from tests.vault.samples import account
from typer.testing import CliRunner

from evergrant.cli.main import build
from evergrant.model.clock import SystemClock
from evergrant.model.event import refresh_failing
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.outbox import add_event
from evergrant.vault.vault import open_vault


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home", free_port(), {"EVERGRANT_ALLOW_PRIVATE_HOSTS": "127.0.0.1"})


def ok(command: Command, *arguments: str) -> dict[str, object]:
    done = command.run("webhooks", *arguments, "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_an_endpoint_from_its_first_day_to_its_last(command: Command, receiver: Receiver) -> None:
    added = command.run("webhooks", "add", receiver.url, "--event", "agent.auth.reauth_required")
    (endpoint,), (secret,) = (re.findall(word, added.stdout) for word in (r"wh_\w+ ", r"whsec_\S+"))
    endpoint = endpoint.strip()
    assert f"evergrant webhooks test {endpoint}" in added.stdout
    assert secret not in command.run("webhooks", "list", "--json").stdout
    assert "agent.auth.reauth_required" in command.run("webhooks", "list").stdout

    assert ok(command, "test", endpoint)["delivered"] is True
    receiver.received[0].verify(secret)
    second = str(ok(command, "rotate-secret", endpoint)["secret"])
    ok(command, "test", endpoint)
    for key in (secret, second):
        receiver.received[1].verify(key)

    receiver.answer = lambda _: (302, {"Location": "/elsewhere"})
    refused = command.run("webhooks", "test", endpoint)
    assert refused.returncode == 5
    assert "Redirects are not followed" in refused.stderr

    assert ok(command, "disable", endpoint)["state"] == "disabled"
    assert f"evergrant webhooks enable {endpoint}" in command.run("webhooks", "show", endpoint).stdout
    assert ok(command, "replay", endpoint, "--since", "0") == {"replayed": 0, "state": "disabled"}
    assert "1 disabled" in command.run("status").stdout
    assert ok(command, "enable", endpoint)["state"] == "enabled"
    assert ok(command, "remove", endpoint) == {"removed": endpoint}
    assert ok(command, "list") == {"webhooks": []}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("add", "http://hooks.example.test"), 2, "no address"),
        (("add", "https://10.0.0.1/"), 2, "EVERGRANT_ALLOW_PRIVATE_HOSTS=10.0.0.1"),
        (("add", "http://127.0.0.1:9/", "--event", "reauth"), 2, "agent.auth.reauth_required"),
        (("show", "wh_x"), 3, "evergrant webhooks list"),
        (("replay", "wh_x", "--since", "yesterday"), 2, "ISO 8601"),
    ],
)
def test_what_goes_wrong_is_said_with_what_to_do(
    command: Command, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = command.run("webhooks", *arguments, "--json")
    assert done.returncode == code
    assert words in json.loads(done.stdout)["error"]["message"]


def test_every_verb_shows_an_example() -> None:
    def shown(*words: str) -> str:
        return " ".join(CliRunner().invoke(build(), [*words, "--help"]).stdout.split())

    for verb in ("add", "list", "show", "test", "replay", "rotate-secret", "enable", "disable", "remove"):
        assert f"Example: evergrant webhooks {verb}" in shown("webhooks", verb)
    assert "--follow" in shown("events")


def test_events_are_followed_until_ctrl_c_which_is_no_failure(command: Command) -> None:
    assert command.run("events", "--json").stdout == ""
    unknown = command.run("events", "--event", "reauth", "--json")
    assert unknown.returncode == 2
    following = command.start("events", "--follow", "--json")
    other = Other(command)
    other.write("first")
    assert json.loads(following.stdout.readline())["error_code"] == "first"
    other.write("second")
    assert json.loads(following.stdout.readline())["seq"] == 2
    following.send_signal(signal.SIGINT)
    out, err = following.communicate(timeout=20)
    assert (following.returncode, out, err) == (0, "", "")
    assert "refresh_failing" in command.run("events", "--after", "1").stdout


class Other:
    """Another process of the vault, which writes events."""

    def __init__(self, command: Command) -> None:
        self._home = command.home

    def write(self, error_code: str) -> None:
        clock = SystemClock()
        vault = open_vault(self._home, "file", lambda: None, clock)
        event = refresh_failing(account(tenant_id=LOCAL_TENANT), error_code, clock.now())
        vault.database.write_now(lambda session: add_event(session, event))
        vault.close()
