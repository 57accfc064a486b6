"""What a monitor reads: by whom it may be read, that it adds up, and that the dashboard shows all of it and no more."""

import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import httpx2
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families
from tests.fakes.practice import Practice
from tests.service.holding import waiting

from evergrant.entry.mcp.http import bearer_principal
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.principal import Principal
from evergrant.parts import mcp_parts
from evergrant.service.api_keys import Wish
from evergrant.settings import LOCAL_TENANT
from evergrant.store.database import StoreUnavailable
from evergrant.surface import web_app
from evergrant.vault.bearer import local_bearer
from evergrant.vault.census import Census

pytestmark = pytest.mark.anyio
DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"\bevergrant_[a-z_]+")
SUFFIXES = ("_bucket", "_sum", "_count", "_total")


@pytest.fixture
async def client(world: Practice) -> AsyncGenerator[httpx2.AsyncClient, None]:
    async def stranger(token: str) -> Principal | None:
        return Principal("tnt_stranger") if token == "stranger" else await known(token)

    async def known(token: str) -> Principal | None:
        found = world.app.key_desk.bearer(token)
        return found or (Principal(LOCAL_TENANT) if token == borne else None)

    borne = local_bearer(world.app.vault.ring.ring).reveal()
    log = structlog.get_logger()
    server = make_server(mcp_parts(world.app, log), bearer_principal)
    web = web_app(world.app, server, dict, log, principal_of=stranger)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(web), base_url="http://localhost") as made:
        made.headers["Authorization"] = f"Bearer {borne}"
        yield made


async def scraped(client: httpx2.AsyncClient) -> dict[str, dict[tuple[str, ...], float]]:
    """The samples by name and labels; labels come in the order of their names."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        assert family.documentation
        found.setdefault(family.name, {})
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


async def test_numbers_add_up(world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient) -> None:
    for _ in range(3):
        await world.app.held_calls.execute(account.key, "sandbox_search_contacts", {})
    world.clock.advance(1801)
    await world.app.held_calls.execute(account.key, "sandbox_append_row", {"row": ["a"]})
    world.sandbox.revoke()
    world.clock.advance(1801)
    await waiting(world, account, "sandbox_append_row", {"row": ["b"]})

    found = await scraped(client)
    assert found["evergrant_calls_total"] == {
        ("sandbox", "ok", "sandbox_append_row"): 1,
        ("sandbox", "reauth_required", "sandbox_append_row"): 1,
        ("sandbox", "ok", "sandbox_search_contacts"): 3,
    }
    assert found["evergrant_call_duration_seconds_count"] == {("sandbox",): 5}
    assert found["evergrant_call_duration_seconds_bucket"]["sandbox", "+Inf"] == 5
    assert found["evergrant_provider_requests_total"] == {("sandbox",): 4}
    assert found["evergrant_refreshes_total"] == {("sandbox", "stored"): 1, ("sandbox", "terminal"): 1}
    assert found["evergrant_accounts"] == {("revoked", "sandbox", "reauth_required"): 1}
    assert found["evergrant_held_calls"] == {("running",): 0, ("waiting",): 1}
    assert found["evergrant_rotation_lost_total"] == {("sandbox",): 0}
    assert found["evergrant_expired_token_sends_total"] == {("sandbox", "clock"): 0, ("sandbox", "provider"): 0}
    assert found["evergrant_vault_readable"] == {(): 1}


async def test_a_late_renewal_is_told_in_seconds(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    assert (await scraped(client))["evergrant_refresh_lag_seconds"] == {(): 0}
    world.clock.advance(3600)
    assert (await scraped(client))["evergrant_refresh_lag_seconds"][()] > 1800


async def test_the_vault_is_counted_once_for_many_readings(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    await scraped(client)
    await world.connect("globex", "ben")
    assert sum((await scraped(client))["evergrant_accounts"].values()) == 1
    world.clock.advance(6)
    assert sum((await scraped(client))["evergrant_accounts"].values()) == 2


async def test_a_vault_that_cannot_be_read_leaves_what_this_process_has_counted(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    await world.app.held_calls.execute(account.key, "sandbox_search_contacts", {})
    world.app.vault.file.rename(world.app.vault.file.with_suffix(".away"))
    world.app.vault.database.engine.dispose()

    found = await scraped(client)
    assert found["evergrant_vault_readable"] == {(): 0}
    assert found["evergrant_calls_total"]
    assert "evergrant_accounts" not in found
    with pytest.raises(StoreUnavailable):
        Census(world.app.vault.database).take()


async def test_only_who_operates_the_vault_reads_it(world: Practice, client: httpx2.AsyncClient) -> None:
    statuses = {}
    for operator in (True, False):
        _, borne = await world.app.key_desk.make(LOCAL_TENANT, Wish("monitor", operator=operator))
        client.headers["Authorization"] = f"Bearer {borne.reveal()}"
        statuses[operator] = (await client.get("/metrics")).status_code
    client.headers["Authorization"] = "Bearer stranger"
    answer = await client.get("/metrics")

    assert statuses == {True: 200, False: 403}
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/problem+json")


async def test_the_dashboard_and_the_alerts_name_every_metric_and_none_that_is_not_there(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    there = {base(name) for name in await scraped(client)}
    board = cast("dict[str, object]", json.loads((DOCS / "grafana" / "evergrant.json").read_text(encoding="utf-8")))
    shown = {base(name) for name in NAME.findall(json.dumps(board))}
    told = {base(name) for name in NAME.findall((DOCS / "how-to" / "monitoring.md").read_text(encoding="utf-8"))}

    assert shown == there
    assert told == there


def test_a_dashboards_panels_have_ids_places_and_queries_of_their_own() -> None:
    board = json.loads((DOCS / "grafana" / "evergrant.json").read_text(encoding="utf-8"))
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set[tuple[int, int]]()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert at["x"] + at["w"] <= 24
        taken |= cells
        assert panel["type"] == "row" or all(target["expr"] for target in panel["targets"])
        assert all(target["expr"].count("(") == target["expr"].count(")") for target in panel.get("targets", ()))


def base(name: str) -> str:
    """The name of a metric without what its samples add."""
    return next((name.removesuffix(end) for end in SUFFIXES if name.endswith(end)), name)
