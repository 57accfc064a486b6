"""How many exchanges a second: a token bucket for each key, a token host or a connection."""

from evergrant.model.clock import Clock

HOST_RATE_PER_S, HOST_BURST = 10.0, 20
"""A thousand accounts that fall due together are through in less than two minutes, at no more than the ten requests a
second that an ordinary API client is allowed."""
CONNECTION_RATE_PER_S, CONNECTION_BURST = 5.0, 10
"""Half of a host's, so that no tenant's accounts keep another's from a host that both use; a thousand accounts of one
connection take 200 s. It carries 6,700 accounts of 30-minute tokens (each is renewed every 22 minutes)."""
NO_WAIT_S = 1e-6
"""Less than a timer can tell; times are stored in microseconds."""


class Pace:
    """A token bucket for each key, by elapsed time.

    Stored as the time at which the bucket will be full again (the virtual scheduling form of ITU-T I.371), so that a
    bucket costs one number and a full one nothing.
    """

    def __init__(self, clock: Clock, rate_per_s: float, burst: int) -> None:
        self._clock = clock
        self._interval_s = 1 / rate_per_s
        self._room_s = (burst - 1) / rate_per_s
        self._full_at: dict[str, float] = {}

    def __len__(self) -> int:
        """How many buckets are remembered."""
        return len(self._full_at)

    def wait_s(self, key: str) -> float:
        """Seconds until the bucket gives something; 0 is now. Takes nothing."""
        now = self._clock.monotonic()
        wait = self._full_at.get(key, now) - self._room_s - now
        return wait if wait > NO_WAIT_S else 0.0

    def take(self, key: str) -> float:
        """Take one from the bucket; returns 0, or the seconds to wait where it is empty and nothing was taken."""
        if wait := self.wait_s(key):
            return wait
        now = self._clock.monotonic()
        # To the end of the table: the first is always the one that was left alone for longest.
        full_at = max(self._full_at.pop(key, now), now) + self._interval_s
        self._full_at[key] = full_at
        self._forget_full(now)
        return 0.0

    def _forget_full(self, now: float) -> None:
        while self._full_at:
            oldest = next(iter(self._full_at))
            if self._full_at[oldest] > now:
                return
            del self._full_at[oldest]


def host_pace(clock: Clock) -> Pace:
    """The pace at a token host."""
    return Pace(clock, HOST_RATE_PER_S, HOST_BURST)


def connection_pace(clock: Clock) -> Pace:
    """The pace of a connection."""
    return Pace(clock, CONNECTION_RATE_PER_S, CONNECTION_BURST)
