"""After the last fault: what a server that is left in peace makes of it."""

from typing import Final

from tests.stateful.ends import End
from tests.stateful.promises import PromiseBroken, Promises
from tests.stateful.world import World

ROUNDS: Final = 100
SHORTEST_S: Final = 30.0
"""A server ticks at least so often."""
LONGEST_S: Final = 1200.0


def settle(world: World, promises: Promises) -> End:
    """Tick until the grant is either renewed or declared dead; raises PromiseBroken where neither comes."""
    world.calm()
    world.member(0)
    since = world.seen.generation
    for _ in range(ROUNDS):
        for slot in list(world.running()):
            world.tick(slot, None)
        world.pass_time(_next_look_s(world))
        promises.check()
        seen = world.seen
        if seen.state != "active" or (seen.generation > since and seen.intent_at is None):
            return _last_call(world, promises)
    raise PromiseBroken("the grant is neither renewed nor declared dead")


def _next_look_s(world: World) -> float:
    due = world.seen.refresh_at
    wait = (due - world.clock.now()).total_seconds() if due else 0.0
    return min(max(wait, SHORTEST_S), LONGEST_S)


def _last_call(world: World, promises: Promises) -> End:
    world.pass_time(SHORTEST_S)
    before = promises.outcomes.copy()
    world.call(0, None)
    world.pass_time(SHORTEST_S)
    if world.waiting:
        raise PromiseBroken(f"{world.waiting} calls never end")
    end = promises.end()
    expected = {"result": 1} if end == "alive" else {"reauth_required": 1}
    if (came := promises.outcomes - before) != expected:
        raise PromiseBroken(f"the grant is {end}, and a call came to {dict(came)}")
    return end
