import pytest
from tests.fakes.clock import ManualClock
from tests.sandbox.agent import CLIENT_ID, Agent, error_in

from evergrant.sandbox.app import Sandbox
from evergrant.sandbox.behaviour import Behaviour, Rotation

pytestmark = pytest.mark.anyio

INVALID_GRANT = (400, "invalid_grant")


def first_pair(sandbox: Sandbox, behaviour: Behaviour) -> tuple[str, str]:
    """Access token and refresh token of a new grant under this behaviour."""
    sandbox.set_behaviour(CLIENT_ID, behaviour)
    answer = sandbox.issue(CLIENT_ID, "anna")
    return str(answer["access_token"]), str(answer["refresh_token"])


async def test_never_keeps_the_same_token_for_good(agent: Agent, sandbox: Sandbox) -> None:
    _, token = first_pair(sandbox, Behaviour(rotation=Rotation.NEVER))
    assert [await agent.refreshed(token) for _ in range(3)] == [token] * 3
    assert (sandbox.count.refreshes, sandbox.count.spent_resent, sandbox.count.spent_presented) == (3, 0, 0)


async def test_until_used_serves_the_old_token_until_its_successor_is_presented(
    agent: Agent, sandbox: Sandbox, clock: ManualClock
) -> None:
    _, old = first_pair(sandbox, Behaviour(rotation=Rotation.UNTIL_USED))
    await agent.refreshed(old)
    clock.advance(86_400)
    successor = await agent.refreshed(old)
    await agent.refreshed(successor)
    assert error_in(await agent.refresh(old)) == INVALID_GRANT
    assert (sandbox.count.spent_resent, sandbox.count.spent_presented) == (1, 1)


async def test_grace_same_repeats_the_successor_within_the_grace(
    agent: Agent, sandbox: Sandbox, clock: ManualClock
) -> None:
    _, old = first_pair(sandbox, Behaviour(rotation=Rotation.GRACE_SAME, grace_s=30))
    successor = await agent.refreshed(old)
    clock.advance(29)
    assert await agent.refreshed(old) == successor
    clock.advance(1)
    assert error_in(await agent.refresh(old)) == INVALID_GRANT
    assert (await agent.refresh(successor)).status_code == 200
    assert sandbox.count.grants_dead == 0


async def test_grace_new_hands_out_another_successor_and_both_are_good(agent: Agent, sandbox: Sandbox) -> None:
    _, old = first_pair(sandbox, Behaviour(rotation=Rotation.GRACE_NEW))
    first, second = await agent.refreshed(old), await agent.refreshed(old)
    assert first != second
    assert (await agent.refresh(first)).status_code == 200
    assert (await agent.refresh(second)).status_code == 200


@pytest.mark.parametrize("rotation", [Rotation.GRACE_SAME, Rotation.GRACE_NEW])
async def test_grace_covers_only_the_token_just_before(agent: Agent, sandbox: Sandbox, rotation: Rotation) -> None:
    _, old = first_pair(sandbox, Behaviour(rotation=rotation))
    await agent.refreshed(await agent.refreshed(old))
    assert error_in(await agent.refresh(old)) == INVALID_GRANT


async def test_strict_refuses_a_spent_token_and_nothing_else_happens(agent: Agent, sandbox: Sandbox) -> None:
    access, old = first_pair(sandbox, Behaviour(rotation=Rotation.STRICT))
    successor = await agent.refreshed(old)
    assert error_in(await agent.refresh(old)) == INVALID_GRANT
    assert (await agent.call(access)).status_code == 200
    assert (await agent.refresh(successor)).status_code == 200
    assert (sandbox.count.spent_presented, sandbox.count.refresh_invalid_grant, sandbox.count.grants_dead) == (1, 1, 0)


async def test_strict_family_ends_the_whole_grant(agent: Agent, sandbox: Sandbox) -> None:
    access, old = first_pair(sandbox, Behaviour(rotation=Rotation.STRICT_FAMILY))
    successor = await agent.refreshed(old)
    assert error_in(await agent.refresh(old)) == INVALID_GRANT
    assert (await agent.call(access)).status_code == 401
    assert error_in(await agent.refresh(successor)) == INVALID_GRANT
    assert (sandbox.count.spent_presented, sandbox.count.refresh_invalid_grant, sandbox.count.grants_dead) == (1, 2, 1)


async def test_a_refresh_may_end_the_access_token_before_it(agent: Agent, sandbox: Sandbox) -> None:
    access, token = first_pair(sandbox, Behaviour(refresh_revokes_access_token=True))
    renewed = (await agent.refresh(token)).json()["access_token"]
    assert (await agent.call(access)).status_code == 401
    assert (await agent.call(renewed)).status_code == 200


async def test_an_answer_without_refresh_token_leaves_the_presented_one_good(agent: Agent, sandbox: Sandbox) -> None:
    _, token = first_pair(sandbox, Behaviour(omit_refresh_token=True))
    for _ in range(2):
        assert "refresh_token" not in (await agent.refresh(token)).json()


async def test_an_idle_refresh_token_dies_and_use_keeps_it_alive(
    agent: Agent, sandbox: Sandbox, clock: ManualClock
) -> None:
    _, token = first_pair(sandbox, Behaviour(refresh_token_idle_s=100))
    clock.advance(99)
    token = await agent.refreshed(token)
    clock.advance(99)
    token = await agent.refreshed(token)
    clock.advance(100)
    assert error_in(await agent.refresh(token)) == INVALID_GRANT
    assert sandbox.count.grants_dead == 1


async def test_the_absolute_life_ends_whatever_the_use(agent: Agent, sandbox: Sandbox, clock: ManualClock) -> None:
    _, token = first_pair(sandbox, Behaviour(refresh_token_absolute_s=100))
    clock.advance(99)
    token = await agent.refreshed(token)
    clock.advance(1)
    assert error_in(await agent.refresh(token)) == INVALID_GRANT


async def test_a_token_is_good_only_for_its_own_client(agent: Agent, sandbox: Sandbox) -> None:
    token = str(sandbox.issue("other", "anna")["refresh_token"])
    assert error_in(await agent.refresh(token)) == INVALID_GRANT
    assert sandbox.count.by_client[CLIENT_ID].refresh_invalid_grant == 1
    assert sandbox.count.by_client["other"].refresh_invalid_grant == 0


async def test_services_of_one_sandbox_behave_differently(sandbox: Sandbox) -> None:
    sandbox.set_behaviour("other", Behaviour(access_token_ttl=5))
    assert sandbox.issue("other", "anna")["expires_in"] == 5
    assert sandbox.issue(CLIENT_ID, "anna")["expires_in"] == 3600
