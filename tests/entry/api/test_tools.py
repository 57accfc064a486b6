"""`/v1/tools`: all that an account can be asked to do, or a part of it."""

import httpx2
import pytest
from tests.fakes.practice import Practice

pytestmark = pytest.mark.anyio
READS = ["sandbox_search_contacts", "sandbox_get_contact", "sandbox_list_rows"]


async def listed(client: httpx2.AsyncClient, **more: str) -> httpx2.Response:
    return await client.get("/v1/tools", params={"connected_account_id": "acme", **more})


async def names(client: httpx2.AsyncClient, **more: str) -> list[str]:
    return [tool["name"] for tool in (await listed(client, **more)).json()["tools"]]


async def test_a_toolset_is_a_part_of_them(world: Practice, client: httpx2.AsyncClient) -> None:
    await world.connect()
    assert len(await names(client)) == len(await names(client, toolset="all")) == 7
    assert len(await names(client, toolset="sandbox")) == 7
    assert await names(client, toolset="read") == READS


@pytest.fixture
def own_toolsets(world: Practice) -> None:
    """They are read when the server starts."""
    own = """
look: {tools: [sandbox_*row*, gmail_*], read_only: true}
mail: {tools: [gmail_*]}
rows: {tools: [sandbox_append_row]}
"""
    world.app.settings.toolsets_file.write_text(own, encoding="utf-8")


@pytest.mark.usefixtures("own_toolsets")
async def test_a_toolset_of_the_operators_is_there_where_the_account_has_tools_of_it(
    world: Practice, client: httpx2.AsyncClient
) -> None:
    await world.connect()
    found, missing = await names(client, toolset="look"), await listed(client, toolset="mail")

    assert found == ["sandbox_list_rows"]
    assert (missing.status_code, missing.json()["detail"]) == (404, "It has: sandbox, read, all, look, rows.")


@pytest.mark.usefixtures("own_toolsets")
async def test_a_key_hears_of_no_toolset_that_has_nothing_for_it(world: Practice, client: httpx2.AsyncClient) -> None:
    await world.connect()
    made = await client.post("/v1/keys", json={"name": "reader", "read_only": True})
    client.headers["Authorization"] = f"Bearer {made.json()['key']}"

    refused = await listed(client, toolset="rows")

    assert (refused.status_code, refused.json()["detail"]) == (404, "It has: sandbox, read, all, look.")


async def test_those_that_are_named_come_alone(world: Practice, client: httpx2.AsyncClient) -> None:
    await world.connect()
    assert await names(client, names="sandbox_list_rows,sandbox_append_row") == [
        "sandbox_list_rows",
        "sandbox_append_row",
    ]


@pytest.mark.parametrize(
    ("more", "said", "todo"),
    [
        ({"toolset": "crm"}, "no toolset 'crm'", "It has: sandbox, read, all."),
        ({"toolset": "read", "names": "sandbox_append_row"}, "no sandbox_append_row", ", ".join(READS)),
        ({"names": "sandbox_list_rows,sandbox_fly"}, "no sandbox_fly", "sandbox_append_row"),
    ],
)
async def test_what_there_is_not_is_said_with_what_there_is(
    world: Practice, client: httpx2.AsyncClient, more: dict[str, str], said: str, todo: str
) -> None:
    await world.connect()
    answer = await listed(client, **more)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert said in answer.json()["title"]
    assert todo in answer.json()["detail"]


async def test_nothing_tells_of_tools_that_a_key_is_not_for(world: Practice, client: httpx2.AsyncClient) -> None:
    await world.connect()
    made = await client.post("/v1/keys", json={"name": "reader", "read_only": True})
    client.headers["Authorization"] = f"Bearer {made.json()['key']}"
    assert await names(client) == READS
    refused = await listed(client, names="sandbox_append_row")
    assert "append_row" not in refused.json()["detail"]
