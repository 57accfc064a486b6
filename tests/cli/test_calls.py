"""`evergrant calls` and what `evergrant call` says of a call that waits, through the command line."""

import asyncio
import json
import random
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fakes.command import Command, free_port
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, add_client
from tests.fakes.terminal import Terminal
from typer.testing import CliRunner

from evergrant.app import open_app
from evergrant.cli.main import build
from evergrant.cli.output import Exit
from evergrant.model.clock import SystemClock
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import real_world

APPEND = ("call", "sandbox_append_row", "--account", "acme", "-d", '{"row": ["a"]}')

DELETE = ("call", "sandbox_delete_contact", "--account", "acme", "--example")


@dataclass(frozen=True)
class Desk:
    """A vault with one account."""

    settings: Settings
    sandbox: Sandbox
    url: str

    def run(self, *arguments: str, policy: str = "confirm_destructive") -> tuple[int, str]:
        given = {"EVERGRANT_HOME": str(self.settings.home), "EVERGRANT_KEY_SOURCE": "file", "COLUMNS": "200"}
        given["EVERGRANT_POLICY"] = policy
        result = CliRunner().invoke(build(), arguments, env=given)
        return result.exit_code, result.stdout

    def json(self, *arguments: str) -> tuple[int, dict[str, object]]:
        code, printed = self.run(*arguments, "--json")
        return code, json.loads(printed)

    async def connect(self) -> None:
        async with open_app(self.settings, real_world()) as app:
            await add_client(app)
            begun = await app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": self.url})
            await app.consent.finish(parse_redirect(await approve(begun.url, "anna")))

    async def reconnect(self) -> None:
        async with open_app(self.settings, real_world()) as app:
            begun = await app.connect.begin_reauth(app.desk.find(LOCAL_TENANT, "acme"))
            await app.consent.finish(parse_redirect(await approve(begun.url, "anna")))


@pytest.fixture
def desk(tmp_path: Path) -> Generator[Desk, None, None]:
    client = Client(CLIENT_SECRET, (REDIRECT_URI,), ("crm.read", "crm.write"))
    provider = Sandbox({CLIENT_ID: client}, clock=SystemClock(), chance=random.Random(1))
    with running(provider) as url:
        made = Desk(Settings(home=tmp_path / "home", key_source="file"), provider, url)
        asyncio.run(made.connect())
        yield made


@pytest.fixture
def terminal() -> Generator[Terminal, None, None]:
    made = Terminal()
    yield made
    made.close()


@pytest.fixture
def dead(desk: Desk) -> Desk:
    """Whose account is dead at its provider."""
    desk.sandbox.revoke()
    return desk


def test_a_call_that_must_wait_is_told_with_its_id_and_resumed_after_the_reconnect(dead: Desk) -> None:
    code, said = dead.run(*APPEND)
    call_id = said.partition("kept as ")[2].partition(":")[0]
    assert (code, call_id.startswith("call_"), "/reconnect/" in said) == (Exit.REAUTH_REQUIRED, True, True)
    code, listed = dead.run("calls", "list", "--account", "acme")
    assert (code, call_id in listed, "sandbox_append_row" in listed) == (0, True, True)
    assert dead.json("calls", "resume", call_id)[0] == Exit.REAUTH_REQUIRED

    asyncio.run(dead.reconnect())

    code, first = dead.json("calls", "resume", call_id)
    assert (code, first["data"]) == (0, {"number": 1, "row": ["a"]})
    assert dead.json("calls", "resume", call_id) == (0, first)
    assert dead.sandbox.count.writes == 1
    assert "No call waits" in dead.run("calls", "list")[1]
    code, shown = dead.json("calls", "show", call_id)
    assert (code, shown["status"], shown["outcome"]) == (0, "done", first)


def test_a_call_is_cancelled_once_and_can_be_shown_afterwards(dead: Desk) -> None:
    _, problem = dead.json(*APPEND)
    call_id = str(problem["call_id"])
    assert dead.json("calls", "show", call_id)[1]["tool_input"] == {"row": ["a"]}

    assert dead.json("calls", "cancel", call_id) == (0, {"id": call_id, "status": "cancelled"})

    code, again = dead.json("calls", "cancel", call_id)
    assert (code, again["code"]) == (Exit.USAGE, "invalid_input")
    assert dead.json("calls", "resume", call_id)[1]["code"] == "call_cancelled"
    code, ended = dead.json("calls", "list", "--all")
    assert (code, json.dumps(ended).count(call_id)) == (0, 1)
    for verb in ("show", "resume", "cancel"):
        assert dead.json("calls", verb, "call_none")[0] == Exit.NOT_CONNECTED


def test_a_call_that_must_be_approved_says_so_where_nobody_can_be_asked_and_runs_once_it_is(desk: Desk) -> None:
    code, problem = desk.json(*DELETE)
    call_id = str(problem["call_id"])
    assert (code, problem["code"]) == (Exit.CONFIRMATION_REQUIRED, "confirmation_required")
    assert "to approve" in desk.run("calls", "list")[1]
    assert desk.json("calls", "show", call_id)[1]["tool_input"] == {"contact_id": "con_00000024"}
    assert desk.json("calls", "resume", call_id)[0] == Exit.CONFIRMATION_REQUIRED

    code, approved = desk.json("calls", "approve", call_id)

    assert (code, approved["approval"], approved["decided_by"]) == (0, "given", "command line")
    assert desk.json("calls", "approve", call_id)[0] == Exit.USAGE
    assert desk.json("calls", "resume", call_id)[0] == 0
    assert desk.sandbox.count.writes == 1


def test_a_denied_call_is_over_and_yes_needs_no_question(desk: Desk) -> None:
    call_id = str(desk.json(*DELETE)[1]["call_id"])
    code, told = desk.run("calls", "deny", call_id)
    assert (code, "will not run" in told) == (0, True)
    assert desk.json("calls", "resume", call_id)[1]["code"] == "call_cancelled"
    assert desk.json("calls", "approve", "call_none")[0] == Exit.NOT_CONNECTED
    assert desk.sandbox.count.writes == 0

    assert desk.run(*DELETE, "--yes")[0] == 0
    assert desk.sandbox.count.writes == 1


def test_a_person_at_the_terminal_is_shown_the_call_and_asked(desk: Desk, terminal: Terminal) -> None:
    command = Command(desk.settings.home, free_port())
    ends: list[int] = []
    for typed in ("", "y"):
        process = terminal.run(command, *DELETE)
        terminal.read_until('"contact_id": "con_00000024"')
        terminal.answer("Call it? [y/N]", typed)
        ends.append(process.wait(60))

    assert ends == [Exit.PROVIDER, 0]
    assert desk.sandbox.count.writes == 1
    assert "was refused" in terminal.shown


@pytest.mark.parametrize(("policy", "code"), [("full", 0), ("read_only", Exit.PROVIDER)])
def test_the_servers_policy_is_a_setting(desk: Desk, policy: str, code: int) -> None:
    assert desk.run(*DELETE, policy=policy)[0] == code


@pytest.mark.parametrize("verb", ["list", "show", "resume", "approve", "deny", "cancel"])
def test_each_verb_shows_an_example(verb: str) -> None:
    result = CliRunner().invoke(build(), ["calls", verb, "--help"])

    assert f"Example: evergrant calls {verb}" in result.stdout
