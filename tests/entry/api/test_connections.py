"""`/v1/connections`, and a tenant of a hosted server that connects an account through an OAuth client of its own."""

import random
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest
from tests.entry.api.tenancy import CLIENT, House, house
from tests.fakes.clock import ManualClock
from tests.fakes.consent import approve
from tests.fakes.person import Person, person
from tests.fakes.practice import CLIENT_SECRET, START, STRICTEST, practice

from evergrant.model.link import Link
from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Client
from evergrant.settings import LOCAL_TENANT
from evergrant.surface import consents

pytestmark = pytest.mark.anyio
PUBLIC = "https://evergrant.example"
ITS_CALLBACK = f"{PUBLIC}/callback/tnt_acme/sandbox"
SECRET = "acme-client-secret-canary"


@pytest.fixture
async def site(tmp_path: Path) -> AsyncGenerator[House, None]:
    of_acme = Client(SECRET, (ITS_CALLBACK,), ("crm.read", "crm.write"), STRICTEST)
    provider = Sandbox({"acme-app": of_acme}, clock=ManualClock(START), chance=random.Random(1))
    hosted = {"public_url": PUBLIC}
    async with practice(tmp_path / "home", provider=provider, issuer=hosted) as world, house(world) as made:
        yield made


@pytest.fixture
async def acme(site: House) -> AsyncGenerator[httpx2.AsyncClient, None]:
    async with await site.tenant("tnt_acme") as made:
        yield made


async def test_a_client_is_added_shown_without_its_secret_replaced_and_removed(
    site: House, acme: httpx2.AsyncClient
) -> None:
    own = {name: value for name, value in CLIENT.items() if name != "redirect_uri"}
    added = await acme.post("/v1/connections", json=own)
    one = f"/v1/connections/{added.json()['id']}"
    again = await acme.post("/v1/connections", json={**own, "client_id": "other", "scopes": ["crm.read"]})
    looked, listed = await acme.get(one), await acme.get("/v1/connections")
    removed, gone = await acme.delete(one), await acme.get(one)

    assert added.status_code == 201
    assert (added.json()["redirect_uri"], added.json()["has_secret"]) == (ITS_CALLBACK, True)
    assert (again.json()["id"], again.json()["scopes"]) == (added.json()["id"], ["crm.read"])
    assert (looked.json()["client_id"], listed.json()["connections"]) == ("other", [looked.json()])
    assert (removed.status_code, gone.status_code) == (200, 404)
    assert not any(CLIENT_SECRET in each.text for each in (added, again, looked, listed, removed))
    assert site.world.app.connections.find(LOCAL_TENANT, "sandbox")


@pytest.mark.parametrize(
    "wrong",
    [
        {"connector": "nowhere"},
        {"client_id": "two words"},
        {"client_secret": None},
        {"redirect_uri": "ftp://x"},
        {"tenant_id": LOCAL_TENANT},
    ],
)
async def test_what_cannot_be_a_client_is_refused_in_words_without_the_secret(
    acme: httpx2.AsyncClient, wrong: dict[str, object]
) -> None:
    refused = await acme.post("/v1/connections", json={**CLIENT, **wrong})

    assert refused.status_code == 400
    assert CLIENT_SECRET not in refused.text


async def test_a_tenants_own_client_brings_an_account_by_its_own_callback(
    site: House, acme: httpx2.AsyncClient
) -> None:
    world = site.world
    mine = {"connector": "sandbox", "client_id": "acme-app", "client_secret": SECRET}
    assert (await acme.post("/v1/connections", json=mine)).json()["redirect_uri"] == ITS_CALLBACK
    told = (await acme.post("/v1/links", json={"connector": "sandbox", "values": {"origin": world.url}})).json()
    anna: Person = person(consents(world.app), PUBLIC)
    redirect = await approve(await anna.proves(Link(told["url"], told["confirmation_code"])), "anna")
    elsewhere = await anna.opens(redirect.replace("/callback/tnt_acme/", "/callback/"))
    page = await anna.opens(redirect)
    (account,) = (await acme.get("/v1/accounts")).json()["accounts"]
    asked: dict[str, object] = {
        "connected_account_id": account["id"],
        "tool_name": "sandbox_search_contacts",
        "tool_input": {},
    }
    (connection,) = (await acme.get("/v1/connections")).json()["connections"]
    in_use = await acme.delete(f"/v1/connections/{connection['id']}")

    assert redirect.startswith(f"{ITS_CALLBACK}?")
    assert elsewhere.status_code == 400
    assert page.status_code == 200, page.text
    assert (await acme.post("/v1/execute", json=asked)).status_code == 200
    assert world.app.accounts.all(LOCAL_TENANT) == []
    assert (in_use.status_code, in_use.json()["code"]) == (409, "connection_in_use")
    assert SECRET not in in_use.text


async def test_nobody_consents_for_a_tenant_that_is_gone(site: House, acme: httpx2.AsyncClient) -> None:
    await acme.post("/v1/connections", json=CLIENT)
    wanted = {"connector": "sandbox", "values": {"origin": site.world.url}}
    told = (await acme.post("/v1/links", json=wanted)).json()
    await site.operator.delete("/v1/tenants/tnt_acme?purge=true")

    page = await person(consents(site.world.app), PUBLIC).opens(told["url"])

    assert page.status_code == 404
    assert "not from here" in page.text
