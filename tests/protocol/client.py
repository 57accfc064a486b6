"""The protocol: every step that a living process can take, in the order of the engine's fail points."""

from collections.abc import Iterator

from tests.protocol.server_policies import NO_TOKEN, REFUSED, ROTATING, WITH_GRACE, Policy
from tests.protocol.state import (
    IDLE,
    NOTHING,
    Client,
    Promise,
    Request,
    Row,
    Setup,
    State,
    Step,
    released,
    under_way,
    with_client,
)


def client_steps(setup: Setup, state: State) -> Iterator[Step]:
    """What each process can do next; equal processes are looked at once."""
    for client in dict.fromkeys(state.clients):
        if client.place == "idle":
            if may_begin(setup, state):
                yield _begin(setup, state, client)
        elif client.place == "intent_written":
            yield _guard(setup, state, client)
        elif client.place == "before_send":
            yield _send(state, client)
        elif client.place == "answered":
            yield _settle(setup, state, client)
        elif client.place == "committed":
            clients = with_client(state, client, IDLE)
            yield Step("releases its lock", client, state._replace(row=released(state.row, client), clients=clients))


def finished(setup: Setup, state: State) -> bool:
    """Whether no process wants anything any more."""
    return not state.row.active or state.row.generation >= state.row.since + setup.generations


def may_begin(setup: Setup, state: State) -> bool:
    """Whether a process that gets the lock would write an intent."""
    row = state.row
    if row.lock or finished(setup, state):
        return False
    if setup.rules.floor and any(request.token not in (row.token, row.previous) for request in under_way(state)):
        return False
    if setup.rules.floor and not row.intent and any(request.token != row.token for request in under_way(state)):
        return False
    if not row.intent or not setup.rules.wait or setup.policy not in ROTATING:
        return True
    return _has_settled(setup, state) and _may_resend(setup, state, row.token)


def _may_resend(setup: Setup, state: State, token: int) -> bool:
    return _in_time(setup, state, token) or _is_last_chance(setup, state)


def _has_settled(setup: Setup, state: State) -> bool:
    """Whether no request of this generation can be under way."""
    mine = (state.row.token, state.row.previous)
    return not any(request.token in mine and _is_waited_for(setup, request) for request in under_way(state))


def _is_waited_for(setup: Setup, request: Request) -> bool:
    if setup.rules.wait_from == "lock":
        return True
    return not request.late and (setup.rules.wait_from == "last_intent" or not request.again)


def _in_time(setup: Setup, state: State, token: int) -> bool:
    """Whether a client's clock says that `token` may be sent a second time.

    Clients count the grace from their intent, thus never too long; the model ends both counts in one step.
    """
    return setup.policy in WITH_GRACE | {Policy.UNTIL_USED} and state.server.takes(token)


def _prefers_candidate(setup: Setup, state: State, token: int) -> bool:
    """Whether to promote a late success: a re-send of `token` would be a second use, and may end the grant."""
    return setup.rules.candidate_first and bool(state.row.candidates) and not _in_time(setup, state, token)


def _is_last_chance(setup: Setup, state: State) -> bool:
    """Whether the access token is about to end. Every pause is over by then, unless the setup says otherwise."""
    if setup.pause_outlasts_token:
        return True
    return not any(client.place == "answered" for client in state.clients)


def _begin(setup: Setup, state: State, client: Client) -> Step:
    """Lock and first transaction are one step: nobody can see the state between them."""
    row = state.row
    if row.intent and _prefers_candidate(setup, state, row.token):
        return Step("promotes the late success", None, state._replace(row=_promoted(row)))
    begun = Client("intent_written", row.fence + 1, row.generation, row.token, again=row.intent)
    row = row._replace(fence=begun.fence, lock=begun.fence, intent=True)
    return Step("takes the lock and writes its intent", begun, _moved(state, row, client, begun))


def _guard(setup: Setup, state: State, client: Client) -> Step:
    row = state.row
    if setup.rules.guard and not _passes(setup, state, client):
        return Step("is stopped by the guard", client, _moved(state, released(row, client), client, IDLE))
    if setup.guard_is_atomic:
        return _send(state, client)
    return Step("passes the guard", client, _moved(state, row, client, client._replace(place="before_send")))


def _passes(setup: Setup, state: State, client: Client) -> bool:
    if (state.row.lock, state.row.generation) != (client.fence, client.generation):
        return False
    resends = (client.again or client.previous) and setup.policy in ROTATING and setup.rules.wait
    if not resends or not setup.rules.guard_asks_again:
        return True
    return _may_resend(setup, state, client.token) and not _prefers_candidate(setup, state, client.token)


def _send(state: State, client: Client) -> Step:
    generation = 1 << client.generation
    twice = bool(state.sent & generation) and not client.again and not client.previous
    broken: Promise = "spent twice" if twice else ""
    after = _moved(state, state.row, client, client._replace(place="sent"))
    return Step("sends its request", client, after._replace(sent=state.sent | generation, broken=broken))


def _settle(setup: Setup, state: State, client: Client) -> Step:
    """The second transaction."""
    if client.answer == NOTHING:
        row = released(state.row, client)
        return Step("got no answer; the intent stays open", client, _moved(state, row, client, IDLE))
    if client.answer == REFUSED:
        return _weigh(setup, state, client)
    words, row = _store(setup, state.row, client)
    return Step(words, client, _moved(state, row, client, client._replace(place="committed", answer=NOTHING)))


def _store(setup: Setup, row: Row, client: Client) -> tuple[str, Row]:
    """A success commits by generation and is never discarded."""
    if not setup.rules.success_by_generation and row.fence != client.fence:
        return "DISCARDS its success, as another has the lock", row
    if row.generation == client.generation:
        return "commits its success", _renewed(row, client.answer, client.token)
    known = client.answer in (row.token, row.previous, *row.candidates)
    if known or client.generation < row.since or not setup.rules.candidates:
        return "has nothing new to store", row
    kept = row._replace(candidates=(*row.candidates, client.answer))
    return "keeps its late success", kept if row.active else _promoted(kept)


def _renewed(row: Row, token: int, spent: int) -> Row:
    previous = spent if spent != token else NO_TOKEN
    return row._replace(
        generation=row.generation + 1, token=token, previous=previous, active=True, intent=False, candidates=()
    )


def _promoted(row: Row) -> Row:
    """The newest late success in the place of a token that was refused."""
    *older, newest = row.candidates
    promoted = _renewed(row, newest, row.previous)
    return promoted._replace(candidates=tuple(older))


def _weigh(setup: Setup, state: State, client: Client) -> Step:
    """A failure commits by fence, after a look at what others have stored."""
    row = state.row
    if not setup.rules.reread:
        return _declare(state, client)
    if row.generation != client.generation or not row.active:
        return Step("was refused, but another has moved on", client, _moved(state, released(row, client), client, IDLE))
    if row.candidates:
        promoted = released(_promoted(row), client)
        return Step("was refused; promotes the late success", client, _moved(state, promoted, client, IDLE))
    if row.fence != client.fence:
        return Step("was refused, but is overtaken", client, _moved(state, row, client, IDLE))
    if setup.rules.previous and not client.previous and _in_time(setup, state, row.previous):
        trial = client._replace(place="intent_written", token=row.previous, previous=True, late=True, answer=NOTHING)
        return Step("was refused; tries the token before", client, _moved(state, row, client, trial))
    return _declare(state, client)


def _declare(state: State, client: Client) -> Step:
    broken: Promise = "" if state.lost else "false reauth"
    if not state.row.active:
        broken = "second event"
    row = released(state.row, client)._replace(active=False, intent=False)
    after = _moved(state, row, client, IDLE)._replace(broken=broken)
    return Step("declares the grant dead and writes the event", client, after)


def _moved(state: State, row: Row, old: Client, new: Client) -> State:
    return state._replace(row=row, clients=with_client(state, old, new))
