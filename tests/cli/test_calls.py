"""`evergrant calls` and what `evergrant call` says of a call that waits, through the command line."""

import asyncio
import json
import random
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, add_client
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


@dataclass(frozen=True)
class Desk:
    """A vault whose one account is dead at its provider."""

    settings: Settings
    sandbox: Sandbox
    url: str

    def run(self, *arguments: str) -> tuple[int, str]:
        given = {"EVERGRANT_HOME": str(self.settings.home), "EVERGRANT_KEY_SOURCE": "file", "COLUMNS": "200"}
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
        self.sandbox.revoke()

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


def test_a_call_that_must_wait_is_told_with_its_id_and_resumed_after_the_reconnect(desk: Desk) -> None:
    code, said = desk.run(*APPEND)
    call_id = said.partition("kept as ")[2].partition(":")[0]
    assert (code, call_id.startswith("call_"), "/reconnect/" in said) == (Exit.REAUTH_REQUIRED, True, True)
    code, listed = desk.run("calls", "list", "--account", "acme")
    assert (code, call_id in listed, "sandbox_append_row" in listed) == (0, True, True)
    assert desk.json("calls", "resume", call_id)[0] == Exit.REAUTH_REQUIRED

    asyncio.run(desk.reconnect())

    code, first = desk.json("calls", "resume", call_id)
    assert (code, first["data"]) == (0, {"number": 1, "row": ["a"]})
    assert desk.json("calls", "resume", call_id) == (0, first)
    assert desk.sandbox.count.writes == 1
    assert "No call waits" in desk.run("calls", "list")[1]
    code, shown = desk.json("calls", "show", call_id)
    assert (code, shown["status"], shown["outcome"]) == (0, "done", first)


def test_a_call_is_cancelled_once_and_can_be_shown_afterwards(desk: Desk) -> None:
    _, problem = desk.json(*APPEND)
    call_id = str(problem["call_id"])
    assert desk.json("calls", "show", call_id)[1]["tool_input"] == {"row": ["a"]}

    assert desk.json("calls", "cancel", call_id) == (0, {"id": call_id, "status": "cancelled"})

    code, again = desk.json("calls", "cancel", call_id)
    assert (code, again["code"]) == (Exit.USAGE, "invalid_input")
    assert desk.json("calls", "resume", call_id)[1]["code"] == "call_cancelled"
    code, ended = desk.json("calls", "list", "--all")
    assert (code, json.dumps(ended).count(call_id)) == (0, 1)
    for verb in ("show", "resume", "cancel"):
        assert desk.json("calls", verb, "call_none")[0] == Exit.NOT_CONNECTED


@pytest.mark.parametrize("verb", ["list", "show", "resume", "cancel"])
def test_each_verb_shows_an_example(verb: str) -> None:
    result = CliRunner().invoke(build(), ["calls", verb, "--help"])

    assert f"Example: evergrant calls {verb}" in result.stdout
