"""Resources: how accounts stand, for those who see them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, TextResourceContents
from structlog.testing import LogCapture
from tests.entry.wires import over_memory
from tests.fakes.many import many_accounts
from tests.fakes.practice import Practice

from evergrant.entry.mcp.parts import Parts
from evergrant.entry.mcp.server import make_server
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.model.principal import Principal
from evergrant.settings import LOCAL_TENANT
from evergrant.vault.account_lists import EVERY, AccountLists, Wanted
from evergrant.vault.accounts import Accounts

pytestmark = pytest.mark.anyio
ERAS = ("legacy", "2026-07-28")
NOWHERE = Path()
CANARY = "at_SECRET_canary"


async def standing(client: Client, account: ConnectedAccount) -> JsonObject:
    (content,) = (await client.read_resource(f"evergrant://accounts/{account.id}")).contents
    assert isinstance(content, TextResourceContents)
    assert content.mime_type == "application/json"
    return cast("JsonObject", json.loads(content.text))


@pytest.mark.parametrize("era", ERAS)
async def test_accounts_are_listed_and_each_says_how_it_stands(
    parts: Parts, world: Practice, account: ConnectedAccount, foreign: ConnectedAccount, era: str
) -> None:
    async with over_memory(parts, NOWHERE, era) as client:
        listed = await client.list_resources()
        templates = (await client.list_resource_templates()).resource_templates
        lives = await standing(client, account)
        world.sandbox.revoke(user="anna")
        await world.search(account)
        dead = await standing(client, account)

    assert [str(each.uri) for each in listed.resources] == [f"evergrant://accounts/{account.id}"]
    assert listed.next_cursor is None
    assert [each.uri_template for each in templates] == ["evergrant://accounts/{id}", "evergrant://results/{id}"]
    assert (lives["state"], lives["last_error"], lives["as"]) == ("active", None, "anna@example.test")
    assert lives["next_refresh_at"]
    assert lives["access_expires_at"]
    assert "what_to_do" not in lives
    assert dead["state"] == "reauth_required"
    assert cast("str", dead["reauth_url"]) in cast("str", dead["what_to_do"])


async def test_a_caller_sees_the_accounts_that_are_there_for_it(parts: Parts, account: ConnectedAccount) -> None:
    other = Principal(LOCAL_TENANT, "key_1", accounts=frozenset({"conn_another"}))

    async with Client(make_server(parts, lambda: other)) as client:
        listed = await client.list_resources()
        with pytest.raises(MCPError, match="Resource not found"):
            await standing(client, account)

    assert listed.resources == []


async def test_many_accounts_are_listed_a_hundred_at_a_time(
    parts: Parts, world: Practice, account: ConnectedAccount
) -> None:
    await many_accounts(world, account, 249)

    async with over_memory(parts, NOWHERE, "2026-07-28") as client:
        pages = [await client.list_resources()]
        while pages[-1].next_cursor:
            pages.append(await client.list_resources(cursor=pages[-1].next_cursor))
        with pytest.raises(MCPError) as caught:
            await client.list_resources(cursor="no cursor")

    assert [len(page.resources) for page in pages] == [100, 100, 50]
    assert len({each.uri for page in pages for each in page.resources}) == 250
    assert caught.value.error.code == INVALID_PARAMS


@pytest.mark.parametrize("era", ERAS)
async def test_what_goes_wrong_is_told_without_its_text(
    parts: Parts, account: ConnectedAccount, logged: LogCapture, era: str
) -> None:
    broken = replace(parts, accounts=_Broken(), desk=replace(parts.desk, accounts=_Broken(), lists=_BrokenLists()))

    async with over_memory(broken, NOWHERE, era) as client:
        with pytest.raises(MCPError) as listing:
            await client.list_resources()
        with pytest.raises(MCPError) as reading:
            await standing(client, account)

    assert [caught.value.error.code for caught in (listing, reading)] == [INTERNAL_ERROR] * 2
    assert CANARY not in str(listing.value.error) + str(reading.value.error) + str(logged.entries)


class _BrokenLists(AccountLists):
    def __init__(self) -> None:
        pass

    def page(
        self, tenant_id: str, wanted: Wanted = EVERY, after: str | None = None, limit: int = 100
    ) -> list[ConnectedAccount]:
        raise RuntimeError(f"{CANARY} {tenant_id} {wanted} {after} {limit}")


class _Broken(Accounts):
    def __init__(self) -> None:
        pass

    def all(self, tenant_id: str) -> list[ConnectedAccount]:
        raise RuntimeError(f"{CANARY} {tenant_id}")

    def named(self, tenant_id: str, name: str) -> ConnectedAccount | None:
        raise RuntimeError(f"{CANARY} {tenant_id} {name}")
