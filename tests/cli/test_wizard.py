"""`evergrant connect` with a person at its terminal: the walk to an OAuth client, and the consent after it."""

import json
import random
import signal
import sys
from collections.abc import Generator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from tests.doctor.samples import unknown_commands
from tests.fakes.command import Command, free_port
from tests.fakes.consent import approve
from tests.fakes.forked_process import ForkedProcess
from tests.fakes.json_server import Answer
from tests.fakes.json_server import running as json_service
from tests.fakes.oidc_connector import write_connector as write_certified
from tests.fakes.oidc_provider import oidc_provider
from tests.fakes.person import passer_by
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, OWN_REDIRECT_URI
from tests.fakes.terminal import Terminal
from tests.oauth.samples import ROOT
from tests.service.test_keys import KEY, write_connector

from evergrant.cli.server import bind
from evergrant.model.clock import SystemClock
from evergrant.model.json import Json
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


def stopped(process: ForkedProcess) -> int:
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


def test_the_page_about_it_shows_what_is_shown(tmp_path: Path, terminal: Terminal) -> None:
    page = (ROOT / "docs" / "how-to" / "connect.md").read_text(encoding="utf-8")
    promised = page.partition("$ evergrant connect sandbox --alias practice")[2].partition("```")[0]
    process = terminal.run(Command(tmp_path / "home", 8484), "connect", "sandbox", "--alias", "practice")
    for prompt, typed in ((DONE, ""), (DONE, ""), (ID, CLIENT_ID)):
        terminal.answer(prompt, typed)
    terminal.read_until(SECRET)
    assert stopped(process) == 130
    assert terminal.shown.partition(SECRET)[0].split() == promised.partition(SECRET.strip())[0].split()
    assert unknown_commands(page) == []


async def test_ctrl_c_loses_nothing_that_was_given(command: Command, terminal: Terminal, provider: str) -> None:
    first = terminal.run(command, *connecting(provider))
    terminal.answer(DONE, CLIENT_ID)
    terminal.answer("just Enter gives it later): ", "")
    terminal.answer(DONE, "")
    terminal.read_until(DONE)
    assert stopped(first) == 130
    terminal.read_until("What you gave is kept. Go on: evergrant connect sandbox --alias acme --set ")

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
        said = json.loads(next(line for line in process.stderr if line.startswith("{")))
        assert urlsplit(str(said["url"])).port not in (None, command.port)
        person = passer_by()
        page = await person.connects(Link(said["url"], said["confirmation_code"]))
        await person.browser.aclose()
        assert "Connected" in page.text
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_services_are_listed_with_what_each_takes(command: Command) -> None:
    text = command.run("connect").stdout
    assert "an OAuth client (about " in next(line for line in text.splitlines() if "hubspot" in line)
    one = json.loads(command.run("connect", "hubspot", "--list", "--json").stdout)["services"]
    assert [(each["service"], each["takes"], each["has_client"]) for each in one] == [
        ("hubspot", "oauth_client", False)
    ]


def test_the_page_of_a_step_is_opened_where_there_is_a_browser(tmp_path: Path, terminal: Terminal) -> None:
    browser, opened = tmp_path / "browser", tmp_path / "opened"
    browser.write_text(f"#!{sys.executable}\nimport sys\nopen({str(opened)!r}, 'a').write(sys.argv[1] + '\\n')\n")
    browser.chmod(0o755)
    steps: Json = [{"do": "Make an app.", "link": "https://shop.example/new"}, {"do": "Add {redirect_uri} there."}]
    pasted: Json = {"title": "Client ID", "pattern": "[a-z]+", "looks_like": "abc"}
    guided: Json = {"minutes": 2, "steps": steps, "client_id": pasted}
    settings = own_connector(tmp_path / "own", "shop", registration=guided)
    at_screen = Command(tmp_path / "home", free_port(), {**settings, "BROWSER": f"{browser} %s", "DISPLAY": ":0"})
    process = terminal.run(at_screen, "connect", "shop")
    terminal.read_until("https://shop.example/new  (opened in your browser)")
    terminal.answer(DONE, "o")
    terminal.read_until("(opened in your browser)")
    terminal.answer(DONE, "")
    terminal.read_until(f"Add http://localhost:{at_screen.port}/callback/shop there.")
    terminal.read_until(DONE)
    assert stopped(process) == 130
    assert opened.read_text(encoding="utf-8").split() == ["https://shop.example/new"] * 2


def own_connector(folder: Path, name: str, **changes: Json) -> dict[str, str]:
    """The setting that adds a connector, which is the sandbox's with changes."""
    declared = yaml.safe_load((ROOT / "connectors" / "sandbox.yaml").read_text(encoding="utf-8"))
    tools = (ROOT / "schemas" / "sandbox.yaml").read_text(encoding="utf-8").replace("sandbox_", f"{name}_")
    for kind, text in (("connectors", yaml.safe_dump({**declared, **changes})), ("schemas", tools)):
        (folder / kind).mkdir(parents=True)
        (folder / kind / f"{name}.yaml").write_text(text, encoding="utf-8")
    return {"EVERGRANT_CONNECTOR_PATH": str(folder)}


async def test_a_service_that_refuses_http_asks_for_the_address_and_for_what_it_needs(
    tmp_path: Path, terminal: Terminal
) -> None:
    port = free_port()
    origin: Json = {"from": "user", "title": "Address", "pattern": r"http://127\.0\.0\.1:\d+"}
    changes: dict[str, Json] = {"redirect": {"loopback": "refused"}, "account": {"origin": origin}}
    command = Command(tmp_path / "home", port, own_connector(tmp_path / "own", "shop", **changes))
    client = Client(CLIENT_SECRET, (f"https://localhost:{port}/callback/shop",))
    with running(Sandbox({CLIENT_ID: client}, clock=SystemClock(), chance=random.Random(1))) as url:
        command.run(
            "connections", "add", "shop", "--client-id", CLIENT_ID, "--client-secret-stdin", given=CLIENT_SECRET
        )
        process = terminal.run(command, "connect", "shop", "--no-browser")
        terminal.answer("Address: ", "ftp://elsewhere")
        terminal.read_until("That is no Address.")
        terminal.answer("Address: ", url)
        terminal.read_until("Waiting for the answer.")
        assert stopped(process) == 1

        process = terminal.run(command, "connect", "shop", "--no-browser")
        terminal.answer(f"Address [{url}]: ", "")
        terminal.read_until("takes no http address, so nobody listens at https://localhost")
        terminal.read_until("paste it here")
        terminal.type(await approve(address(terminal)))
        terminal.read_until("Connected")
        assert process.wait(60) == 0


async def test_a_key_is_shown_where_it_is_made_and_asked_for_until_it_looks_like_one(
    command: Command, terminal: Terminal, tmp_path: Path
) -> None:
    def keyed(_path: str, _headers: Mapping[str, str], _body: dict[str, object]) -> Answer:
        return 200, {"id": "ada", "email": "ada@acme.example"}

    with json_service(keyed) as url:
        own = write_connector(tmp_path / "own", url)
        with_keyed = Command(command.home, command.port, {"EVERGRANT_CONNECTOR_PATH": str(own)})
        process = terminal.run(with_keyed, "connect", "keyed")
        terminal.read_until("https://keyed.example/keys")
        terminal.answer("secret key (not shown): ", "a wrong one")
        terminal.read_until("It looks like this: key-abc")
        terminal.answer("secret key (not shown): ", f' "{KEY}"')
        terminal.read_until("ada@acme.example")
        assert process.wait(60) == 0
    assert KEY not in terminal.shown


async def test_a_provider_without_a_guide_of_its_own_is_connected_as_well(tmp_path: Path, terminal: Terminal) -> None:
    with oidc_provider(redirect_uris=["http://127.0.0.1/callback/certified"]) as provider:
        own = write_certified(tmp_path / "own", provider)
        file = own / "connectors" / "certified.yaml"
        loopback = "redirect: {loopback: any_port, host: 127.0.0.1}\n"
        file.write_text(f"{file.read_text(encoding='utf-8')}{loopback}", encoding="utf-8")
        command = Command(tmp_path / "home", free_port(), {"EVERGRANT_CONNECTOR_PATH": str(own)})
        process = terminal.run(command, "connect", "certified", "--no-browser")
        terminal.read_until("Registering one takes a few minutes")
        terminal.answer(DONE, "yes")
        terminal.answer("Client ID (like one word): ", provider.client_id)
        terminal.answer(SECRET, provider.client_secret)
        terminal.type(await approve(address(terminal)))
        terminal.read_until("evergrant call certified_search_contacts")
        assert process.wait(60) == 0
