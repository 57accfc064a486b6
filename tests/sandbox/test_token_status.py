import pytest
from tests.fakes.clock import ManualClock
from tests.sandbox.agent import CLIENT_ID, Agent, error_in

from evergrant.sandbox.app import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def pair(sandbox: Sandbox) -> tuple[str, str]:
    answer = sandbox.issue(CLIENT_ID, "anna")
    return str(answer["access_token"]), str(answer["refresh_token"])


async def test_revoking_the_refresh_token_ends_the_grant(agent: Agent, sandbox: Sandbox, pair: tuple[str, str]) -> None:
    access, refresh = pair
    assert (await agent.post("/revoke", token=refresh)).status_code == 200
    assert (await agent.call(access)).status_code == 401
    assert error_in(await agent.refresh(refresh)) == (400, "invalid_grant")
    assert sandbox.count.grants_dead == 1


async def test_revoking_the_access_token_leaves_the_grant_alive(agent: Agent, pair: tuple[str, str]) -> None:
    access, refresh = pair
    await agent.post("/revoke", token=access)
    assert (await agent.call(access)).status_code == 401
    assert (await agent.refresh(refresh)).status_code == 200


async def test_revoking_an_unknown_token_is_fine_and_a_strangers_is_not(agent: Agent, sandbox: Sandbox) -> None:
    stranger = str(sandbox.issue("other", "anna")["refresh_token"])
    assert (await agent.post("/revoke", token="unknown")).status_code == 200
    assert error_in(await agent.post("/revoke", token=stranger)) == (400, "invalid_grant")
    assert sandbox.count.grants_dead == 0
    assert error_in(await agent.post("/revoke", token=stranger, client_secret="no")) == (401, "invalid_client")


async def test_introspection_describes_a_living_access_token(
    agent: Agent, clock: ManualClock, pair: tuple[str, str]
) -> None:
    found = (await agent.post("/introspect", token=pair[0])).json()
    assert found["active"] is True
    assert (found["client_id"], found["username"], found["sub"]) == (CLIENT_ID, "anna", "usr_anna")
    assert found["scope"] == "crm.read crm.write"
    assert found["exp"] - found["iat"] == 3600
    assert found["iat"] == clock.now().timestamp()


async def test_introspection_says_only_inactive_of_anything_else(
    agent: Agent, sandbox: Sandbox, clock: ManualClock, pair: tuple[str, str]
) -> None:
    access, refresh = pair
    assert (await agent.post("/introspect", token=refresh)).json()["active"] is True
    await agent.refresh(refresh)
    clock.advance(3600)
    stranger = str(sandbox.issue("other", "anna")["access_token"])
    for token in (access, refresh, stranger, "unknown"):
        assert (await agent.post("/introspect", token=token)).json() == {"active": False}


async def test_a_public_client_may_not_introspect(agent: Agent) -> None:
    response = await agent.http.post("/introspect", data={"client_id": "public", "token": "x"})
    assert error_in(response) == (401, "invalid_client")


async def test_revocation_from_outside_ends_the_grants_it_names(
    agent: Agent, sandbox: Sandbox, pair: tuple[str, str]
) -> None:
    spared = str(sandbox.issue(CLIENT_ID, "ben")["access_token"])
    assert sandbox.revoke(client_id=CLIENT_ID, user="anna") == 1
    assert sandbox.revoke(client_id=CLIENT_ID, user="anna") == 0
    assert error_in(await agent.call(pair[0])) == (401, "invalid_token")
    assert error_in(await agent.refresh(pair[1])) == (400, "invalid_grant")
    assert (await agent.call(spared)).status_code == 200
