"""`/v1/connectors`, and the search for tools: what there is to connect, and what each caller finds."""

from collections.abc import AsyncGenerator

import pytest
from tests.entry.api.tenancy import House, house
from tests.fakes.practice import Practice

from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(world: Practice) -> AsyncGenerator[House, None]:
    await world.connect("acme", "anna")
    async with house(world) as made:
        yield made


async def test_every_service_is_listed_with_what_connecting_it_takes(site: House) -> None:
    told = (await site.operator.get("/v1/connectors")).json()
    found = {each["name"]: each for each in told["connectors"]}

    assert told["next_cursor"] is None
    assert list(found) == sorted(found) == list(site.world.app.catalog.connectors())
    assert (found["sandbox"]["takes"], found["sandbox"]["has_client"]) == ("oauth_client", True)
    assert (found["hubspot"]["title"], found["hubspot"]["has_client"]) == ("HubSpot", False)
    assert all(each["tools"] for each in found.values())


async def test_one_service_tells_how_its_client_is_registered_and_what_a_link_asks(site: House) -> None:
    hubspot = (await site.operator.get("/v1/connectors/hubspot")).json()
    sandbox = (await site.operator.get("/v1/connectors/sandbox")).json()

    assert hubspot["redirect_uri"] == "http://localhost:8484/callback/hubspot"
    assert len(hubspot["steps"]) > 1
    assert "crm.objects.contacts.write" in str(hubspot["steps"])
    assert [each["name"] for each in sandbox["asks"]] == ["origin"]
    assert (await site.operator.get("/v1/connectors/nowhere")).status_code == 404


async def test_tools_are_found_by_words_with_the_accounts_that_have_them(site: House) -> None:
    found = (await site.operator.get("/v1/tools/search", params={"query": "append row", "limit": 3})).json()["tools"]
    only = (await site.operator.get("/v1/tools/search", params={"query": "append row", "connector": "sandbox"})).json()[
        "tools"
    ]
    wrong = [
        await site.operator.get(f"/v1/tools/search{asked}")
        for asked in ("", "?query=", "?query=x&connector=nowhere", "?query=x&limit=51")
    ]

    assert len(found) == 3
    assert only[0]["name"] == "sandbox_append_row"
    assert [each["alias"] for each in only[0]["accounts"]] == ["acme"]
    assert {each["connector"] for each in only} == {"sandbox"}
    assert [each.status_code for each in wrong] == [400] * 4


async def test_a_tool_is_shown_whole(site: House) -> None:
    told = (await site.operator.get("/v1/tools/sandbox_append_row")).json()

    assert (told["connector"], told["effect"], told["accounts"][0]["alias"]) == ("sandbox", "write", "acme")
    assert told["input_schema"]["type"] == "object"
    assert (await site.operator.get("/v1/tools/no_such_tool")).status_code == 404


async def test_what_a_key_may_not_call_it_does_not_find(site: House) -> None:
    async with await site.tenant(LOCAL_TENANT, read_only=True) as agent:
        found = (await agent.get("/v1/tools/search", params={"query": "append row sheet", "limit": 50})).json()["tools"]
        hidden, unknown = [await agent.get(f"/v1/tools/{name}") for name in ("sandbox_append_row", "no_such_tool")]
        counted = (await agent.get("/v1/connectors/sandbox")).json()["tools"]

    assert {each["effect"] for each in found} == {"read"}
    assert hidden.status_code == unknown.status_code == 404
    assert hidden.json()["code"] == unknown.json()["code"] == "not_found"
    assert counted < (await site.operator.get("/v1/connectors/sandbox")).json()["tools"]


async def test_the_accounts_of_a_tool_are_those_that_a_key_is_for(site: House) -> None:
    await site.world.connect("globex", "ben")
    async with await site.tenant(LOCAL_TENANT, connected_account_ids=["globex"]) as agent:
        told = (await agent.get("/v1/tools/sandbox_append_row")).json()

    assert [each["alias"] for each in told["accounts"]] == ["globex"]
