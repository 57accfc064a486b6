"""The examination as a whole: it goes on whatever fails, asks only whom it may, and takes time from the vault."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import NoReturn

import httpx2
import pytest
from tests.doctor.samples import NOW, info
from tests.fakes.clock import ManualClock
from tests.fakes.practice import practice
from tests.oauth.samples import ROOT
from typing_extensions import override

from evergrant.catalog.catalog import Catalog
from evergrant.doctor.examination import Group, examine
from evergrant.doctor.finding import Finding
from evergrant.doctor.outside import Machine, Outside
from evergrant.model.secret import Secret
from evergrant.settings import LOCAL_TENANT, Settings
from evergrant.store.steady import SteadyClock
from evergrant.vault.sources.given import Given

pytestmark = pytest.mark.anyio
MACHINE = Machine(
    "linux", (3, 13, 1), "python", (3, 51, 3), 1000, "boot", lambda: {"mcp": "2.3.0"}, lambda: {"mcp": "2.3.0"}, "0.1.0"
)


class Providers(httpx2.BaseTransport):
    """All providers at once; remembers which were asked."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.asked: list[str] = []

    @override
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        return httpx2.Response(200, headers={"Date": format_datetime(self.now, usegmt=True)}, request=request)


@dataclass(frozen=True)
class Serving:
    pid: int
    url: str


def outside(providers: Providers | None = None, now: datetime = NOW) -> Outside:
    """A machine on which all is well and no server runs."""
    return Outside(
        machine=MACHINE,
        clock=ManualClock(now),
        lstat=lambda _: info(0o600),
        free=lambda _: 1 << 40,
        writable=lambda _: True,
        find_keychain=lambda: None,
        given=Given(),
        running=lambda: None,
        bind=lambda: None,
        holder=lambda _: None,
        network=lambda: httpx2.Client(transport=providers),
        here=lambda: httpx2.Client(transport=providers),
        folder=lambda _: None,
        catalog=lambda: Catalog([ROOT], lenient=True),
        clients=list,
        command=lambda: Path("/usr/bin/evergrant"),
        usual_home=Path("/home/ann/.evergrant"),
    )


def settings(home: Path) -> Settings:
    return Settings(home=home, key_source="file")


def report(home: Path, world: Outside, *, offline: bool = False) -> list[Group]:
    return list(examine(settings(home), world, offline=offline))


def of(groups: list[Group], check: str) -> list[Finding]:
    return [finding for group in groups for finding in group.findings if finding.check == check]


def fails(*_: object) -> NoReturn:
    raise OSError(30, "Read-only file system")


def falls_over(*_: object) -> NoReturn:
    raise ZeroDivisionError


async def add(home: Path, connector: str) -> None:
    async with practice(home) as world:
        await world.app.registry.add(
            LOCAL_TENANT,
            connector,
            client_id="x",
            client_secret=Secret("y"),
            redirect_uri="http://localhost:8484/callback",
        )


@pytest.mark.parametrize("error", [fails, falls_over], ids=["foreseen", "unforeseen"])
async def test_whatever_fails_is_a_finding_and_the_rest_goes_on(tmp_path: Path, error: Callable[..., NoReturn]) -> None:
    await add(tmp_path, "hubspot")
    broken = replace(
        outside(),
        machine=replace(MACHINE, installed=error),
        lstat=error,
        free=error,
        running=error,
        bind=error,
        network=error,
        folder=error,
        catalog=error,
        clients=error,
        command=error,
    )

    groups = report(tmp_path, broken)

    assert [group.title for group in groups] == [
        "Machine", "Vault", "Clock", "Server", "Clients", "Connections", "Accounts", "Webhooks",
    ]  # fmt: skip
    assert of(groups, "key source")[0].level == "ok"
    for check in (
        "packages",
        "file modes",
        "disk",
        "folder",
        "server",
        "port",
        "clients",
        "accounts",
        "clock, network",
    ):
        assert of(groups, check)[-1].level == "problem"
        assert of(groups, check)[-1].what_to_do


async def test_the_time_is_asked_of_a_provider_in_use_and_of_nobody_offline(tmp_path: Path) -> None:
    await add(tmp_path, "hubspot")
    providers = Providers(NOW + timedelta(minutes=10))

    offline = of(report(tmp_path, outside(providers), offline=True), "clock, network")
    assert providers.asked == []
    online = of(report(tmp_path, outside(providers)), "clock, network")

    assert [each.level for each in (*offline, *online)] == ["note", "warning"]
    [asked] = providers.asked
    assert asked.startswith("https://")
    assert "hub" in asked


async def test_a_provider_on_this_machine_is_not_asked_the_time(tmp_path: Path) -> None:
    await add(tmp_path, "sandbox")
    providers = Providers(NOW)
    assert of(report(tmp_path, outside(providers)), "clock, network")[0].level == "note"
    assert providers.asked == []


async def test_a_bearer_goes_nowhere_but_to_this_machine(tmp_path: Path) -> None:
    await add(tmp_path, "sandbox")
    providers = Providers(NOW)

    def served_at(url: str) -> list[Finding]:
        world = replace(outside(providers), running=lambda: Serving(7, url))
        return of(report(tmp_path, world, offline=True), "server, HTTP")

    assert served_at("https://box.example")[0].level == "note"
    assert providers.asked == []
    served_at("http://localhost:8484")
    assert providers.asked == ["http://localhost:8484/healthz", "http://localhost:8484/mcp"]


async def test_accounts_are_judged_by_the_time_that_the_vault_has_seen(tmp_path: Path) -> None:
    async with practice(tmp_path) as world:
        account = await world.connect()
        held = world.app.accounts.get(account.key)
        assert held
    connected = held.created_at
    SteadyClock(ManualClock(connected + timedelta(hours=5)), tmp_path / "run" / "clock", "boot")

    late = of(report(tmp_path, outside(now=connected)), "accounts")

    assert "should have been renewed" in late[0].what
    assert of(report(tmp_path, outside(now=connected)), "clock")[0].level == "warning"


async def test_what_a_damaged_database_does_not_tell_is_not_said_to_be_in_order(tmp_path: Path) -> None:
    await add(tmp_path, "hubspot")
    (tmp_path / "vault.db").write_bytes(b"\xff" * 8192)

    groups = report(tmp_path, outside(), offline=True)

    assert of(groups, "database")[0].level == "problem"
    for check in ("key source", "connections", "accounts"):
        [told] = of(groups, check)
        assert told.level == "note"
        assert "Not looked" in told.what
    assert of(groups, "redirect URIs") == []


async def test_a_key_without_its_database_and_a_database_without_its_key_are_told(tmp_path: Path) -> None:
    await add(tmp_path, "hubspot")
    key, database = tmp_path / "vault.key", tmp_path / "vault.db"
    key.rename(tmp_path / "kept")
    without_key = of(report(tmp_path, outside(), offline=True), "key source")
    (tmp_path / "kept").rename(key)
    database.unlink()
    without_database = report(tmp_path, outside(), offline=True)

    assert without_key[0].level == "problem"
    assert of(without_database, "key source")[0].level == "warning"
    assert of(without_database, "vault")[0].level == "note"
    assert not database.exists()
