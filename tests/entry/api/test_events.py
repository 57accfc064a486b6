"""`/v1/events`."""

import httpx2
import pytest
from tests.fakes.practice import Practice

from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


async def test_a_dead_grant_is_read_as_an_event(world: Practice, client: httpx2.AsyncClient) -> None:
    account = await world.connect()
    world.sandbox.revoke(client_id="practice")
    await world.search(account)
    found = (await client.get("/v1/events")).json()
    (event,) = found["events"]
    assert (event["event"], event["connected_account_id"]) == ("agent.auth.reauth_required", account.id)
    assert (event["seq"], event["tenant_id"], found["next"]) == (1, LOCAL_TENANT, 1)
    assert (await client.get("/v1/events", params={"after": 1})).json() == {"events": [], "next": 1}


@pytest.mark.parametrize("given", ["-1", "x", "1e3", "²", "1" * 40])
async def test_a_place_that_is_none_is_refused_in_words(client: httpx2.AsyncClient, given: str) -> None:
    answer = await client.get("/v1/events", params={"after": given})
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert answer.json()["title"] == "The query parameter after does not fit: write digits only."


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer evg_x"}, {"Authorization": "Basic evg_x"}])
async def test_without_a_good_token_there_is_nothing(stranger: httpx2.AsyncClient, header: dict[str, str]) -> None:
    answer = await stranger.get("/v1/events", headers=header)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="evergrant"')
