"""`/v1/events`."""

import json

import httpx2
import pytest
from tests.fakes.practice import START, Practice
from tests.vault.samples import account, held_call

from evergrant.entry.api.events import EventTold, as_json
from evergrant.model.account import Connection
from evergrant.model.event import (
    EVENT_TYPES,
    approval_decided,
    approval_required,
    connection_faulted,
    connection_recovered,
    expiring_soon,
    reauth_completed,
    reauth_required,
    refresh_failing,
    refresh_recovered,
)
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio


async def test_a_dead_grant_is_read_as_an_event(world: Practice, client: httpx2.AsyncClient) -> None:
    theirs = await world.connect()
    world.sandbox.revoke(client_id="practice")
    await world.search(theirs)
    found = (await client.get("/v1/events")).json()
    (event,) = found["events"]
    assert (event["event"], event["connected_account_id"]) == ("agent.auth.reauth_required", theirs.id)
    assert (event["seq"], event["tenant_id"], found["next"]) == (1, LOCAL_TENANT, 1)
    assert (await client.get("/v1/events", params={"after": 1})).json() == {"events": [], "next": 1}


async def test_every_event_is_told_as_the_document_says() -> None:
    of_client = Connection("client_1", "tnt_a", "sandbox", "abc", None, "http://x/callback", (), START)
    events = [
        reauth_required(account(), "invalid_grant", "revoked", "http://x/reconnect/1", START),
        reauth_completed(account(), START),
        expiring_soon(account(), START, "http://x/reconnect/1", START),
        refresh_failing(account(), "http_503", START),
        refresh_recovered(account(), START),
        approval_required(account(), held_call(), "http://x/approve/1", START),
        approval_decided(account(), held_call(), "given", "Ada", START),
        connection_faulted(of_client, "invalid_client", START),
        connection_recovered(of_client, START),
    ]
    assert {event.type for event in events} == {*EVENT_TYPES}
    for event in events:
        EventTold.model_validate_json(json.dumps(as_json(event)))


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
