"""`evergrant connect` with a person at its terminal: the walk to an OAuth client, and the consent after it."""

import json
import random
import signal
import subprocess
from collections.abc import Generator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.fakes.command import Command, free_port
from tests.fakes.consent import approve
from tests.fakes.person import passer_by
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, OWN_REDIRECT_URI
from tests.fakes.terminal import Terminal

from evergrant.cli.server import bind
from evergrant.model.clock import SystemClock
from evergrant.model.link import Link
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.run import running

pytestmark = pytest.mark.anyio

DONE, ID, SECRET = "b goes back): ", "Client ID (like practice): ", "Client secret (not shown): "


@pytest.fixture
def terminal() -> Generator[Terminal, None, None]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path / "home", free_port())


@pytest.fixture
def provider() -> Generator[str, None, None]:
    client = Client(CLIENT_SECRET, (OWN_REDIRECT_URI,))
    with running(Sandbox({CLIENT_ID: client}, clock=SystemClock(), chance=random.Random(1))) as url:
        yield url


def connecting(provider: str, *more: str) -> tuple[str, ...]:
    return ("connect", "sandbox", "--alias", "acme", "--set", f"origin={provider}", "--no-browser", *more)


def stopped(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a command whose person presses Ctrl-C."""
    process.send_signal(signal.SIGINT)
    return process.wait(60)


def address(terminal: Terminal) -> str:
    """Where to consent without our own page."""
    terminal.read_until("the browser ends on here.")
    terminal.line()
    return terminal.line()


async def test_a_newcomer_is_walked_to_a_client_and_to_an_account(
    command: Command, terminal: Terminal, provider: str
) -> None:
    process = terminal.run(command, *connecting(provider))
    terminal.read_until("Registering one takes about 1 minute, once: 2 steps")
    terminal.read_until("Mind: The sandbox keeps everything in memory")
    terminal.read_until(f"http://localhost:{command.port}/callback/sandbox")
    terminal.answer(DONE, "")
    terminal.read_until("2 of 2")
    terminal.answer(DONE, "b")
    terminal.read_until("1 of 2")
    terminal.answer(DONE, "o")
    terminal.read_until("no page of its own")
    for _ in range(2):
        terminal.answer(DONE, "")
    terminal.answer(ID, f'  "{CLIENT_ID}" ')
    terminal.answer(SECRET, f"{CLIENT_SECRET} ")
    terminal.read_until("Stored")
    terminal.type("'" + await approve(address(terminal)) + "'")
    terminal.read_until("anna@example.test")
    terminal.read_until("evergrant call sandbox_search_contacts --account acme --example")
    assert process.wait(60) == 0
    assert CLIENT_SECRET not in terminal.shown
    assert not list((command.home / "run").glob("connecting-*"))


async def test_ctrl_c_loses_nothing_that_was_given(command: Command, terminal: Terminal, provider: str) -> None:
    first = terminal.run(command, *connecting(provider))
    terminal.answer(DONE, CLIENT_ID)
    terminal.answer("just Enter gives it later): ", "")
    terminal.answer(DONE, "")
    terminal.read_until(DONE)
    assert stopped(first) == 130
    terminal.read_until("What you gave is kept. Go on: evergrant connect sandbox")

    second = terminal.run(command, *connecting(provider))
    terminal.read_until("Going on with the OAuth client for Sandbox: 1 step to go.")
    terminal.answer(DONE, "")
    terminal.read_until(f"Client ID: {CLIENT_ID} (kept)")
    terminal.read_until(SECRET)
    assert stopped(second) == 130

    third = terminal.run(command, *connecting(provider))
    terminal.read_until("Going on with the OAuth client for Sandbox.")
    terminal.answer(SECRET, CLIENT_SECRET)
    terminal.read_until("Waiting for the answer.")
    assert stopped(third) == 1
    terminal.read_until("Cancelled. No account was connected")

    fourth = terminal.run(command, *connecting(provider))
    terminal.type(await approve(address(terminal)))
    terminal.read_until("Connected")
    assert fourth.wait(60) == 0


def test_what_is_swapped_or_unlike_is_asked_for_again_and_taken_when_it_is_insisted_on(
    command: Command, terminal: Terminal, provider: str
) -> None:
    process = terminal.run(command, *connecting(provider))
    terminal.answer(DONE, CLIENT_SECRET)
    terminal.read_until("looks like the client secret")
    terminal.answer(DONE, "what now")
    terminal.read_until("Just Enter goes on")
    terminal.answer(DONE, "")
    terminal.answer(DONE, "")
    terminal.answer(ID, "")
    terminal.read_until("Nothing was given.")
    terminal.answer(ID, CLIENT_SECRET)
    terminal.read_until("That looks like the Client secret, not the Client ID.")
    terminal.answer(ID, "7")
    terminal.read_until("It looks like this: practice")
    terminal.answer(ID, "7")
    terminal.answer(SECRET, "7")
    terminal.read_until("That is the Client ID once more.")
    terminal.answer(SECRET, "practice")
    terminal.read_until("That looks like the Client ID, not the Client secret.")
    terminal.answer(SECRET, "short")
    terminal.read_until("It looks like this: 22 letters, digits, - and _")
    terminal.answer(SECRET, CLIENT_SECRET)
    terminal.read_until("Waiting for the answer.")
    stopped(process)
    listed = json.loads(command.run("connections", "list", "--json").stdout)
    assert [each["client_id"] for each in listed["connections"]] == ["7"]


async def test_a_redirect_uri_that_the_provider_does_not_know_is_printed_to_the_letter_and_tried_again(
    command: Command, terminal: Terminal, provider: str
) -> None:
    command.run("connections", "add", "sandbox", "--client-id", CLIENT_ID, "--client-secret-stdin", given="x" * 20)
    process = terminal.run(command, *connecting(provider))
    asked = parse_qs(urlsplit(address(terminal)).query)
    mine = f"http://localhost:{command.port}/callback/sandbox"
    assert asked["redirect_uri"] == [mine]
    terminal.type(f"http://elsewhere.test/?error=redirect_uri_mismatch&state={asked['state'][0]}&iss={provider}")
    terminal.read_until(f"Register exactly this redirect URI at Sandbox, to the letter: {mine}")

    terminal.answer("Enter tries again, c gives another client ID and secret, Ctrl-C ends: ", "")
    terminal.type(await approve(address(terminal)))
    terminal.read_until("Sandbox refused this server's OAuth client (invalid_client)")
    terminal.answer("Ctrl-C ends: ", "c")
    terminal.answer(ID, CLIENT_ID)
    terminal.answer(SECRET, CLIENT_SECRET)
    terminal.type(await approve(address(terminal)))
    terminal.read_until("Connected")
    assert process.wait(60) == 0


async def test_without_a_terminal_flags_give_the_client_and_nothing_is_asked(command: Command, provider: str) -> None:
    alone = command.run(*connecting(provider, "--json"))
    error = json.loads(alone.stdout)["error"]
    assert (alone.returncode, error["code"]) == (3, "no_client")
    assert error["registration"]["then"] == "evergrant connect sandbox --client-id YOUR_ID --client-secret-stdin"
    assert [sorted(step) for step in error["registration"]["steps"]] == [["do", "link"]] * 2

    flags = ("--client-id", CLIENT_ID, "--client-secret-stdin")
    swapped = command.run(*connecting(provider, "--client-id", CLIENT_SECRET, "--client-secret-stdin"), given=CLIENT_ID)
    assert (swapped.returncode, "Swapped?" in swapped.stderr) == (2, True)
    assert CLIENT_SECRET not in swapped.stderr
    half = command.run(*connecting(provider, *flags[:2]))
    assert (half.returncode, "--client-secret-stdin" in half.stderr) == (2, True)
    other_half = command.run(*connecting(provider, *flags[2:]), given=CLIENT_SECRET)
    assert (other_half.returncode, "--client-id" in other_half.stderr) == (2, True)

    process = command.start(*connecting(provider, "--json", *flags))
    assert process.stdin
    assert process.stderr
    process.stdin.write(f"{CLIENT_SECRET}\n")
    process.stdin.flush()
    said = json.loads(next(line for line in process.stderr if line.startswith("{")))
    person = passer_by()
    await person.connects(Link(said["url"], said["confirmation_code"]))
    await person.browser.aclose()
    printed, _ = process.communicate(timeout=60)
    assert json.loads(printed)["identity"] == "anna@example.test"


async def test_a_provider_that_takes_any_port_gets_a_free_one_where_ours_is_taken(
    command: Command, provider: str
) -> None:
    command.run("connections", "add", "sandbox", "--client-id", CLIENT_ID, "--client-secret-stdin", given=CLIENT_SECRET)
    with bind("127.0.0.1", command.port):
        process = command.start(*connecting(provider, "--json"))
        assert process.stderr
        said = json.loads(next(line for line in process.stderr if line.startswith("{")))
        assert urlsplit(said["url"]).port not in (None, command.port)
        person = passer_by()
        page = await person.connects(Link(said["url"], said["confirmation_code"]))
        await person.browser.aclose()
        assert "Connected" in page.text
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_services_are_listed_with_what_each_takes(command: Command) -> None:
    text = command.run("connect").stdout
    assert "about 3 min" in next(line for line in text.splitlines() if "hubspot" in line)
    one = json.loads(command.run("connect", "hubspot", "--list", "--json").stdout)["services"]
    assert [(each["service"], each["takes"], each["has_client"]) for each in one] == [
        ("hubspot", "oauth_client", False)
    ]
