"""Everything that happens without a process wanting it: the server's work, and the faults."""

from collections.abc import Iterator

from tests.protocol.server_policies import NO_TOKEN, REFUSED, consented_again, grace_ended, present
from tests.protocol.state import (
    IDLE,
    NOTHING,
    Client,
    Request,
    Row,
    Setup,
    State,
    Step,
    released,
    under_way,
    with_client,
)


def world_steps(setup: Setup, state: State) -> Iterator[Step]:
    """What the server and the world can do next."""
    for client in dict.fromkeys(state.clients):
        yield from _steps_around(setup, state, client)
    for request in dict.fromkeys(state.orphans):
        yield _orphan(setup, state, request)
    if setup.lock == "lease" and state.row.lock:
        yield from _lease_steps(state)
    if state.left.grace_end and state.server.in_grace != NO_TOKEN and _grace_may_end(setup, state):
        yield _grace_end(state)
    if state.left.consent:
        yield _consent(state)


def _steps_around(setup: Setup, state: State, client: Client) -> Iterator[Step]:
    if client.place == "sent":
        yield from _server_steps(setup, state, client)
    if client.place != "idle" and state.left.crash:
        yield _crash(setup, state, client)
    if setup.lock == "kernel" and state.left.pause and client.place in ("intent_written", "before_send"):
        yield _pause(state, client)


def _server_steps(setup: Setup, state: State, client: Client) -> Iterator[Step]:
    server, answer = present(setup.policy, state.server, client.token)
    said = "refuses" if answer == REFUSED else "carries out"
    answered = state._replace(server=server, clients=_answered(state, client, answer))
    yield Step(f"the server {said} its request", client, answered)
    nothing = _answered(state, client, NOTHING)
    if state.left.lost_response:
        left = state.left._replace(lost_response=state.left.lost_response - 1)
        lost = state._replace(server=server, clients=nothing, left=left)
        yield Step(f"the server {said} its request, THE ANSWER IS LOST", client, lost, lossy=True, fault=True)
    if state.left.lost_request:
        left = state.left._replace(lost_request=state.left.lost_request - 1)
        yield Step("THE REQUEST IS LOST", client, state._replace(clients=nothing, left=left), fault=True)


def _answered(state: State, client: Client, answer: int) -> tuple[Client, ...]:
    return with_client(state, client, client._replace(place="answered", answer=answer))


def _crash(setup: Setup, state: State, client: Client) -> Step:
    """The process dies and another takes its place; a kernel lock dies with it, a lease does not."""
    row = released(state.row, client) if setup.lock == "kernel" else state.row
    orphans = state.orphans
    if client.place == "sent":
        orphans = tuple(sorted((*orphans, Request(client.token, client.again, client.late))))
    left = state.left._replace(crash=state.left.crash - 1)
    after = state._replace(row=row, clients=with_client(state, client, IDLE), orphans=orphans, left=left)
    return Step(f"CRASHES at {client.place}", client, after, lossy=True, fault=True)


def _pause(state: State, client: Client) -> Step:
    """A kernel lock stays with a paused process; what changes is how old its intent is when it sends."""
    left = state.left._replace(pause=state.left.pause - 1)
    after = state._replace(clients=with_client(state, client, client._replace(late=True)), left=left)
    return Step("IS PAUSED and keeps its lock", client, after, fault=True)


def _orphan(setup: Setup, state: State, request: Request) -> Step:
    server, answer = present(setup.policy, state.server, request.token)
    said = "refuses" if answer == REFUSED else "carries out"
    orphans = list(state.orphans)
    orphans.remove(request)
    after = state._replace(server=server, orphans=tuple(orphans))
    return Step(f"the server {said} a dead process's request with token {request.token}", None, after, lossy=True)


def _lease_steps(state: State) -> Iterator[Step]:
    free = state._replace(row=state.row._replace(lock=0))
    holder = next((client for client in state.clients if client.fence == state.row.lock), None)
    if holder is None:
        yield Step("the lease of a dead process runs out", None, free)
    elif state.left.pause:
        left = state.left._replace(pause=state.left.pause - 1)
        yield Step("IS PAUSED; its lease runs out", holder, free._replace(left=left), fault=True)


def _grace_may_end(setup: Setup, state: State) -> bool:
    """With the margin, a request that was sent within the grace arrives within it."""
    if not setup.rules.grace_margin:
        return True
    return not any(request.token == state.server.in_grace for request in under_way(state))


def _grace_end(state: State) -> Step:
    left = state.left._replace(grace_end=state.left.grace_end - 1)
    after = state._replace(server=grace_ended(state.server), left=left)
    return Step("the grace ends", None, after, lossy=True, fault=True)


def _consent(state: State) -> Step:
    server, token = consented_again(state.server)
    left = state.left._replace(consent=state.left.consent - 1)
    return Step(
        "a person consents anew, which ends the former grant",
        None,
        state._replace(server=server, row=_consented(state.row, token), left=left),
        fault=True,
    )


def _consented(row: Row, token: int) -> Row:
    generation = row.generation + 1
    return row._replace(
        generation=generation,
        token=token,
        previous=NO_TOKEN,
        active=True,
        intent=False,
        candidates=(),
        since=generation,
    )
