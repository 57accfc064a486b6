"""First grants without a browser that comes back here, and their renewal by the machinery that all grants have."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx2
import jwt
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from tests.fakes.clock import ManualClock
from tests.fakes.practice import START, surroundings

from evergrant.app import App, open_app
from evergrant.model.json import Json, JsonObject
from evergrant.model.outcome import Result
from evergrant.model.secret import Secret
from evergrant.oauth.device import DeviceCode
from evergrant.service.connect import CannotConnect
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT, Settings

pytestmark = pytest.mark.anyio
HOST = "https://machine.example"
TOOL: JsonObject = {
    "description": "Find the things of a client.",
    "request": "GET /things",
    "effect": "read",
    "input": {},
    "items": "",
    "example": {},
}


@dataclass
class Provider:
    """A token endpoint that answers as told, in order, then always with a new token; and an API."""

    asked: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    answers: list[tuple[int, JsonObject]] = field(default_factory=list[tuple[int, JsonObject]])
    tokens: int = 0

    def app(self) -> Starlette:
        async def token(request: Request) -> JSONResponse:
            form = await request.form()
            self.asked.append({name: str(value) for name, value in form.items()})
            if self.answers:
                status, body = self.answers.pop(0)
                return JSONResponse(body, status)
            self.tokens += 1
            return JSONResponse({"access_token": f"token-number-{self.tokens}", "expires_in": 600})

        async def device(request: Request) -> JSONResponse:
            codes = {"device_code": "device-code-canary", "user_code": "ABCD", "verification_uri": f"{HOST}/device"}
            return JSONResponse({**codes, "expires_in": 60, "interval": 5})

        async def api(request: Request) -> JSONResponse:
            if request.headers["Authorization"] != f"Bearer token-number-{self.tokens}":
                return JSONResponse({}, 401)
            return JSONResponse({"id": "7", "name": "robot"} if request.url.path == "/me" else [1])

        routes = [Route("/token", token, methods=["POST"]), Route("/device", device, methods=["POST"])]
        return Starlette(routes=[*routes, Route("/me", api), Route("/things", api)])


@dataclass
class World:
    app: App
    provider: Provider
    clock: ManualClock

    async def connect(self, key: str | None = None, show: list[DeviceCode] | None = None) -> str:
        shown = [] if show is None else show
        given = Secret(key) if key else None
        account = await self.app.unattended.connect(LOCAL_TENANT, "machine", None, {}, key=given, show=shown.append)
        return account.id

    async def calls(self, account_id: str) -> bool:
        account = self.app.desk.find(LOCAL_TENANT, account_id)
        return isinstance(await self.app.executor.execute_tool(account.key, "machine_list_things", {}), Result)


@asynccontextmanager
async def opened(home: Path, grant_type: str, *, client: bool = True) -> AsyncGenerator[World]:
    oauth: dict[str, Json] = {
        "grant_type": grant_type,
        "token_endpoint": f"{HOST}/token",
        "device_authorization_endpoint": f"{HOST}/device",
        "scopes": ["a", "b"],
        "token_endpoint_auth_method": "client_secret_post",
    }
    declared: JsonObject = {
        "name": "Machine",
        "description": "A service for machines.",
        "docs": "https://docs.example/",
        "base_url": HOST,
        "oauth": oauth,
        "grant": {"rotation": "never", "source": "https://docs.example/", "verified_on": "2026-11-22"},
        "identity": {"request": f"GET {HOST}/me", "subject": ["/id"], "label": ["/name"]},
    }
    files: dict[str, JsonObject] = {"connectors": declared, "schemas": {"machine_list_things": TOOL}}
    for kind, content in files.items():
        (home / kind).mkdir()
        (home / kind / "machine.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    clock, provider = ManualClock(START), Provider()
    around = replace(surroundings(clock), transport=httpx2.ASGITransport(provider.app()))
    async with open_app(Settings(home=home / "vault", key_source="file", connector_path=(home,)), around) as app:
        if client:
            await app.registry.add(
                LOCAL_TENANT, "machine", client_id="robot", client_secret=Secret("s"), redirect_uri="http://localhost/x"
            )
        yield World(app, provider, clock)


async def test_a_client_asks_in_its_own_name_and_asks_again_before_the_token_ends(tmp_path: Path) -> None:
    async with opened(tmp_path, "client_credentials") as world:
        account = await world.connect()
        world.clock.advance(700)

        assert await world.calls(account)
        assert (
            world.provider.asked
            == [{"grant_type": "client_credentials", "scope": "a b", "client_id": "robot", "client_secret": "s"}] * 2
        )


async def test_without_a_client_it_is_said_how_to_add_one(tmp_path: Path) -> None:
    async with opened(tmp_path, "client_credentials", client=False) as world:
        with pytest.raises(CannotConnect, match="evergrant connections add machine"):
            await world.connect()


async def test_a_service_account_signs_an_assertion_with_its_key_which_no_request_carries(tmp_path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    file = json.dumps({"client_email": "robot@acme.example", "private_key": private, "private_key_id": "k1"})
    async with opened(tmp_path, "jwt_bearer", client=False) as world:
        account = await world.connect(file)
        world.clock.advance(700)
        assert await world.calls(account)

        assert len(world.provider.asked) == 2
        for asked in world.provider.asked:
            assert set(asked) == {"grant_type", "assertion"}
            claims = jwt.decode(
                asked["assertion"],
                key.public_key(),
                algorithms=["RS256"],
                audience=f"{HOST}/token",
                options={"verify_exp": False, "verify_iat": False},
            )
            assert (claims["iss"], claims["scope"], claims["exp"] - claims["iat"]) == (
                "robot@acme.example",
                "a b",
                3600,
            )
            assert jwt.get_unverified_header(asked["assertion"])["kid"] == "k1"


@pytest.mark.parametrize(
    "key", ["", "{", '{"client_email": "x"}', '{"client_email": "x", "private_key": "PRIVATE KEY"}']
)
async def test_what_is_no_key_of_a_service_account_is_sent_nowhere(tmp_path: Path, key: str) -> None:
    async with opened(tmp_path, "jwt_bearer", client=False) as world:
        with pytest.raises(CannotConnect, match=r"not the JSON file|cannot be read"):
            await world.connect(key)
        assert world.provider.asked == []


async def test_a_device_shows_a_code_and_waits_as_it_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path, "device_code") as world:
        began, shown = world.clock.monotonic(), list[DeviceCode]()
        world.provider.answers = [(400, {"error": "authorization_pending"}), (400, {"error": "slow_down"})]
        account = await world.connect(show=shown)

        assert [(code.user_code, code.verification_uri) for code in shown] == [("ABCD", f"{HOST}/device")]
        assert world.clock.monotonic() - began == 5 + 5 + 10
        assert world.provider.asked[-1]["device_code"] == "device-code-canary"
        assert await world.calls(account)


@pytest.mark.parametrize(
    ("errors", "words"), [(["access_denied"], "access_denied"), (["authorization_pending"] * 20, "Nobody")]
)
async def test_a_device_whose_person_does_not_consent_gets_nothing(
    tmp_path: Path, errors: list[str], words: str
) -> None:
    async with opened(tmp_path, "device_code") as world:
        world.provider.answers = [(400, {"error": error}) for error in errors]
        with pytest.raises(ConsentFailed, match=words):
            await world.connect()
        assert world.app.accounts.all(LOCAL_TENANT) == []
