"""What the outside world is made of: clock, network, dice, keychain; tests and the demo bring their own."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import httpx2

from evergrant.dial.guard import Resolve, system_resolve
from evergrant.model.clock import Clock, SystemClock, boot_id
from evergrant.model.failpoint import FailPoint, nothing
from evergrant.model.live import LiveSecrets
from evergrant.model.secret import Secret
from evergrant.oauth.endpoint import EXCHANGE_DEADLINE_S
from evergrant.store.mounts import Mount, mounts
from evergrant.vault.keys import FindKeychain
from evergrant.vault.sources.keychain import system_keychain


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that is not ours and that tests replace."""

    clock: Clock
    random: random.Random
    transport: httpx2.AsyncBaseTransport | None
    """None is the network."""
    keychain: FindKeychain
    failpoint: FailPoint
    exchange_deadline_s: float = EXCHANGE_DEADLINE_S
    boot_id: str | None = None
    """Names this start of the machine, where the clock may be set while it runs; None is a clock that never is."""
    ask_passphrase: Callable[[bool], Secret] | None = None
    """Asks the person at the terminal, twice for a new one; None where there is nobody."""
    live: LiveSecrets = field(default_factory=LiveSecrets)
    """Told of every secret that is used, so that the log can be cleared of them."""
    mounts: Callable[[], Sequence[Mount]] = mounts
    resolve: Resolve = system_resolve
    """Where the network looks names up."""


def real_world(live: LiveSecrets | None = None) -> Surroundings:
    """The machine's clock, its network, its keychain; `live` is what the log is cleared by."""
    told = LiveSecrets() if live is None else live
    world = Surroundings(SystemClock(), random.SystemRandom(), None, system_keychain, nothing)
    return replace(world, boot_id=boot_id(), live=told)
