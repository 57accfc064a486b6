"""`/v1/webhook_endpoints`, and waiting for events."""

from collections.abc import Generator
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from tests.fakes.practice import Practice
from tests.fakes.receiver import Receiver, receiving
from tests.fakes.tenants import settled

from evergrant.model.endpoint import EndpointKey
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
PATH = "/v1/webhook_endpoints"


@pytest.fixture
def permit() -> tuple[str, ...]:
    return ("127.0.0.1",)


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as made:
        yield made


async def add(client: httpx2.AsyncClient, receiver: Receiver) -> dict[str, Any]:
    answer = await client.post(PATH, json={"url": receiver.url, "types": ["agent.auth.reauth_required"]})
    assert answer.status_code == 201, answer.text
    added: dict[str, Any] = answer.json()
    return added


async def test_an_endpoint_is_added_tried_listed_replayed_and_removed(
    world: Practice, client: httpx2.AsyncClient, receiver: Receiver
) -> None:
    added = await add(client, receiver)
    one = f"{PATH}/{added['id']}"
    assert (await client.post(f"{one}/test")).json()["delivered"] is True
    assert receiver.received[0].is_signed_by(added["secret"])
    (listed,) = (await client.get(PATH)).json()["webhook_endpoints"]
    assert listed == {name: value for name, value in added.items() if name != "secret"}

    account = await world.connect()
    world.sandbox.revoke(client_id="practice")
    await world.search(account)
    await world.app.tell_news()
    assert receiver.received[1].data["connected_account_id"] == account.id
    assert receiver.received[1].is_signed_by(added["secret"])
    answer = await client.post(f"{one}/replay", json={"since": 0})
    assert answer.json() == {"replayed": 1, "state": "enabled"}
    await world.app.tell_news()
    assert receiver.ids[1] == receiver.ids[2]

    assert (await client.delete(one)).json() == {"removed": added["id"]}
    assert (await client.get(PATH)).json() == {"webhook_endpoints": [], "next_cursor": None}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (b"[]", "does not fit at the top"),
        (b"{", "does not fit at the top"),
        (b"x" * 70_000, "64 KiB"),
        (b"[" * 1000 + b"]" * 1000, "nested too deep"),
        (b"{}", "/url: Field required"),
        (b'{"url": 1}', "does not fit at /url"),
        (b'{"url": "https://10.0.0.1/"}', "not of the public internet"),
        (b'{"url": "http://127.0.0.1/", "types": "x"}', "does not fit at /types"),
        (b'{"url": "http://127.0.0.1/", "types": ["x"]}', "does not fit at /types/0"),
    ],
)
async def test_what_cannot_be_added_is_refused_in_words(client: httpx2.AsyncClient, given: bytes, words: str) -> None:
    answer = await client.post(PATH, content=given)
    status = 413 if len(given) > 64 << 10 else 400
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert words in answer.json()["title"]


async def test_an_endpoint_that_is_disabled_keeps_its_events_until_it_is_enabled(
    world: Practice, client: httpx2.AsyncClient, receiver: Receiver
) -> None:
    one = f"{PATH}/{(await add(client, receiver))['id']}"
    account = await world.connect()
    world.sandbox.revoke(client_id="practice")

    disabled = await client.patch(one, json={"state": "disabled"})
    await world.search(account)
    await world.app.tell_news()
    waited = len(receiver.received)
    enabled = await client.patch(one, json={"state": "enabled"})
    await world.app.tell_news()

    assert (disabled.status_code, disabled.json()["state"], waited) == (200, "disabled", 0)
    assert disabled.json()["reason"] == "disabled by its operator"
    assert (enabled.json()["state"], enabled.json()["reason"]) == ("enabled", None)
    assert enabled.json()["deliveries"] == {"waiting": 1}
    assert [event.data["connected_account_id"] for event in receiver.received] == [account.id]


@pytest.mark.parametrize("given", [{}, {"state": "paused"}, {"state": None}, {"state": "enabled", "url": "http://x/"}])
async def test_a_state_that_there_is_not_changes_nothing(
    client: httpx2.AsyncClient, receiver: Receiver, given: dict[str, object]
) -> None:
    added = await add(client, receiver)
    answer = await client.patch(f"{PATH}/{added['id']}", json=given)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert (await client.get(PATH)).json()["webhook_endpoints"][0]["state"] == "enabled"


async def test_a_changed_secret_is_told_once_and_the_former_one_signs_for_a_day(
    world: Practice, client: httpx2.AsyncClient, receiver: Receiver
) -> None:
    added = await add(client, receiver)
    one = f"{PATH}/{added['id']}"

    changed = (await client.post(f"{one}/rotate_secret")).json()
    await client.post(f"{one}/test")
    world.clock.advance(timedelta(days=1).total_seconds())
    await client.post(f"{one}/test")

    former, now = added["secret"], changed.pop("secret")
    signed = [(message.is_signed_by(former), message.is_signed_by(now)) for message in receiver.received]
    assert signed == [(True, True), (False, True)]
    assert changed["former_secret_until"]
    assert (await client.get(PATH)).json()["webhook_endpoints"] == [changed]


async def test_a_secret_is_changed_once_however_often_it_is_asked_for_with_one_key(
    world: Practice, client: httpx2.AsyncClient, receiver: Receiver
) -> None:
    added = await add(client, receiver)
    path, key = f"{PATH}/{added['id']}/rotate_secret", {"Idempotency-Key": "one"}

    first, second = [await client.post(path, headers=key) for _ in range(2)]

    assert (second.status_code, second.content, second.headers["Idempotency-Replayed"]) == (200, first.content, "true")
    secrets = world.app.webhooks.endpoints.secrets(EndpointKey(LOCAL_TENANT, added["id"]), world.clock.now())
    assert [secret.reveal() for secret in secrets] == [first.json()["secret"], added["secret"]]


async def test_another_tenants_endpoint_is_not_there(
    world: Practice, client: httpx2.AsyncClient, receiver: Receiver
) -> None:
    settled(world.app.vault, "tnt_other")
    foreign, _ = await world.app.webhooks.add("tnt_other", receiver.url)
    for method, path in (
        ("PATCH", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("POST", "/replay"),
        ("POST", "/rotate_secret"),
    ):
        answers = [await client.request(method, f"{PATH}/{name}{path}") for name in (foreign.id, "wh_nowhere")]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json() == answers[1].json()
    assert world.app.webhooks.endpoints.get(EndpointKey("tnt_other", foreign.id))
    assert (await client.get(PATH)).json() == {"webhook_endpoints": [], "next_cursor": None}


@pytest.mark.parametrize(
    "given", [{}, {"since": "yesterday"}, {"since": "0001-01-01T00:00:00+14:00"}, {"since": True}, {"since": None}]
)
async def test_a_replay_says_from_where_on(
    client: httpx2.AsyncClient, receiver: Receiver, given: dict[str, object]
) -> None:
    added = await add(client, receiver)
    answer = await client.post(f"{PATH}/{added['id']}/replay", json=given)
    assert answer.status_code == 400
    assert "since" in answer.json()["title"]


async def test_a_stranger_learns_nothing(stranger: httpx2.AsyncClient) -> None:
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", "/wh_1"), ("POST", "/wh_1/test")):
        assert (await stranger.request(method, PATH + path)).status_code == 401


async def test_events_are_waited_for_and_chosen_by_type(world: Practice, client: httpx2.AsyncClient) -> None:
    began = world.clock.monotonic()
    assert (await client.get("/v1/events", params={"wait": 30})).json() == {"events": [], "next": 0}
    assert world.clock.monotonic() - began == 30
    account = await world.connect()
    world.sandbox.revoke(client_id="practice")
    await world.search(account)
    for types, number in (("agent.auth.reauth_required", 1), ("connection.faulted", 0), ("", 1)):
        found = (await client.get("/v1/events", params={"types": types, "wait": 1})).json()
        assert len(found["events"]) == number
    for wrong in ("types=reauth", "wait=31", "limit=0", "typ=x", "after=1&after=2"):
        assert (await client.get(f"/v1/events?{wrong}")).status_code == 400
