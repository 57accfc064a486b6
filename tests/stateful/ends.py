"""How a grant may end, as the protocol's model says: every state of it that is at rest, for the faults there were."""

from collections import deque
from functools import cache
from typing import Final, Literal

from tests.protocol.explore import steps
from tests.protocol.server_policies import Policy
from tests.protocol.state import Faults, Setup, State, first_state

End = Literal["alive", "lost"]
CLIENTS: Final = 2
GENERATIONS: Final = 2


def at_most_once(faults: Faults) -> Faults:
    """The bound of the exploration: a second fault of a kind makes no end possible that the first did not."""
    return Faults(*(min(each, 1) for each in faults))


@cache
def ends(policy: Policy, faults: Faults) -> frozenset[End]:
    """The ends that a kernel lock leaves possible, with nothing assumed about pauses."""
    setup = Setup(policy, "kernel", faults, CLIENTS, GENERATIONS, guard_is_atomic=False, pause_outlasts_token=True)
    first = first_state(setup)
    known, queue = {first}, deque([first])
    found: set[End] = set()
    while queue:
        state = queue.popleft()
        if _at_rest(state):
            found.add("lost" if state.lost else "alive")
        for step in steps(setup, state):
            if step.state not in known:
                known.add(step.state)
                queue.append(step.state)
    return frozenset(found)


def _at_rest(state: State) -> bool:
    return not state.orphans and all(client.place == "idle" for client in state.clients)
