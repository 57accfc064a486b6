"""One state of the model: the server, the stored row, the client processes, what is under way, what may still fail."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from tests.protocol.server_policies import CONSENTED, NO_TOKEN, Policy, Server

Lock = Literal["kernel", "lease"]
"""`kernel`: released when its holder dies, kept while it is paused. `lease`: a row that runs out in both cases."""
Place = Literal["idle", "intent_written", "before_send", "sent", "answered", "committed"]
"""The last fail point of the engine that a process has passed; `sent` is between `before_send` and `answered`."""
Promise = Literal["", "avoidable loss", "false reauth", "second event", "spent twice", "stuck"]
"""Which promise a step has broken; empty where none."""

WaitFrom = Literal["lock", "last_intent", "first_intent"]
"""From when the wait before a re-send counts: from the moment the lock was had (whoever held it before can have sent
nothing since), from the latest attempt's intent, or from the first intent of the generation."""

NOTHING: Final = -2
"""In place of an answer: a timeout, a reset, a 5xx."""


class Faults(NamedTuple):
    """How often each fault may still happen."""

    crash: int = 0
    lost_request: int = 0
    lost_response: int = 0
    pause: int = 0
    """Longer than any lease and than any wait."""
    grace_end: int = 0
    consent: int = 0
    """No fault, but as unforeseen: a person consents anew, which ends the former grant at the provider."""


class Rules(NamedTuple):
    """The rules of the protocol; an ablation turns one off."""

    guard: bool = True
    """Immediately before the request: the lock is still mine and the generation has not moved."""
    guard_asks_again: bool = True
    """The guard also asks whether this moment is still one for a re-send: a grace may have ended since the intent."""
    wait: bool = True
    """A token that may be spent is sent again only when the earlier request can no longer be under way, and without a
    grace only at the last chance."""
    wait_from: WaitFrom = "lock"
    """From when that wait counts."""
    success_by_generation: bool = True
    """A success is stored whoever holds the lock; off: classic fencing."""
    floor: bool = True
    """No exchange of a generation while a request of an earlier one may be under way."""
    reread: bool = True
    """A terminal answer is weighed against the row as it is now."""
    candidates: bool = True
    """A success that comes after another one is kept."""
    candidate_first: bool = True
    """A kept success is tried before a re-send outside the grace."""
    previous: bool = True
    """Before the grant is declared dead, the token before is tried once within its grace."""
    grace_margin: bool = True
    """A re-send within the grace is sent so early that it arrives within the grace."""


class Setup(NamedTuple):
    """What is explored."""

    policy: Policy
    lock: Lock
    faults: Faults
    clients: int = 2
    generations: int = 2
    """Refreshes that the clients want after the last consent."""
    rules: Rules = Rules()
    guard_is_atomic: bool = True
    """No pause fits between the guard and the request."""
    pause_outlasts_token: bool = False
    """A paused process may still sleep when the access token is about to end."""


class Client(NamedTuple):
    """A process; `fence` names its attempt."""

    place: Place
    fence: int = 0
    generation: int = 0
    token: int = NO_TOKEN
    again: bool = False
    """A deliberate re-send: an earlier attempt's end is not known."""
    previous: bool = False
    """It tries the token before the stored one."""
    late: bool = False
    """It sends long after its intent was written."""
    answer: int = NOTHING


IDLE: Final = Client("idle")


class Row(NamedTuple):
    """What is stored."""

    generation: int
    token: int
    previous: int
    """The refresh token before this one, or NO_TOKEN."""
    active: bool
    """False from the reauth event on."""
    fence: int
    """The latest attempt."""
    lock: int
    """The attempt that holds the lock, 0 where it is free."""
    intent: bool
    """An attempt of this generation was begun whose end is not known."""
    candidates: tuple[int, ...]
    """Successes that came late, in the order of their arrival."""
    since: int
    """The generation that the last consent made."""


class Request(NamedTuple):
    """A request under way whose sender has died."""

    token: int
    again: bool
    late: bool


class State(NamedTuple):
    """Everything. Clients are sorted, since nothing tells two processes apart but what they are doing."""

    server: Server
    row: Row
    clients: tuple[Client, ...]
    orphans: tuple[Request, ...]
    left: Faults
    sent: int
    """Generations whose token was ever sent, as a bit mask."""
    lost: bool
    """No token that the server takes is stored, kept, or held by a living process."""
    broken: Promise


class Step(NamedTuple):
    """One step of one process, of the server or of the world."""

    words: str
    client: Client | None
    """Who made it, as it was before."""
    state: State
    lossy: bool = False
    """A fault between the server's commit and ours: the only kind of step that may lose a grant."""
    fault: bool = False


def first_state(setup: Setup) -> State:
    """A fresh consent, all processes idle."""
    row = Row(0, 0, NO_TOKEN, active=True, fence=0, lock=0, intent=False, candidates=(), since=0)
    return State(CONSENTED, row, (IDLE,) * setup.clients, (), setup.faults, sent=0, lost=False, broken="")


def with_client(state: State, old: Client, new: Client) -> tuple[Client, ...]:
    """The clients with `new` in the place of one `old`."""
    clients = list(state.clients)
    clients[clients.index(old)] = new
    clients.sort()
    return tuple(clients)


def under_way(state: State) -> Iterator[Request]:
    """Every request that the server has not yet received."""
    yield from state.orphans
    for client in state.clients:
        if client.place == "sent":
            yield Request(client.token, client.again, client.late)


def released(row: Row, client: Client) -> Row:
    """The row without `client`'s lock; another's lock stays."""
    return row._replace(lock=0) if row.lock == client.fence else row
