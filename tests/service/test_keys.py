"""A service without OAuth is connected by its key, which is sealed like any token and watched like any grant."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.fakes.clock import ManualClock
from tests.fakes.command import Command, free_port
from tests.fakes.json_server import running
from tests.fakes.practice import START, surroundings
from tests.oauth.samples import connector

from evergrant.app import App, open_app
from evergrant.catalog.auth import ApiKey
from evergrant.catalog.connector import OAuth
from evergrant.cli.wizard import words
from evergrant.model.json import JsonObject
from evergrant.model.outcome import ReauthRequired, Result
from evergrant.model.secret import Secret
from evergrant.service.connect import CannotConnect
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT, Settings

pytestmark = pytest.mark.anyio
KEY, OTHERS, NEXT = "key-canary-of-ada-1", "key-canary-of-bob-1", "key-canary-of-ada-2"
ADDRESS = "https://api.keyed.example"


def write_connector(folder: Path, address: str = ADDRESS) -> Path:
    declared: JsonObject = {
        "name": "Keyed",
        "description": "A service that knows keys only.",
        "docs": "https://docs.example/",
        "base_url": address,
        "auth": {
            "kind": "api_key",
            "header": "X-Api-Key",
            "title": "secret key",
            "help": "https://keyed.example/keys",
            "pattern": "key-[a-z0-9-]+",
            "looks_like": "key-abc",
        },
        "grant": {"source": "https://docs.example/", "verified_on": "2026-11-22"},
        "identity": {"request": f"POST {address}/me", "body": {}, "subject": ["/id"], "label": ["/email"]},
    }
    tool: JsonObject = {
        "description": "Find the things of a person.",
        "request": "POST /things",
        "effect": "read",
        "input": {},
        "items": "",
        "example": {},
    }
    files: dict[str, JsonObject] = {"connectors": declared, "schemas": {"keyed_list_things": tool}}
    for kind, content in files.items():
        (folder / kind).mkdir(parents=True)
        (folder / kind / "keyed.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder


@dataclass
class Keyed:
    """The service: who each key belongs to, and which keys it was shown."""

    owners: dict[str, str] = field(default_factory=lambda: {KEY: "ada", OTHERS: "bob", NEXT: "ada"})
    shown: list[str] = field(default_factory=list[str])

    def app(self) -> Starlette:
        async def answer(request: Request) -> JSONResponse:
            key = request.headers.get("X-Api-Key", "")
            self.shown.append(key)
            if key not in self.owners:
                return JSONResponse({"error": "bad key"}, 401)
            who = self.owners[key]
            return JSONResponse(
                {"id": who, "email": f"{who}@acme.example"} if request.url.path == "/me" else [{"a": 1}]
            )

        return Starlette(routes=[Route("/{rest:path}", answer, methods=["POST"])])


@dataclass
class World:
    app: App
    service: Keyed
    clock: ManualClock


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World, None]:
    clock, service = ManualClock(START), Keyed()
    settings = Settings(home=tmp_path / "vault", key_source="file", connector_path=(write_connector(tmp_path / "own"),))
    around = replace(surroundings(clock), transport=httpx2.ASGITransport(service.app()))
    async with open_app(settings, around) as app:
        yield World(app, service, clock)


async def test_a_key_makes_an_account_whose_calls_it_signs(world: World, tmp_path: Path) -> None:
    account = await world.app.keys.connect(LOCAL_TENANT, "keyed", "mine", {}, Secret(KEY))
    outcome = await world.app.executor.execute_tool(account.key, "keyed_list_things", {})

    assert (account.label, account.alias) == ("ada@acme.example", "mine")
    assert isinstance(outcome, Result)
    assert world.service.shown == [KEY, KEY]
    for file in (tmp_path / "vault").rglob("*"):
        assert file.is_dir() or KEY.encode() not in file.read_bytes(), "the key lies sealed"


async def test_a_key_that_the_service_refuses_is_not_kept(world: World) -> None:
    with pytest.raises(ConsentFailed, match="refused to say who signed in"):
        await world.app.keys.connect(LOCAL_TENANT, "keyed", None, {}, Secret("key-unknown-1"))
    assert world.app.accounts.all(LOCAL_TENANT) == []


@pytest.mark.parametrize("pasted", ["sk_live_canary", "key-with space", "key-\u00fc", "key-x\r\nHost: evil"])
async def test_what_does_not_look_like_a_key_is_sent_nowhere_and_not_repeated(world: World, pasted: str) -> None:
    with pytest.raises(CannotConnect, match="does not look like what Keyed calls secret key") as refused:
        await world.app.keys.connect(LOCAL_TENANT, "keyed", None, {}, Secret(pasted))
    assert pasted not in str(refused.value)
    assert world.service.shown == []


async def test_another_key_of_the_same_person_takes_the_place_of_the_first(world: World) -> None:
    account = await world.app.keys.connect(LOCAL_TENANT, "keyed", None, {}, Secret(KEY))
    renewed = await world.app.keys.replace(account, Secret(NEXT))
    await world.app.executor.execute_tool(renewed.key, "keyed_list_things", {})

    assert renewed.id == account.id
    assert world.service.shown[-1] == NEXT
    with pytest.raises(ConsentFailed, match="Another person"):
        await world.app.keys.replace(account, Secret(OTHERS))


async def test_a_key_that_was_withdrawn_is_a_dead_grant(world: World) -> None:
    account = await world.app.keys.connect(LOCAL_TENANT, "keyed", None, {}, Secret(KEY))
    del world.service.owners[KEY]

    outcome = await world.app.executor.execute_tool(account.key, "keyed_list_things", {})

    assert isinstance(outcome, ReauthRequired)


async def test_a_browser_is_sent_to_no_consent_page_that_there_is_not(world: World) -> None:
    with pytest.raises(CannotConnect, match=r"has no consent page.*evergrant connect keyed"):
        await world.app.connect.begin(LOCAL_TENANT, "keyed", None, {})


def test_the_command_takes_the_key_from_standard_input(tmp_path: Path) -> None:
    keys: list[str | None] = []

    def answer(path: str, headers: Mapping[str, str], body: object) -> tuple[int, dict[str, object]]:
        keys.append(httpx2.Headers(headers).get("X-Api-Key"))
        return 200, {"id": "ada", "email": "ada@acme.example"}

    with running(answer) as url:
        own = write_connector(tmp_path / "own", url)
        command = Command(tmp_path / "vault", free_port(), {"EVERGRANT_CONNECTOR_PATH": str(own)})
        done = command.run("connect", "keyed", "--secret-stdin", "--json", given=f"{KEY}\n")

    assert done.returncode == 0, done.stderr
    assert "ada@acme.example" in json.dumps(json.loads(done.stdout))
    assert keys == [KEY]
    assert KEY not in done.stdout + done.stderr


def test_a_person_reads_what_the_key_must_be_allowed_to_do_and_where_it_is_ended() -> None:
    declared = {"title": "key", "help": "https://k.example/new", "needs": "tick Read", "ended_at": "https://k.example/"}
    auth = ApiKey.model_validate({"kind": "api_key", "header": "X-Api-Key", **declared})
    keyed = connector().model_copy(update={"oauth": OAuth(), "auth": auth})

    assert "the key (tick Read)" in words.key_wanted("Keyed", auth.title, auth.needs)
    assert keyed.ending_page == "https://k.example/"
