"""Approvals and policies over `/v1`: what a caller is told, and what an operator decides."""

from collections.abc import Generator
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from tests.entry.api.test_keys import bearing, execute, made, mcp
from tests.fakes.practice import Practice
from tests.fakes.receiver import Receiver, receiving
from tests.service.approving import DELETE, ONE

from evergrant.model.account import ConnectedAccount
from evergrant.service.api_keys import Wish
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio
WRITE, READ = "sandbox_append_row", "sandbox_search_contacts"


@pytest.fixture
def permit() -> tuple[str, ...]:
    return ("127.0.0.1",)


@pytest.fixture
def receiver() -> Generator[Receiver]:
    with receiving() as made:
        yield made


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    return await world.connect("acme", "anna")


async def test_a_call_that_must_be_approved_is_a_conflict_and_goes_on_once_an_operator_approves_it(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    asked = await execute(client, "acme", DELETE, **ONE)
    problem = asked.json()
    at = f"/v1/calls/{problem['call_id']}"
    early = await client.post(f"{at}/resume")
    (listed,) = (await client.get("/v1/calls")).json()["calls"]
    approved = await client.post(f"{at}/approve")
    done, again = await client.post(f"{at}/resume", json={"wait": 45}), await client.post(f"{at}/resume")

    assert (asked.status_code, early.status_code) == (409, 409)
    assert (problem["code"], problem["tool_name"], problem["effect"]) == ("confirmation_required", DELETE, "destroy")
    assert "/approve/" in problem["approval_url"]
    assert problem["confirmation_code"] in problem["detail"]
    assert (listed["approval"], listed["status"]) == ("wanted", "waiting")
    assert (approved.status_code, approved.json()["approval"]) == (200, "given")
    assert approved.json()["decided_by"] == "local, over HTTP"
    assert (done.status_code, again.json()) == (200, done.json())
    assert world.sandbox.count.writes == 1


async def test_a_denied_call_is_gone_and_both_are_decided_once(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    at = f"/v1/calls/{(await execute(client, 'acme', DELETE, **ONE)).json()['call_id']}"
    denied = await client.post(f"{at}/deny")
    late = [await client.post(f"{at}/{verb}") for verb in ("deny", "approve")]

    assert (denied.json()["status"], denied.json()["approval"]) == ("cancelled", "refused")
    assert [answer.status_code for answer in late] == [409, 409]
    assert (await client.post(f"{at}/resume")).status_code == 410
    assert world.sandbox.count.writes == 0


@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_a_decision_names_the_operators_key_that_it_was_made_with(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient, verb: str
) -> None:
    call_id = (await execute(client, "acme", DELETE, **ONE)).json()["call_id"]
    key, borne = await world.app.key_desk.make(LOCAL_TENANT, _operators())
    operator = bearing(client, borne.reveal())

    decided = (await operator.post(f"/v1/calls/{call_id}/{verb}")).json()
    late = await client.post(f"/v1/calls/{call_id}/{verb}")

    assert (decided["decided_by"], late.status_code) == (f"{key.id}, over HTTP", 409)
    assert (await client.get(f"/v1/calls/{call_id}")).json()["decided_by"] == f"{key.id}, over HTTP"


async def test_a_decision_is_sent_to_a_receiver_signed_once_and_without_the_input(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient, receiver: Receiver
) -> None:
    wanted = {"url": receiver.url, "types": ["agent.call.approval_decided"]}
    secret = (await client.post("/v1/webhook_endpoints", json=wanted)).json()["secret"]
    call_ids = [(await execute(client, "acme", DELETE, **ONE)).json()["call_id"] for _ in range(2)]

    for call_id, verb in zip(call_ids, ("approve", "deny"), strict=True):
        for each in (verb, "approve", "deny"):
            await client.post(f"/v1/calls/{call_id}/{each}")
    await world.app.tell_news()
    read = (await client.get("/v1/events", params={"types": "agent.call.approval_decided"})).json()["events"]

    sent = [message.data for message in receiver.received]
    assert [(each["call_id"], each["approval"], each["decided_by"]) for each in sent] == [
        (call_ids[0], "given", "local, over HTTP"),
        (call_ids[1], "refused", "local, over HTTP"),
    ]
    assert all(message.is_signed_by(secret) for message in receiver.received)
    assert not any(ONE["contact_id"] in message.body for message in receiver.received)
    assert [(event["seq"], event["approval"]) for event in read] == [(each["seq"], each["approval"]) for each in sent]


@pytest.mark.parametrize("verb", ["approve", "deny"])
async def test_agents_decide_nothing_and_foreign_calls_are_not_there(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient, verb: str
) -> None:
    call_id = (await execute(client, "acme", DELETE, **ONE)).json()["call_id"]
    _, agent = await made(client)
    await world.app.tenant_desk.make("Other", "tnt_other")
    _, foreign = await world.app.key_desk.make("tnt_other", _operators())

    unknown = await client.post(f"/v1/calls/call_none/{verb}")
    theirs = await bearing(client, foreign.reveal()).post(f"/v1/calls/{call_id}/{verb}")
    refused = await bearing(client, agent).post(f"/v1/calls/{call_id}/{verb}")

    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert (theirs.status_code, theirs.json()) == (404, unknown.json())
    found = world.app.held_calls.get(LOCAL_TENANT, call_id)
    assert found
    assert found.approval == "wanted"


@pytest.mark.parametrize(
    ("wish", "statuses"),
    [
        ({"policy": "full"}, (200, 200, 200)),
        ({"policy": "confirm_writes"}, (200, 409, 409)),
        ({"policy": "read_only"}, (200, 403, 403)),
        ({"read_only": True}, (200, 403, 403)),
        ({}, (200, 200, 409)),
    ],
)
async def test_a_key_has_its_own_policy_or_else_the_servers(
    client: httpx2.AsyncClient, account: ConnectedAccount, wish: dict[str, object], statuses: tuple[int, ...]
) -> None:
    _, key = await made(client, **wish)
    (told,) = (await client.get("/v1/keys")).json()["keys"]
    agent = bearing(client, key)

    answers = [
        await execute(agent, "acme", READ),
        await execute(agent, "acme", WRITE, row=["a"]),
        await execute(agent, "acme", DELETE, **ONE),
    ]

    assert tuple(answer.status_code for answer in answers) == statuses
    assert told["policy"] == ("read_only" if wish.get("read_only") else wish.get("policy"))


@pytest.mark.parametrize(
    "wish", [{"policy": "anything"}, {"policy": "full", "read_only": True}, {"policy": "read_only", "operator": True}]
)
async def test_a_policy_that_there_is_not_or_that_contradicts_makes_no_key(
    client: httpx2.AsyncClient, wish: dict[str, object]
) -> None:
    refused = await client.post("/v1/keys", json={"name": "x", **wish})

    assert (refused.status_code, (await client.get("/v1/keys")).json()) == (400, {"keys": [], "next_cursor": None})


async def test_a_list_of_tools_holds_on_every_path(
    world: Practice, client: httpx2.AsyncClient, account: ConnectedAccount
) -> None:
    _, key = await made(client, tools=["sandbox_search_*"], policy="full")
    waiting = (await execute(client, "acme", DELETE, **ONE)).json()["call_id"]
    await world.app.held_calls.approvals.approve(LOCAL_TENANT, waiting, "Ada")
    agent = bearing(client, key)
    over_http = [await execute(agent, "acme", DELETE, **ONE), await agent.post(f"/v1/calls/{waiting}/resume")]
    tools = (await agent.get("/v1/tools", params={"connected_account_id": "acme"})).json()["tools"]
    asked = {"connected_account_id": "acme", "tool_name": WRITE, "tool_input": {"row": ["a"]}}
    async with mcp(world, key) as talking:
        named = {tool.name for tool in (await talking.list_tools()).tools}
        over_mcp = [
            await talking.call_tool("execute_tool", asked),
            await talking.call_tool(WRITE, {"row": ["a"]}),
            await talking.call_tool("resume_call", {"call_id": waiting}),
        ]
        described = await talking.call_tool("describe_tools", {"names": [WRITE, READ]})
        found = (await talking.call_tool("search_tools", {"query": "row contact", "limit": 50})).structured_content

    assert {answer.status_code for answer in over_http} == {403}
    assert {answer.json()["code"] for answer in over_http} == {"not_allowed"}
    assert [tool["name"] for tool in tools] == [READ]
    assert {each.structured_content["code"] for each in over_mcp} == {"not_allowed"}
    assert {name for name in named if name.startswith("sandbox_")} == {READ}
    assert [tool["name"] for tool in described.structured_content["tools"]] == [READ]
    assert described.structured_content["unknown"] == [WRITE]
    assert {tool["name"] for tool in found["tools"]} == {READ}
    assert world.sandbox.count.writes == 0


@pytest.mark.parametrize("wish", [{"connected_account_ids": ["acme"]}, {"read_only": True}, {}])
async def test_who_is_for_some_accounts_or_for_reading_connects_none(
    world: Practice, client: httpx2.AsyncClient, account: ConnectedAccount, wish: dict[str, object]
) -> None:
    _, key = await made(client, **wish)
    given: dict[str, Any] = {"connector": "sandbox", "values": {"origin": world.url}}
    async with mcp(world, key) as talking:
        named = {tool.name for tool in (await talking.list_tools()).tools}
        found = (await talking.call_tool("search_tools", {"query": "send an email"})).structured_content
        said = (await talking.call_tool("list_accounts", {"query": "nobody's"})).structured_content["note"]
        refused = [await _error(talking, name, given) for name in ("connect_account", "connect_accounts")]

    connects = not wish
    assert ("connect_account" in named, "not_connected" in found, "connect_account" in said) == (connects,) * 3
    if not connects:
        assert refused[0] == refused[1].replace("connect_accounts", "connect_account")
    else:
        assert refused[0] == ""


async def _error(talking: Client, name: str, given: dict[str, Any]) -> str:
    """The protocol error of a call; empty where there is none."""
    try:
        await talking.call_tool(name, given)
    except MCPError as error:
        return str(error)
    return ""


def _operators() -> Wish:
    return Wish("theirs", operator=True)
