import json

import httpx2
import pytest
from tests.fakes.clock import ManualClock
from tests.sandbox.agent import CLIENT_ID, Agent, bearer, error_in

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour, Rotation
from evergrant.sandbox.faults import Fault, FaultKind

pytestmark = pytest.mark.anyio


@pytest.fixture
def refresh_token(sandbox: Sandbox) -> str:
    return str(sandbox.issue(CLIENT_ID, "anna")["refresh_token"])


async def test_a_dropped_request_was_not_processed(agent: Agent, sandbox: Sandbox, refresh_token: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.DROP_REQUEST, times=1))
    with pytest.raises(httpx2.RemoteProtocolError):
        await agent.refresh(refresh_token)
    assert sandbox.count.refreshes == 0
    assert (await agent.refresh(refresh_token)).status_code == 200


async def test_a_dropped_response_was_processed(agent: Agent, sandbox: Sandbox, refresh_token: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, times=1))
    with pytest.raises(httpx2.RemoteProtocolError):
        await agent.refresh(refresh_token)
    assert sandbox.count.refreshes == 1
    assert error_in(await agent.refresh(refresh_token)) == (400, "invalid_grant")


async def test_a_dropped_refusal_is_dropped_too(agent: Agent, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE))
    with pytest.raises(httpx2.RemoteProtocolError):
        await agent.refresh("unknown")
    assert sandbox.count.refresh_invalid_grant == 1


async def test_a_delay_before_the_work_lets_a_token_expire(agent: Agent, sandbox: Sandbox, clock: ManualClock) -> None:
    sandbox.set_behaviour(CLIENT_ID, Behaviour(access_token_ttl=10))
    token = str(sandbox.issue(CLIENT_ID, "anna")["access_token"])
    sandbox.faults.add(Fault(kind=FaultKind.DELAY_REQUEST, where="api", seconds=10))
    assert (await agent.call(token)).status_code == 401
    assert clock.monotonic() == 10


async def test_a_delay_after_the_work_does_not(agent: Agent, sandbox: Sandbox, clock: ManualClock) -> None:
    sandbox.set_behaviour(CLIENT_ID, Behaviour(access_token_ttl=10))
    token = str(sandbox.issue(CLIENT_ID, "anna")["access_token"])
    sandbox.faults.add(Fault(kind=FaultKind.DELAY_RESPONSE, where="api", seconds=10))
    assert (await agent.call(token)).status_code == 200
    assert clock.monotonic() == 10


async def test_a_429_says_when_to_come_back(agent: Agent, sandbox: Sandbox, refresh_token: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_429, seconds=6.5))
    response = await agent.refresh(refresh_token)
    assert (response.status_code, response.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize("processed", [False, True])
async def test_a_503_may_hide_work_that_was_done(
    agent: Agent, sandbox: Sandbox, refresh_token: str, *, processed: bool
) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, processed=processed))
    assert (await agent.refresh(refresh_token)).status_code == 503
    assert sandbox.count.refreshes == processed


async def test_a_page_comes_as_200(agent: Agent, sandbox: Sandbox, refresh_token: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.HTML))
    response = await agent.refresh(refresh_token)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


async def test_truncated_json_does_not_parse_and_the_work_was_done(
    agent: Agent, sandbox: Sandbox, refresh_token: str
) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.TRUNCATED))
    response = await agent.refresh(refresh_token)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert sandbox.count.refreshes == 1


async def test_an_error_may_come_in_a_200(agent: Agent, sandbox: Sandbox, refresh_token: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.ERROR_IN_200, error="bad_refresh_token"))
    assert error_in(await agent.refresh(refresh_token)) == (200, "bad_refresh_token")


async def test_the_next_n_requests_are_struck_and_counted(agent: Agent, sandbox: Sandbox, refresh_token: str) -> None:
    sandbox.set_behaviour(CLIENT_ID, Behaviour(rotation=Rotation.NEVER))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, times=2))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_429, times=1))
    statuses = [(await agent.refresh(refresh_token)).status_code for _ in range(4)]
    assert statuses == [503, 503, 429, 200]
    assert sandbox.count.faults == {"status_503": 2, "status_429": 1}
    assert sandbox.count.by_client[CLIENT_ID].faults == sandbox.count.faults


async def test_a_fault_without_a_number_lasts_until_it_is_cleared(
    agent: Agent, sandbox: Sandbox, refresh_token: str
) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_503))
    assert {(await agent.refresh(refresh_token)).status_code for _ in range(5)} == {503}
    sandbox.faults.clear("api")
    assert (await agent.refresh(refresh_token)).status_code == 503
    sandbox.faults.clear()
    assert (await agent.refresh(refresh_token)).status_code == 200


async def test_a_probability_strikes_about_that_often(agent: Agent, sandbox: Sandbox) -> None:
    token = str(sandbox.issue(CLIENT_ID, "anna")["access_token"])
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, where="api", probability=0.3))
    statuses = [(await agent.call(token)).status_code for _ in range(200)]
    assert 40 <= statuses.count(503) <= 80
    assert sandbox.count.faults == {"status_503": statuses.count(503)}


async def test_a_fault_may_be_meant_for_one_client(agent: Agent, sandbox: Sandbox, refresh_token: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, client_id="other"))
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, where="api", client_id="other"))
    assert (await agent.refresh(refresh_token)).status_code == 200
    spared, struck = (str(sandbox.issue(client_id, "anna")["access_token"]) for client_id in (CLIENT_ID, "other"))
    assert (await agent.call(spared)).status_code == 200
    assert (await agent.call(struck)).status_code == 503


async def test_a_write_whose_answer_was_dropped_was_made(agent: Agent, sandbox: Sandbox) -> None:
    token = str(sandbox.issue(CLIENT_ID, "anna")["access_token"])
    sandbox.faults.add(Fault(kind=FaultKind.DROP_RESPONSE, where="api", times=1))
    with pytest.raises(httpx2.RemoteProtocolError):
        await agent.http.post("/crm/rows", json={"row": ["x"]}, headers=bearer(token))
    assert sandbox.book("anna").rows == [["x"]]


async def test_a_fault_may_strike_the_revocation_only(agent: Agent, sandbox: Sandbox, refresh_token: str) -> None:
    sandbox.faults.add(Fault(kind=FaultKind.STATUS_503, where="revoke", times=1))
    assert (await agent.post("/revoke", token=refresh_token)).status_code == 503
    assert (sandbox.count.revocations, sandbox.count.grants_dead) == (0, 0)
    assert (await agent.post("/revoke", token=refresh_token)).status_code == 200
    assert (sandbox.count.revocations, sandbox.count.grants_dead) == (1, 1)
