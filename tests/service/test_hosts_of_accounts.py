"""A host that an account value names is looked at before anything is sent there; the sandbox's loopback goes on."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml
from tests.dial.test_guard import Names
from tests.fakes.clock import ManualClock
from tests.fakes.consent import approve
from tests.fakes.practice import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, START, sandbox, surroundings
from tests.oauth.samples import ROOT

from evergrant.app import App, open_app
from evergrant.dial.guard import permitted
from evergrant.model.account import ConnectedAccount
from evergrant.model.outcome import ProviderError, ProviderUnavailable, Result
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.run import running
from evergrant.service.consent import ConsentFailed
from evergrant.settings import LOCAL_TENANT, Settings

pytestmark = pytest.mark.anyio
NAME = "elsewhere"
HOST = "api.elsewhere.example"


def write_connector(folder: Path, port: str, **changes: object) -> Path:
    """The sandbox under another name, whose API lies at a host that the user names."""
    declared = yaml.safe_load((ROOT / "connectors" / "sandbox.yaml").read_text(encoding="utf-8"))
    host = {"from": "user", "title": "API host", "pattern": r"[a-z.]+"}
    declared |= {
        "base_url": f"https://{{account.host}}:{port}",
        "allow": [f"https://{{account.host}}:{port}/crm/", "{account.origin}/crm/"],
        "account": {**declared["account"], "host": host},
        **changes,
    }
    for kind in ("connectors", "schemas"):
        (folder / kind).mkdir(parents=True)
    (folder / "connectors" / f"{NAME}.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    tools = (ROOT / "schemas" / "sandbox.yaml").read_text(encoding="utf-8").replace("sandbox_", f"{NAME}_")
    (folder / "schemas" / f"{NAME}.yaml").write_text(tools, encoding="utf-8")
    return folder


@dataclass
class World:
    app: App
    names: Names
    url: str

    async def connect(self) -> ConnectedAccount:
        await self.app.registry.add(
            LOCAL_TENANT, NAME, client_id=CLIENT_ID, client_secret=Secret(CLIENT_SECRET), redirect_uri=REDIRECT_URI
        )
        values = {"origin": self.url, "host": HOST}
        begun = await self.app.connect.begin(LOCAL_TENANT, NAME, None, values)
        return await self.app.consent.finish(parse_redirect(await approve(begun.url)))


@asynccontextmanager
async def opened(
    home: Path, *found: str, permit: tuple[str, ...] = (), **changes: object
) -> AsyncGenerator[World, None]:
    clock, names = ManualClock(START), Names(list(found))
    provider = sandbox(clock)
    with running(provider) as url:
        own = write_connector(home / "own", url.rpartition(":")[2], **changes)
        settings = Settings(
            home=home / "vault", key_source="file", connector_path=(own,), allow_private_hosts=permitted(permit)
        )
        async with open_app(settings, replace(surroundings(clock), resolve=names)) as app:
            yield World(app, names, url)


@pytest.mark.parametrize(
    "found", [("127.0.0.1",), ("10.0.0.7", "93.184.216.34"), ("169.254.169.254",), ("64:ff9b::7f00:1",)]
)
async def test_a_call_to_a_host_that_leads_inside_is_not_sent(tmp_path: Path, found: tuple[str, ...]) -> None:
    async with opened(tmp_path, *found) as world:
        account = await world.connect()
        outcome = await world.app.executor.execute_tool(account.key, f"{NAME}_search_contacts", {})

        assert isinstance(outcome, ProviderError)
        assert f"The call was not sent: {HOST} leads to an address that is not public." == outcome.what_happened
        assert "EVERGRANT_ALLOW_PRIVATE_HOSTS" in outcome.what_to_do
        assert not outcome.retryable
        assert found[0] not in outcome.as_text(), "what a name leads to inside is not told"
        assert [host for host, _ in world.names.asked] == [HOST], "the sandbox's own origin is not looked up"


async def test_what_the_operator_permits_is_sent(tmp_path: Path) -> None:
    async with opened(tmp_path, "127.0.0.1", permit=("127.0.0.0/8",)) as world:
        account = await world.connect()
        outcome = await world.app.executor.execute_tool(account.key, f"{NAME}_search_contacts", {})

        assert isinstance(outcome, ProviderUnavailable), "it was dialled, and does not speak TLS"
        assert "could not be reached" in outcome.what_happened


async def test_a_token_endpoint_at_such_a_host_is_not_asked(tmp_path: Path) -> None:
    root = yaml.safe_load((ROOT / "connectors" / "sandbox.yaml").read_text(encoding="utf-8"))
    oauth = {**root["oauth"], "token_endpoint": "https://{account.host}/token", "introspection_endpoint": None}
    async with opened(tmp_path, "127.0.0.1", oauth=oauth) as world:
        with pytest.raises(ConsentFailed, match="not_sent"):
            await world.connect()


async def test_the_sandbox_itself_needs_no_permission(tmp_path: Path) -> None:
    async with opened(
        tmp_path, "169.254.169.254", base_url="{account.origin}", allow=["{account.origin}/crm/"]
    ) as world:
        account = await world.connect()
        outcome = await world.app.executor.execute_tool(account.key, f"{NAME}_search_contacts", {})

        assert isinstance(outcome, Result)
        assert world.names.asked == []
