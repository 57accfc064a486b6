"""A circuit breaker for each connection: while its provider is in trouble, no grant is put at risk to find that out."""

import math
import random
from dataclasses import dataclass

from evergrant.model.clock import Clock
from evergrant.oauth.endpoint import Client

OPENS_AFTER = 3
"""Failures in a row, of any of the connection's accounts."""
PROBE_S = 30.0
LONGEST_PROBE_S = 20 * 60.0
EARLIEST_SHARE = 0.8
"""Probes of many connections drift apart over this much of the interval; none is later than it."""


@dataclass(slots=True)
class _Trouble:
    client: Client
    failures: int = 0
    interval_s: float = PROBE_S
    probe_at: float = math.inf
    open: bool = False


class Breakers:
    """Which connections may be used; remembers only those in trouble.

    Opens after three failures in a row that say nothing about a grant: no answer, 5xx, an answer that is none. While
    it is open a probe, which spends no token, is due every 30 s. The probe's answer closes it on trial: an exchange
    that fails on trial opens it again and doubles the interval, since that provider answers probes and nothing else.
    """

    def __init__(self, clock: Clock, random: random.Random) -> None:
        self._clock = clock
        self._random = random
        self._troubles: dict[str, _Trouble] = {}

    def __len__(self) -> int:
        """How many connections are in trouble."""
        return len(self._troubles)

    def failed(self, client: Client) -> None:
        """An exchange through this connection failed and said nothing about the grant; `client` serves for probes."""
        trouble = self._troubles.setdefault(client.connection.id, _Trouble(client))
        trouble.client = client
        trouble.failures += 1
        if trouble.failures >= OPENS_AFTER and not trouble.open:
            trouble.open = True
            self._set_probe(trouble)

    def succeeded(self, connection_id: str) -> None:
        """An exchange through this connection was answered: a success, or a word about the grant or the client."""
        self._troubles.pop(connection_id, None)

    def answered(self, connection_id: str) -> None:
        """A probe was answered: exchanges are let through again, on trial."""
        trouble = self._troubles.get(connection_id)
        if trouble is not None and trouble.open:
            trouble.open, trouble.failures, trouble.probe_at = False, OPENS_AFTER - 1, math.inf
            trouble.interval_s = min(2 * trouble.interval_s, LONGEST_PROBE_S)

    def admits(self, connection_id: str) -> bool:
        """Whether an exchange may be sent through this connection now.

        In a process that sends no probes (a command, not a server) one exchange is let through in the place of every
        second probe.
        """
        trouble = self._troubles.get(connection_id)
        return trouble is None or not trouble.open or self._clock.monotonic() >= trouble.probe_at + trouble.interval_s

    def begun(self, connection_id: str) -> None:
        """An exchange is sent through this connection: while it is open, that one stands for the probe."""
        trouble = self._troubles.get(connection_id)
        if trouble is not None and trouble.open:
            self._set_probe(trouble)

    def wait_s(self, connection_id: str) -> float:
        """Seconds until the connection's next probe is due; 0 where exchanges are admitted or the probe is due."""
        trouble = self._troubles.get(connection_id)
        return self._until_probe(trouble) if trouble is not None and trouble.open else 0.0

    def next_probe_s(self) -> float | None:
        """Seconds until the next probe of any connection is due; None where none is open."""
        return min((self._until_probe(each) for each in self._troubles.values() if each.open), default=None)

    def probe_due(self) -> list[Client]:
        """The clients to probe now; each is due again after its interval, whatever comes of this probe."""
        due = [each for each in self._troubles.values() if each.open and not self._until_probe(each)]
        for each in due:
            self._set_probe(each)
        return [each.client for each in due]

    def _until_probe(self, trouble: _Trouble) -> float:
        return max(trouble.probe_at - self._clock.monotonic(), 0.0)

    def _set_probe(self, trouble: _Trouble) -> None:
        wait = trouble.interval_s * self._random.uniform(EARLIEST_SHARE, 1)
        trouble.probe_at = self._clock.monotonic() + wait
