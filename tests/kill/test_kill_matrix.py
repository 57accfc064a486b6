"""kill -9 at every step of a refresh, under every rotation policy: what comes of it equals this table."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.fakes.forks import forks
from tests.fakes.practice import practice
from tests.fakes.victims import kill_at

from evergrant.model.outcome import ReauthRequired, Result
from evergrant.sandbox.behaviour import Behaviour, Rotation
from evergrant.settings import LOCAL_TENANT

pytestmark = pytest.mark.anyio

BEFORE_SEND = ("renewal_begun", "locked", "intent_uncommitted", "intent_written", "before_send")
SENT = ("sent", "answer_begun", "answered", "before_commit", "success_uncommitted")
COMMITTED = ("committed", "returned")
POINTS = (*BEFORE_SEND, *SENT, *COMMITTED)

GRACE_S = 600
TABLE: Mapping[Rotation, Mapping[str, object]] = {
    Rotation.NEVER: {"rotation": "never"},
    Rotation.UNTIL_USED: {"rotation": "always", "grace_s": GRACE_S},
    Rotation.GRACE_SAME: {"rotation": "always", "grace_s": GRACE_S, "grace_result": "same"},
    Rotation.GRACE_NEW: {"rotation": "always", "grace_s": GRACE_S, "grace_result": "new"},
    Rotation.STRICT: {"rotation": "always"},
    Rotation.STRICT_FAMILY: {"rotation": "always", "reuse_revokes_family": True},
}
"""What the connector's table says of a provider that behaves so."""
STRICT = (Rotation.STRICT, Rotation.STRICT_FAMILY)


def is_lost(rotation: Rotation, point: str) -> bool:
    """What no client can keep: strict rotation, killed between the request and the commit."""
    return rotation in STRICT and point in SENT


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("rotation", list(Rotation))
async def test_a_kill_comes_to_what_the_table_says(tmp_path: Path, rotation: Rotation, point: str) -> None:
    behaviour = Behaviour(access_token_ttl=1800, rotation=rotation, grace_s=GRACE_S)
    async with practice(tmp_path, behaviour, grant=TABLE[rotation]) as world:
        account = await world.connect()
        world.clock.advance(1801)
        assert kill_at(forks(), world.app.settings, account.id, world.clock.now(), point) == -9
        world.clock.advance(2)

        outcomes = [await world.search(account) for _ in range(3)]

        events = Counter((event.type, event.data.get("cause")) for event in world.app.outbox.after(LOCAL_TENANT, 0, 10))
        count = world.sandbox.count
        if is_lost(rotation, point):
            assert {type(outcome) for outcome in outcomes} == {ReauthRequired}
            assert events == {("agent.auth.reauth_required", "rotation_lost"): 1}
        else:
            assert {type(outcome) for outcome in outcomes} == {Result}
            assert events == {}
            assert (count.grants_dead, count.spent_presented, count.api_expired_token) == (0, 0, 0)


def test_the_table_has_at_least_twelve_points_under_six_policies() -> None:
    assert len(POINTS) >= 12
    assert set(TABLE) == set(Rotation)
    assert len(TABLE) == 6
