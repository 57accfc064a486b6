"""`/v1/links`."""

import httpx2
import pytest
from tests.fakes.person import person
from tests.fakes.practice import Practice

from evergrant.model.link import Link
from evergrant.surface import consents

pytestmark = pytest.mark.anyio


async def test_a_link_for_a_new_account_is_made_and_leads_to_one(world: Practice, client: httpx2.AsyncClient) -> None:
    body = {"connector": "sandbox", "alias": "acme", "values": {"origin": world.url}, "scopes": ["crm.read"]}

    made = await client.post("/v1/links", json=body)

    assert made.status_code == 201
    told = made.json()
    assert (told["purpose"], told["expires_at"]) == ("connect", "2026-05-25T00:30:00+00:00")
    page = await person(consents(world.app)).connects(Link(told["url"], told["confirmation_code"]))
    assert page.status_code == 200
    (account,) = world.app.accounts.all("tnt_local")
    assert (account.alias, account.scopes_granted) == ("acme", ("crm.read",))


async def test_a_link_for_an_account_that_there_is_renews_it(world: Practice, client: httpx2.AsyncClient) -> None:
    account = await world.connect()

    told = (await client.post("/v1/links", json={"connected_account_id": account.id})).json()

    assert told["purpose"] == "reauth"
    assert told["connected_account_id"] == account.id
    await person(consents(world.app)).connects(Link(told["url"], told["confirmation_code"]))
    assert world.app.accounts.consents(account.key) == 2


async def test_the_code_of_an_events_link_is_told_to_bearers(world: Practice, client: httpx2.AsyncClient) -> None:
    account = await world.connect()
    link = world.app.links.reauth(account.key)
    address = f"/v1/links/{link.url.rpartition('/')[2]}"

    told = (await client.get(address)).json()

    assert (told["confirmation_code"], told["usable"]) == (link.code, True)
    assert told["connected_account_id"] == account.id
    await person(consents(world.app)).connects(link)
    assert (await client.get(address)).json()["usable"] is False


async def test_a_link_of_another_tenant_looks_like_none(world: Practice, client: httpx2.AsyncClient) -> None:
    links = world.app.links
    theirs = links.made(links.to_connect("tnt_stranger", "sandbox", None, {})).url.rpartition("/")[2]

    answers = [await client.get(f"/v1/links/{handle}") for handle in (theirs, "made-up")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ({"connector": "sandbox", "connected_account_id": "conn_1"}, 400, "invalid_request"),
        ({"connected_account_id": "conn_1", "alias": "acme"}, 400, "invalid_request"),
        ({"connected_account_id": "conn_1"}, 404, "not_found"),
        ({"connector": "no_such"}, 400, "cannot_connect"),
        ({"connector": "hubspot"}, 400, "cannot_connect"),
        ({"connector": "sandbox", "values": {"origin": "https://evil.example"}}, 400, "cannot_connect"),
        ({"connector": 1}, 400, "invalid_request"),
        ({"connectr": "sandbox"}, 400, "invalid_request"),
    ],
)
async def test_what_no_link_can_be_made_for_is_refused_in_words(
    client: httpx2.AsyncClient, body: dict[str, object], status: int, code: str
) -> None:
    answer = await client.post("/v1/links", json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_a_body_that_is_too_large_or_no_json_is_refused(client: httpx2.AsyncClient) -> None:
    for content, status in ((b"{" + b" " * 70_000 + b"}", 413), (b"not json", 400), (b"", 400)):
        assert (await client.post("/v1/links", content=content)).status_code == status
    form = await client.post("/v1/links", data={"connector": "sandbox"})
    assert (form.status_code, form.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/links"), ("GET", "/v1/links/abc")])
async def test_without_a_token_there_is_nothing(stranger: httpx2.AsyncClient, method: str, path: str) -> None:
    assert (await stranger.request(method, path, json={"connector": "sandbox"})).status_code == 401
