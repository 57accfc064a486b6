"""Every reachable state of a setup, breadth first, each held against the promises."""

from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from tests.protocol.client import client_steps, finished
from tests.protocol.server_policies import Policy
from tests.protocol.state import Client, Promise, Setup, State, Step, first_state
from tests.protocol.world import world_steps

Parents = dict[State, State | None]


class Found(NamedTuple):
    """What an exploration saw."""

    states: int
    complete: bool
    """False where it ended at the limit or at a broken promise."""
    broken: Promise
    counterexample: tuple[str, ...]
    """The shortest way to the broken promise, one step a line."""
    losses: Counter[str]
    """Unavoidable losses by the step that made them: how many transitions."""
    reauths: int
    """Transitions that declared a lost grant dead."""


def explore(setup: Setup, limit: int = 10_000_000) -> Found:
    """Walk all states, or until the first broken promise, or until `limit` states are known."""
    first = first_state(setup)
    parents: Parents = {first: None}
    queue, losses, reauths = deque([first]), Counter[str](), 0
    while queue and len(parents) < limit:
        state = queue.popleft()
        for step in steps(setup, state):
            after = step.state
            if after.broken:
                trace = (*_way(setup, parents, state), _line(step))
                return Found(len(parents), False, after.broken, trace, losses, reauths)
            if after.lost and not state.lost:
                losses[_cause(step)] += 1
            reauths += state.row.active and not after.row.active
            if after not in parents:
                parents[after] = state
                queue.append(after)
    return Found(len(parents), not queue, "", (), +losses, reauths)


def steps(setup: Setup, state: State) -> Iterator[Step]:
    """All steps from `state`, with what each one loses or breaks."""
    moves = False
    for step in client_steps(setup, state):
        moves = True
        yield _judged(setup, state, step)
    for step in world_steps(setup, state):
        moves = moves or not step.fault
        yield _judged(setup, state, step)
    if not moves and not finished(setup, state):
        yield Step("nobody can move on", None, state._replace(broken="stuck"))


def _judged(setup: Setup, before: State, step: Step) -> Step:
    """A grant is lost where nobody holds a token that the server takes; only a lossy step may do that."""
    after = step.state
    lost = not _has_hope(setup, after)
    if lost == after.lost and not lost:
        return step
    broken = after.broken
    if lost and not before.lost and not _unavoidable(setup.policy, step):
        broken = broken or "avoidable loss"
    return step._replace(state=after._replace(lost=lost, broken=broken))


def _has_hope(setup: Setup, state: State) -> bool:
    server, row = state.server, state.row
    if server.takes(row.token) or (setup.rules.previous and server.takes(row.previous)):
        return True
    return any(server.takes(token) for token in row.candidates) or any(server.takes(c.answer) for c in state.clients)


def _unavoidable(policy: Policy, step: Step) -> bool:
    """A fault took the only copy of a successor, and no second use of ours ended the grant."""
    return step.lossy and policy not in (Policy.NEVER, Policy.UNTIL_USED) and not step.state.server.ended


def _cause(step: Step) -> str:
    return step.words.split(" with token ")[0]


def _way(setup: Setup, parents: Parents, state: State) -> list[str]:
    lines: list[str] = []
    while (before := parents[state]) is not None:
        lines.append(next(_line(step) for step in steps(setup, before) if step.state == state))
        state = before
    return lines[::-1]


def _line(step: Step) -> str:
    return f"{_name(step.client)}: {step.words}" if step.client else step.words


def _name(client: Client) -> str:
    again = ", again" if client.again and not client.previous else ""
    return f"attempt {client.fence} (token {client.token} of generation {client.generation}{again})"
