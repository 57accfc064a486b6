"""`/v1/execute` and `/v1/calls`."""

import httpx2
import pytest
from sqlmodel import Session
from tests.fakes.practice import Practice
from tests.fakes.tenants import settled
from tests.service.holding import reconnect, waiting

from evergrant.entry.api.calls import Call
from evergrant.entry.api.problem import Problem
from evergrant.model.account import ConnectedAccount
from evergrant.model.json import JsonObject
from evergrant.sandbox.faults import Fault, FaultKind
from evergrant.settings import LOCAL_TENANT
from evergrant.store.tables import HeldCallRow

pytestmark = pytest.mark.anyio
ROW: JsonObject = {"row": ["a"]}


@pytest.fixture
async def account(world: Practice) -> ConnectedAccount:
    return await world.connect()


def asked(tool_name: str = "sandbox_append_row", **tool_input: object) -> dict[str, object]:
    return {"connected_account_id": "acme", "tool_name": tool_name, "tool_input": tool_input}


async def test_a_tool_is_executed(world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient) -> None:
    answer = await client.post("/v1/execute", json=asked(row=["a"]))

    assert (answer.status_code, answer.json()["account"]) == (200, account.id)
    assert answer.json()["data"] == {"number": 1, "row": ["a"]}


async def test_a_dead_grant_is_a_conflict_with_a_link_and_the_call_goes_on_after_it(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    world.sandbox.revoke(user="anna")

    answer = await client.post("/v1/execute", json=asked(row=["a"]))

    problem = answer.json()
    assert (answer.status_code, answer.headers["Content-Type"]) == (409, "application/problem+json")
    assert (problem["code"], problem["retryable"], problem["account"]) == ("reauth_required", False, account.id)
    assert problem["reauth_url"] in problem["detail"]
    resume = f"/v1/calls/{problem['call_id']}/resume"
    assert (await client.post(resume)).status_code == 409
    await reconnect(world, account)
    first, second = await client.post(resume, json={"wait": 45}), await client.post(resume)
    assert (first.status_code, first.json()["data"]) == (200, {"number": 1, "row": ["a"]})
    assert second.json() == first.json()
    assert len(world.sandbox.book("anna").rows) == 1


async def test_waiting_calls_are_listed_shown_and_cancelled(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    await world.connect("other", "ben")
    world.sandbox.revoke(user="anna")
    call_id = (await client.post("/v1/execute", json=asked(row=["a"]))).json()["call_id"]

    (listed,) = (await client.get("/v1/calls")).json()["calls"]
    assert (listed["id"], listed["status"], listed["effect"], listed["asked_by"]) == (
        call_id,
        "waiting",
        "write",
        "local",
    )
    assert "tool_input" not in listed
    assert (await client.get("/v1/calls", params={"account": "other"})).json() == {"calls": [], "next_cursor": None}
    assert (await client.get(f"/v1/calls/{call_id}")).json()["tool_input"] == ROW
    assert (await client.delete(f"/v1/calls/{call_id}")).json() == {"id": call_id, "status": "cancelled"}
    assert (await client.get("/v1/calls")).json() == {"calls": [], "next_cursor": None}
    (ended,) = (await client.get("/v1/calls", params={"all": "true", "account": account.id})).json()["calls"]
    assert ended["status"] == "cancelled"
    assert (await client.delete(f"/v1/calls/{call_id}")).status_code == 409
    assert (await client.post(f"/v1/calls/{call_id}/resume")).status_code == 410


async def test_what_a_kept_call_came_to_is_told_as_the_document_says(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    world.sandbox.revoke(user="anna")
    ids = [await waiting(world, account, "sandbox_append_row", {"row": [each]}) for each in ("a", "b")]
    await reconnect(world, account)
    done = await client.post(f"/v1/calls/{ids[0]}/resume")
    world.sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="api", times=1))
    failed = await client.post(f"/v1/calls/{ids[1]}/resume")

    assert (done.status_code, failed.status_code) == (200, 502)
    Problem.model_validate_json(failed.content)
    for call_id, status in zip(ids, ("done", "failed"), strict=True):
        shown = (await client.get(f"/v1/calls/{call_id}")).content
        told = Call.model_validate_json(shown)
        assert (told.status, told.tool_input) == (status, None)
        assert told.outcome


def _give_away(session: Session, call_id: str) -> None:
    session.get_one(HeldCallRow, (LOCAL_TENANT, call_id)).tenant_id = "tnt_b"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/resume")])
async def test_a_foreign_call_and_an_unknown_one_look_alike(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient, method: str, path: str
) -> None:
    world.sandbox.revoke(user="anna")
    call_id = await waiting(world, account, "sandbox_append_row", ROW)
    await settled(world.app.vault).database.write(lambda session: _give_away(session, call_id))

    foreign = await client.request(method, f"/v1/calls/{call_id}{path}")
    unknown = await client.request(method, f"/v1/calls/call_unknown{path}")

    assert (foreign.status_code, foreign.json()) == (404, unknown.json())
    assert foreign.json()["code"] == "not_found"


@pytest.mark.parametrize(
    "body",
    ["[]", "{", "{}", '{"connected_account_id": "acme", "tool_name": "x", "tool_input": []}', '{"tool": 1}'],
)
async def test_a_malformed_body_is_refused_in_words(client: httpx2.AsyncClient, body: str) -> None:
    answer = await client.post("/v1/execute", content=body)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "body does not fit at" in answer.json()["title"]


@pytest.mark.parametrize("wait", [-1, 46, "NaN", "soon"])
async def test_only_so_long_is_waited(client: httpx2.AsyncClient, wait: object) -> None:
    assert (await client.post("/v1/calls/call_x/resume", json={"wait": wait})).status_code == 400


async def test_failures_have_statuses_of_their_kind(
    world: Practice, account: ConnectedAccount, client: httpx2.AsyncClient
) -> None:
    unfit = await client.post("/v1/execute", json=asked(row=1))
    none = await client.post("/v1/execute", json=asked("sandbox_nothing"))
    foreign = await client.post("/v1/execute", json={**asked(), "connected_account_id": "conn_none"})
    gone = await client.post("/v1/execute", json=asked("sandbox_get_contact", contact_id="con_99999999"))

    assert [answer.status_code for answer in (unfit, none, foreign, gone)] == [422, 404, 404, 502]
    assert unfit.json()["pointer"] == "/row"
    assert (gone.json()["status"], gone.json()["provider_status"]) == (502, 404)
    assert (await client.get("/v1/calls", params={"account": "conn_none"})).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/execute"),
        ("GET", "/v1/calls"),
        ("GET", "/v1/calls/call_x"),
        ("DELETE", "/v1/calls/call_x"),
        ("POST", "/v1/calls/call_x/resume"),
    ],
)
async def test_without_a_good_token_there_is_nothing(stranger: httpx2.AsyncClient, method: str, path: str) -> None:
    assert (await stranger.request(method, path)).status_code == 401
