"""The client on a vault of this process: the same API, and grants that are renewed for as long as it is open."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from tests.fakes.consent import approve
from tests.fakes.practice import add_client, sandbox, surroundings
from tests.fakes.tables import lay_tables

from evergrant import Evergrant, EvergrantSync, in_process
from evergrant.app import open_app
from evergrant.embedded import logger
from evergrant.model.clock import SystemClock
from evergrant.model.live import LiveSecrets
from evergrant.model.secret import Secret
from evergrant.oauth.flow import parse_redirect
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.run import running
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.surroundings import Surroundings

DAY = timedelta(days=1)


@dataclass
class Shifted:
    """The machine's clock, set on by some time."""

    by: timedelta = field(default_factory=timedelta)

    def now(self) -> datetime:
        return SystemClock().now() + self.by

    def monotonic(self) -> float:
        return SystemClock().monotonic() + self.by.total_seconds()

    async def sleep(self, seconds: float) -> None:
        await SystemClock().sleep(seconds)


@dataclass(frozen=True)
class Vault:
    """A vault with the account `acme`, which was connected yesterday."""

    settings: Settings
    world: Surroundings
    sandbox: Sandbox


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    clock = Shifted()
    lay_tables(tmp_path / "home")
    made = Vault(Settings(home=tmp_path / "home", key_source="file"), surroundings(clock), sandbox(clock))
    with running(made.sandbox) as url:
        asyncio.run(_connect(made, url))
        clock.by = DAY
        yield made


async def _connect(vault: Vault, url: str) -> None:
    async with open_app(vault.settings, vault.world) as app:
        await add_client(app)
        begun = await app.connect.begin(LOCAL_TENANT, "sandbox", "acme", {"origin": url})
        await app.consent.finish(parse_redirect(await approve(begun.url)))


async def refreshed(sandbox: Sandbox) -> None:
    with anyio.fail_after(20):
        while not sandbox.count.refreshes:
            await anyio.lowlevel.checkpoint()


@pytest.mark.anyio
async def test_a_grant_is_renewed_though_nobody_calls_and_calls_work_as_over_http(vault: Vault) -> None:
    async with in_process(vault.settings, vault.world) as eg:
        assert type(eg) is Evergrant
        await refreshed(vault.sandbox)
        result = await eg.execute_tool(
            connected_account_id="acme", tool_name="sandbox_append_row", tool_input={"row": ["one"]}
        )
    assert (result.label, vault.sandbox.book("anna").rows) == ("anna@example.test", [["one"]])
    assert (vault.sandbox.count.refreshes, vault.sandbox.count.api_expired_token) == (1, 0)


def test_a_plain_with_gives_the_twin_and_closes_the_vault(vault: Vault) -> None:
    opened = in_process(vault.settings, vault.world)
    for _ in range(2):
        with opened as eg:
            assert type(eg) is EvergrantSync
            assert len(eg.get_tools(connected_account_id="acme", toolset="sandbox")) == 7
        with pytest.raises(RuntimeError, match="closed"):
            eg.list_calls()


def test_its_log_goes_to_the_logging_of_the_process_without_secrets(caplog: pytest.LogCaptureFixture) -> None:
    live = LiveSecrets()
    live.note(Secret("a-token-that-is-in-use-now"))
    with caplog.at_level(logging.WARNING, "evergrant"):
        logger(live).warning("refused", answer="it was a-token-that-is-in-use-now")
    (record,) = caplog.records
    assert (record.name, record.getMessage()) == ("evergrant", "refused")
    assert "a-token" not in str(vars(record))
