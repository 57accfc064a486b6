import pytest
from tests.sandbox.agent import CLIENT_ID, Agent, error_in

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour, Rotation

pytestmark = pytest.mark.anyio


async def test_the_count_is_told_for_the_run_and_for_each_client(agent: Agent, sandbox: Sandbox) -> None:
    await agent.refresh(str(sandbox.issue(CLIENT_ID, "anna")["refresh_token"]))
    count = (await agent.http.get("/sandbox/count")).json()
    assert count["refreshes"] == 1
    assert count["token_requests"] == {"refresh_token": 1}
    assert count["by_client"][CLIENT_ID]["refreshes"] == 1


async def test_faults_are_added_and_cleared_over_http(agent: Agent) -> None:
    added = await agent.http.post("/sandbox/faults", json={"kind": "status_503", "where": "token"})
    assert added.status_code == 201
    assert (await agent.refresh("x")).status_code == 503
    assert (await agent.http.delete("/sandbox/faults", params={"where": "token"})).status_code == 204
    assert (await agent.refresh("x")).status_code == 400


async def test_behaviour_changes_only_in_what_is_named(agent: Agent, sandbox: Sandbox) -> None:
    sandbox.set_behaviour(CLIENT_ID, Behaviour(access_token_ttl=10))
    body = {"client_id": CLIENT_ID, "behaviour": {"rotation": "never"}}
    answer = (await agent.http.post("/sandbox/behaviour", json=body)).json()
    assert sandbox.behaviour(CLIENT_ID) == Behaviour(access_token_ttl=10, rotation=Rotation.NEVER)
    assert list(answer) == [CLIENT_ID]
    everyone = await agent.http.post("/sandbox/behaviour", json={"behaviour": {"access_token_ttl": 5}})
    assert {each["access_token_ttl"] for each in everyone.json().values()} == {5}


async def test_grants_are_revoked_over_http(agent: Agent, sandbox: Sandbox) -> None:
    token = str(sandbox.issue(CLIENT_ID, "anna")["access_token"])
    assert (await agent.http.post("/sandbox/revoke", json={"user": "anna"})).json() == {"revoked": 1}
    assert (await agent.call(token)).status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/sandbox/faults", {"kind": "flood"}),
        ("/sandbox/faults", {"kind": "html", "times": 0}),
        ("/sandbox/behaviour", {"behaviour": {"rotation": "sometimes"}}),
        ("/sandbox/behaviour", {"behaviour": {"colour": "red"}}),
        ("/sandbox/revoke", {"who": "anna"}),
    ],
)
async def test_a_misspelt_wish_is_refused(agent: Agent, path: str, body: dict[str, object]) -> None:
    assert error_in(await agent.http.post(path, json=body)) == (400, "invalid_request")


async def test_behaviour_of_an_unknown_client_is_not_found(agent: Agent) -> None:
    body = {"client_id": "nobody", "behaviour": {"rotation": "never"}}
    assert error_in(await agent.http.post("/sandbox/behaviour", json=body)) == (404, "not_found")
