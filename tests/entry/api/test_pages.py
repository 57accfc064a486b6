"""Pages of the lists of `/v1`."""

import httpx2
import pytest
from tests.fakes.practice import Practice
from tests.fakes.receiver import receiving
from tests.service.holding import waiting

from evergrant.service.api_keys import Wish
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
LISTS = {"/v1/keys": "keys", "/v1/webhook_endpoints": "webhook_endpoints", "/v1/calls": "calls"}


@pytest.fixture
def permit() -> tuple[str, ...]:
    return ("127.0.0.1",)


async def fill(world: Practice, path: str, number: int) -> None:
    for each in range(number):
        world.clock.advance(1)
        if path == "/v1/keys":
            await world.app.key_desk.make(LOCAL_TENANT, Wish(f"agent {each}"))
        elif path == "/v1/webhook_endpoints":
            with receiving() as receiver:
                await world.app.webhooks.add(LOCAL_TENANT, receiver.url)
        else:
            account = world.app.accounts.all(LOCAL_TENANT)[0]
            await waiting(world, account, "sandbox_append_row", {"row": [each]})


async def ids(client: httpx2.AsyncClient, path: str, **params: object) -> tuple[list[str], str | None]:
    page = (await client.get(path, params={name: str(value) for name, value in params.items()})).json()
    return [each["id"] for each in page[LISTS[path]]], page["next_cursor"]


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_is_read_page_by_page_whatever_comes_meanwhile(
    world: Practice, client: httpx2.AsyncClient, path: str
) -> None:
    await world.connect()
    world.sandbox.revoke(user="anna")
    await fill(world, path, 5)
    whole, end = await ids(client, path)
    assert (len(whole), end) == (5, None)

    first, cursor = await ids(client, path, limit=2)
    await fill(world, path, 1)
    second, further = await ids(client, path, limit=2, cursor=cursor)
    rest, end = await ids(client, path, limit=100, cursor=further)

    assert [*first, *second, *rest][:5] == whole
    assert len(rest) == (1 if path == "/v1/calls" else 2)  # calls are read backwards, so the newest is on no later page
    assert end is None


async def test_a_page_that_is_full_to_the_end_is_the_last(world: Practice, client: httpx2.AsyncClient) -> None:
    await fill(world, "/v1/keys", 2)
    assert (await ids(client, "/v1/keys", limit=2))[1] is None


async def test_a_cursor_stays_good_when_its_entry_goes(world: Practice, client: httpx2.AsyncClient) -> None:
    await fill(world, "/v1/keys", 3)
    (first,), cursor = await ids(client, "/v1/keys", limit=1)
    await world.app.key_desk.keys.remove(LOCAL_TENANT, first)
    assert len((await ids(client, "/v1/keys", cursor=cursor))[0]) == 2


async def test_a_limited_key_pages_through_its_own_calls_only(world: Practice, client: httpx2.AsyncClient) -> None:
    mine, other = await world.connect("mine", "anna"), await world.connect("other", "ben")
    world.sandbox.revoke(client_id="practice")
    for account in (other, mine, other, mine, other):
        world.clock.advance(1)
        await waiting(world, account, "sandbox_append_row", {"row": [1]})
    _, key = await world.app.key_desk.make(LOCAL_TENANT, Wish("agent", accounts=["mine"]))
    client.headers["Authorization"] = f"Bearer {key.reveal()}"

    first, cursor = await ids(client, "/v1/calls", limit=1)
    second, end = await ids(client, "/v1/calls", limit=1, cursor=cursor)

    assert len({*first, *second}) == 2
    assert end is None
    assert (await client.get("/v1/calls", params={"account": "other"})).status_code == 404


@pytest.mark.parametrize("cursor", ["", "x", "ü", "AAAA", "0" * 512, "null", "a b", "====", "x" * 513])
async def test_a_cursor_that_is_none_is_refused(client: httpx2.AsyncClient, cursor: str) -> None:
    refused = await client.get("/v1/keys", params={"cursor": cursor})
    assert (refused.status_code, refused.headers["Content-Type"]) == (400, "application/problem+json")


async def test_a_cursor_is_of_one_list_asked_for_one_way(world: Practice, client: httpx2.AsyncClient) -> None:
    await world.connect()
    world.sandbox.revoke(user="anna")
    await fill(world, "/v1/calls", 2)
    _, cursor = await ids(client, "/v1/calls", limit=1)
    assert cursor

    asked: tuple[dict[str, str], ...] = ({"account": "acme"}, {"all": "true"}, {})
    answers = [await client.get("/v1/calls", params={"cursor": cursor, **params}) for params in asked]
    assert [answer.status_code for answer in answers] == [400, 400, 200]
    elsewhere = await client.get("/v1/keys", params={"cursor": cursor})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=1e1", "write digits only"),
        ("limit=", "write digits only"),
        ("limit=%2B5", "write digits only"),
        ("page=2", "no such query parameter"),
        ("limit=1&limit=2", "twice"),
        ("all=yes", "write true or false"),
        ("account=", "account"),
    ],
)
async def test_a_query_that_is_wrong_is_refused_in_words(client: httpx2.AsyncClient, query: str, words: str) -> None:
    refused = await client.get(f"/v1/calls?{query}")
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert words in refused.json()["title"]
